"""Finding configs by name or path, and reading them strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.config_files import build, config_names, config_path, load, read_mapping
from auctionsim.errors import InvalidArgumentError, invalid_argument
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market
from auctionsim.strict_yaml import parse


@dataclass(frozen=True)
class Optimizer:
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True)
class Run:
    steps: int
    name: str = "run"
    optimizer: Optimizer = field(default_factory=Optimizer)
    seeds: tuple[int, ...] = ()
    shares: dict[str, float] = field(default_factory=dict)
    stages: tuple[Optimizer, ...] = ()
    limit: int | None = None
    mode: Literal["fast", "exact"] = "fast"
    out: Path | None = None
    shuffle: bool = True

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise invalid_argument("steps", "must be at least 1", self.steps, "Raise it.")


def test_the_three_markets_are_found_by_name() -> None:
    assert {"paper", "small", "tiny"} <= set(config_names("markets"))
    assert "name: tiny" in config_path("markets", "tiny").read_text(encoding="utf-8")


def test_every_shipped_config_is_a_yaml_mapping() -> None:
    for kind in ("markets",):
        for name in config_names(kind):
            assert read_mapping(config_path(kind, name)), name


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`market` must be one of .*mean 'small'"):
        config_path("markets", "smal")
    with pytest.raises(InvalidArgumentError, match=r"`kind`.*mean 'markets'"):
        config_names("market")


@pytest.mark.parametrize("name", ["", ".", "..", "../markets/tiny", "/etc/passwd", "tiny\0", "*"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="must be one of"):
        config_path("markets", name)


@pytest.mark.parametrize("name", [None, 3, b"tiny", ["tiny"], {}, np.zeros(2)])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="`market` must be a name, or a path"):
        config_path("markets", name)
    for load_named in (load_market, load_lineup):
        with pytest.raises(InvalidArgumentError, match="must be a name, or a path"):
            load_named(name)


@pytest.mark.parametrize("name", ["a" * 5000 + ".yaml", "\0.yaml", "\udc80.yaml"])
def test_a_path_that_the_system_refuses_is_no_file(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="must be an existing file"):
        config_path("markets", name)


def test_a_path_of_ones_own_is_read(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("steps: 3\nlimit: null\nseeds: [1, 2]\nout: somewhere\n")
    assert load(Run, "markets", str(mine)) == Run(3, seeds=(1, 2), out=Path("somewhere"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"must be an existing file.*name the built-in 'tiny'"
    ):
        config_path("markets", str(tmp_path / "tini.yaml"))


def test_lists_become_tuples_and_whole_numbers_numbers() -> None:
    run = build(
        Run,
        {
            "steps": 2,
            "optimizer": {"learning_rate": 1, "betas": [0, 1]},
            "shares": {"a": 1},
            "stages": [{"learning_rate": 2}, {}],
        },
    )
    assert run.optimizer == Optimizer(1.0, (0.0, 1.0))
    assert isinstance(run.optimizer.learning_rate, float)
    assert isinstance(run.shares["a"], float)
    assert run.stages == (Optimizer(2.0), Optimizer())


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "`steps` must be given"),
    ({"step": 1}, r"`step` is not a known key; found 'step'. Did you mean `steps`\?"),
    ({"zzz": 1}, "Known here: steps, name"),
    ({"steps": 0}, "`steps` must be at least 1; found 0"),
    ({"steps": 1.0}, "`steps` must be a whole number; found 1.0"),
    ({"steps": "3"}, r"`steps` must be a whole number; found '3'. Write 3 without quotes"),
    ({"steps": True}, "`steps` must be a whole number; found True. Write a number; YAML reads yes"),
    ({"steps": None}, "`steps` must be a whole number; found None"),
    ({"steps": [1]}, r"`steps` must be a whole number; found \[1\]"),
    ({"steps": {"a": 1}}, "`steps` must be a whole number"),
    ({"steps": 1, "optimizer": {"lr": 1}}, "`optimizer.lr` is not a key of `optimizer`"),
    (
        {"steps": 1, "optimizer": 3},
        r"`optimizer` must be `key: value` lines \(learning_rate, betas",
    ),
    (
        {"steps": 1, "optimizer": {"learning_rate": "3e-4"}},
        r"`optimizer.learning_rate`.*Write 3e-4",
    ),
    ({"steps": 1, "optimizer": {"learning_rate": "fast"}}, "must be a number; found 'fast'"),
    ({"steps": 1, "optimizer": {"learning_rate": 10**400}}, "beyond 1e308"),
    ({"steps": 1, "optimizer": {"betas": [1]}}, r"`optimizer.betas` must be a list of 2"),
    ({"steps": 1, "seeds": "12"}, "`seeds` must be a list, each item a whole number; found '12'"),
    ({"steps": 1, "seeds": {"a": 1}}, "`seeds` must be a list, each item a whole number; found {"),
    ({"steps": 1, "seeds": None}, "`seeds` must be a list, each item a whole number; found None"),
    ({"steps": 1, "seeds": 7}, "`seeds` must be a list, each item a whole number; found 7"),
    ({"steps": 1, "seeds": [1, "x"]}, "`seeds` must be a list, each item a whole number"),
    ({"steps": 1, "seeds": [True]}, r"`seeds\[0\]` must be a whole number"),
    ({"steps": 1, "stages": [{"rate": 1}]}, r"`stages\[0\].rate` is not a key of `stages\[0\]`"),
    ({"steps": 1, "shares": {1: 1.0}}, "`shares` must be `key: value` lines"),
    ({"steps": 1, "mode": "quick"}, "`mode` must be one of fast, exact; found 'quick'"),
    ({"steps": 1, "limit": "9"}, "`limit` must be a whole number or null"),
    ({"steps": 1, "out": 3}, "`out` must be a path or null; found 3"),
    ({"steps": 1, "shuffle": "yes"}, "`shuffle` must be true or false"),
    ({"steps": 1, "name": 3}, "`name` must be text; found 3"),
]


@pytest.mark.parametrize(("mapping", "message"), REFUSED)
def test_slips_are_named_in_one_line(mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        build(Run, mapping)
    assert "\n" not in str(caught.value)


FILES: list[tuple[bytes, str]] = [
    (b"- 1\n", "must hold `key: value` lines; found 'list'"),
    (b"steps", "must hold `key: value` lines; found 'str'"),
    (b"steps: 1\nsteps: 2\n", r"the key 'steps' is given twice \(line 2, column 1\)"),
    (b"steps: [1\n", r"must be YAML; found .*\(line 2"),
    (b"\tsteps: 1\n", "must be YAML"),
    (b"steps: \xff\n", "must be UTF-8 text"),
    (b"steps: !!python/object/apply:os.system ['true']\n", "must be YAML"),
    (b"steps: 2026-99-99\n", "must be YAML"),
    (b"a: " + b"[" * 20000, "must be YAML"),
    (b"steps: &a [*a]\n", "must not hold itself|must be a whole number"),
    (b"steps: 1\x00\n", "must be YAML"),
    (b"step: 1\n", r"mine\.yaml: `step` is not a known key"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_broken_files_are_named_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(content)
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        load(Run, "markets", str(mine))
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_something_else_than_a_mapping_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`Run` must be .*; found 'list'"):
        build(Run, [1])


@dataclass(frozen=True)
class Told:
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Nothing:
    """Has nothing to be told."""


def test_mappings_and_what_takes_nothing_are_described_in_plain_words() -> None:
    with pytest.raises(InvalidArgumentError, match="`key: value` lines, each value anything"):
        build(Told, {"told": 3})
    with pytest.raises(InvalidArgumentError, match="There is nothing to set here"):
        build(Nothing, {"a": 1})


def test_a_kind_of_config_is_called_by_its_name() -> None:
    with pytest.raises(InvalidArgumentError, match="`study`"):
        config_path("studies", "nope")


def test_what_a_file_lacks_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("steps: 3\n")
    assert load(Run, "training", path, {"name": "asked"}).name == "asked"
    path.write_text("steps: 3\nname: told\n")
    assert load(Run, "training", path, {"name": "asked"}).name == "told"


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("# nothing yet\n")
    assert load(Optimizer, "markets", str(mine)) == Optimizer()


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "betas", "learning_rate", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
keys = st.sampled_from(["steps", "name", "optimizer", "seeds", "shares", "stages", "limit", "out"])


@given(st.dictionaries(keys, json_like, max_size=4))
def test_any_mapping_is_built_or_refused_in_one_line(mapping: dict[str, Any]) -> None:
    try:
        outcome = repr(build(Run, mapping))
    except InvalidArgumentError as error:
        outcome = str(error)
    assert "\n" not in outcome


def test_a_path_may_be_a_path(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("name: own\nsteps: 3\n")
    assert load_market(file).steps == 3
    with pytest.raises(InvalidArgumentError, match="`market` must be an existing file"):
        load_market(tmp_path / "other.yaml")


@pytest.mark.parametrize(
    ("text", "number"),
    [("3e-4", 3e-4), ("1e6", 1e6), ("1.0e6", 1e6), ("-.5E+3", -500.0), ("2.e3", 2000.0)],
)
def test_numbers_are_numbers_however_their_exponent_is_written(text: str, number: float) -> None:
    found = parse(f"a: {text}", "text")
    assert found == {"a": number}
    assert isinstance(found["a"], float)


@pytest.mark.parametrize("text", ["e4", "3e", "3e-", "1e5x", "0x1e5", "'3e-4'", "--1e5"])
def test_other_text_stays_text(text: str) -> None:
    assert not isinstance(parse(f"a: {text}", "text")["a"], float)

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.pid import PidPacing
from auctionsim import registry
from auctionsim.bidding import Bidder
from auctionsim.errors import InvalidArgumentError
from auctionsim.registry import check_is_bidder, make, names, register
from tests.auctionsim.worlds import Half, HalfOfMany, Remembering


@pytest.fixture(autouse=True)
def _forget_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "").startswith(str(tmp_path)):
            del sys.modules[name]


def offer(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    """Let these (name, value) pairs be all that installed packages offer."""
    offered = EntryPoints(EntryPoint(n, v, registry.ENTRY_POINT_GROUP) for n, v in points)

    monkeypatch.setattr(registry, "_offered", lambda: offered)


def test_the_bidders_that_come_with_the_project_are_offered() -> None:
    assert {"fixed", "limit_aware", "pid"} <= set(names())
    assert list(names()) == sorted(names())
    assert isinstance(make("pid", start=1.0), PidPacing)


def test_a_registered_bidder_is_made_with_its_parameters() -> None:
    register("mine", Remembering)
    made = make("mine", gain=0.7)
    assert isinstance(made, Remembering)
    assert made.gain == 0.7
    assert "mine" in names()


def test_a_function_may_build_the_bidder() -> None:
    register("built", lambda: Half())
    assert isinstance(make("built"), Half)


@pytest.mark.parametrize("name", ["", "-", "a b", "a:b", "a.b", "a/b"])
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="`name` must consist of letters"):
        register(name, Half)


def test_taken_names_are_refused() -> None:
    register("mine", Half)
    with pytest.raises(InvalidArgumentError, match="must not be taken; found 'mine'"):
        register("mine", HalfOfMany)
    with pytest.raises(InvalidArgumentError, match="must not be taken; found 'pid'"):
        register("pid", Half)
    assert isinstance(make("mine"), Half)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="`factory` must be a class or a function"):
        register("mine", Half())


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(InvalidArgumentError, match=r"found 'limitaware'\. Did you mean 'limit_a"):
        make("limitaware")


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'pid'.*kd, ki, kp, .*'strat'.*'start'\?"):
        make("pid", strat=1.0)
    with pytest.raises(InvalidArgumentError, match="must be none; found 'x'"):
        make("tests.auctionsim.worlds:Half", x=1)


def test_a_missing_parameter_is_named() -> None:
    def build(*, gain: float) -> Bidder:
        return Remembering(gain)

    register("needy", build)
    with pytest.raises(InvalidArgumentError, match=r"'needy'; found missing .*'gain'"):
        make("needy")


def test_a_wrong_parameter_is_the_bidders_own_complaint() -> None:
    with pytest.raises(InvalidArgumentError, match="`start` must be a number > 0"):
        make("pid", start=-1.0)


def test_an_error_while_building_names_the_bidder_and_keeps_its_cause() -> None:
    def build() -> Bidder:
        raise KeyError("weights")

    register("broken", build)
    with pytest.raises(InvalidArgumentError, match=r"broken .KeyError: 'weights'") as caught:
        make("broken")
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("name", ["builtins:dict", "math:pi"])
def test_what_builds_no_bidder_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="`bidder` must be"):
        make(name)


def test_a_class_can_be_named_by_its_module(folder: Path) -> None:
    (folder / "own_bidders.py").write_text(
        "from agents import Bidder\n"
        "class Mine(Bidder):\n"
        "    def __init__(self, k=1.0): self.k = k\n"
        "    def act(self, observation): return self.k\n"
    )
    assert make("own_bidders:Mine", k=2.0).k == 2.0  # type: ignore[union-attr]
    with pytest.raises(InvalidArgumentError, match=r"must be one of Mine; found 'Mnie'\. Did you"):
        make("own_bidders:Mnie")


def test_abstract_classes_are_not_proposed_and_cannot_be_built() -> None:
    with pytest.raises(InvalidArgumentError, match=r"must be a class of .*agents/__init__\.py"):
        make("agents:Bider")
    with pytest.raises(InvalidArgumentError, match="Can't instantiate abstract class"):
        make("agents:Bidder")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import not_there\n", "No module named 'not_there', faulty.py line 1"),
        ("def f(:\n", "SyntaxError"),
        ("x = 1\n\n1 / 0\n", "ZeroDivisionError: division by zero, faulty.py line 3"),
    ],
)
def test_a_faulty_module_is_one_clear_error(folder: Path, source: str, message: str) -> None:
    (folder / "faulty.py").write_text(source)
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        make("faulty:Mine")
    assert caught.value.__cause__ is not None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", [":Mine", "a/b:Mine", "own.py:Mine", ".own:Mine", "own..x:Mine"])
def test_what_is_no_module_name_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="Write the module's name as in an import"):
        make(path)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="No module named 'nowhere_to_be_found'"):
        make("nowhere_to_be_found:Mine")


def test_installed_packages_offer_bidders(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("halver", "tests.auctionsim.worlds:Half"))
    assert names() == ("halver",)
    assert isinstance(make("halver"), Half)
    with pytest.raises(InvalidArgumentError, match="must not be taken"):
        register("halver", Half)


def test_the_same_offer_found_twice_is_one_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "tests.auctionsim.worlds:Half"
    offer(monkeypatch, ("halver", value), ("halver", value))
    assert isinstance(make("halver"), Half)


def test_two_packages_must_not_offer_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "tests.auctionsim.worlds"
    offer(monkeypatch, ("halver", f"{module}:Half"), ("halver", f"{module}:HalfOfMany"))
    with pytest.raises(InvalidArgumentError, match="'halver' is offered by several packages"):
        make("halver")


def test_an_offer_that_cannot_be_loaded_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("lost", "nowhere_to_be_found:Mine"))
    with pytest.raises(InvalidArgumentError, match="must be loaded from nowhere_to_be_found:Mine"):
        make("lost")


def test_a_class_in_the_place_of_a_bidder_is_told_apart() -> None:
    assert isinstance(check_is_bidder(bidder := Half()), Half)
    assert check_is_bidder(bidder) is bidder
    with pytest.raises(InvalidArgumentError, match=r"the class Half'\. Pass an instance: Half"):
        check_is_bidder(Half)
    with pytest.raises(InvalidArgumentError, match=r"found 'int'\. Derive the class"):
        check_is_bidder(3)


def test_our_own_bidders_stay_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    group = registry.ENTRY_POINT_GROUP
    ours, theirs = (SimpleNamespace(name=name) for name in ("auctionsim", "other"))
    offered = EntryPoints(
        [
            EntryPoint("pid", "agents.pid:PidPacing", group)._for(ours),  # type: ignore[attr-defined]
            EntryPoint("pid", "agents.fixed:FixedMultiplier", group)._for(theirs),  # type: ignore[attr-defined]
        ]
    )
    monkeypatch.setattr(registry, "_offered", lambda: offered)
    with pytest.warns(UserWarning, match="bidder 'pid' is ours; another package offers one"):
        assert type(registry.make("pid")).__name__ == "PidPacing"


def test_an_unknown_bidder_may_be_one_of_your_own() -> None:
    with pytest.raises(InvalidArgumentError, match="One of your own is named as `module:Class`"):
        registry.make("mine")


def test_a_module_that_ends_the_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quitting.py").write_text("import sys; sys.exit(4)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidArgumentError, match=r"found 'quitting:X .SystemExit: 4"):
        registry.make("quitting:X")


def test_names_of_bidders_are_text() -> None:
    with pytest.raises(InvalidArgumentError, match="`name` must consist of letters"):
        registry.register(3, dict)

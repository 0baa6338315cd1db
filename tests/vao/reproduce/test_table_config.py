"""Tables of a study: which runs they are made of, and what they may not ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auctionsim.config_files import config_names
from auctionsim.errors import InvalidArgumentError
from tests.vao.reproduce.small import TABLE, write
from vao.reproduce.layout import Line
from vao.reproduce.plan import REFERENCES, load_study
from vao.reproduce.published import TABLES
from vao.reproduce.table_config import TableConfig, load_table, row_name
from vao.reproduce.variants import DataVariant

STUDY = load_study()
NAMES = config_names("tables")
LINES = ("mdmm-equal", "odom-equal", "odom-vao")


def _table(**changes: Any) -> TableConfig:
    return TableConfig(**({"title": "T", "lines": LINES} | changes))


@pytest.mark.parametrize("scale", sorted(STUDY.scales))
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_table_has_the_runs_that_it_needs(name: str, scale: str) -> None:
    table = load_table(name)
    runs = table.runs(STUDY, scale, 5)
    assert len({run.label for run in runs}) == len({run.fingerprint for run in runs}) == len(runs)
    references = [] if table.respond else list(REFERENCES)
    assert [run.row for run in runs if run.config is None] == references
    seeds = sorted({run.seed for run in runs})
    assert seeds == list(range(min(5, table.seeds or 5)))
    assert len(runs) == len(references) + len(seeds) * len(table.parts()) * len(table.lines)
    for run in runs:
        assert run.config is None or run.config.seed == run.seed
        assert run.dataset == table.dataset_of(STUDY, scale)


def test_the_papers_tables_have_the_papers_lines() -> None:
    assert {"table1", "table2", "table3", "fig4", "fig5"} <= set(NAMES)
    for number, lines in TABLES.items():
        assert set(lines) <= set(load_table(f"table{number}").lines)


def test_what_tables_have_in_common_is_played_once() -> None:
    one, other = (
        {run.label: run.fingerprint for run in load_table(name).runs(STUDY, "small", 3)}
        for name in ("table2", "rivals")
    )
    common = set(one) & set(other)
    assert {"optimum-0", "mdmm-equal-0", "odom-equal-2", "odom-vao-1"} <= common
    assert all(one[label] == other[label] for label in common)


@pytest.mark.parametrize(("most", "asked", "found"), [(0, 4, 4), (3, 5, 3), (3, 2, 2)])
def test_seeds_are_as_many_as_asked_for_up_to_the_tables_own(
    most: int, asked: int, found: int
) -> None:
    runs = _table(seeds=most).runs(STUDY, "small", asked)
    assert {run.seed for run in runs if run.config is not None} == set(range(found))


@pytest.mark.parametrize("seeds", [0, -1])
def test_some_seed_must_be_asked_for(seeds: int) -> None:
    with pytest.raises(InvalidArgumentError, match="`seeds` must be >= 1"):
        _table().runs(STUDY, "small", seeds)


def test_each_variant_is_a_part_with_lines_of_its_own() -> None:
    variants = {"few": DataVariant(held_out=1), "bad": DataVariant(spoilt="bcb")}
    table = _table(variants=variants)
    trained = [run for run in table.runs(STUDY, "small", 1) if run.config is not None]
    assert [run.row for run in trained[:3]] == [f"{name} @ few" for name in LINES]
    assert {run.row.partition(" @ ")[2]: run.variant for run in trained} == variants
    assert table.line(STUDY, "odom-vao", "bad") == Line("odom-vao @ bad", "VAO", "ODOM")
    assert _table().parts() == {"": DataVariant()}
    assert (row_name("a", ""), row_name("a", "b")) == ("a", "a @ b")


def test_variants_of_one_entrant_alone_are_compared_across() -> None:
    variants = {"few": DataVariant(held_out=1), "more": DataVariant(held_out=2)}
    one = {"lines": ("odom-vao",), "baseline": "odom-vao", "variants": variants}
    assert _table(**one).across
    assert _table(**one, against="more").against == "more"
    assert not _table(variants=variants).across
    for wrong in ({**one, "against": "most"}, {"variants": variants, "against": "few"}):
        with pytest.raises(InvalidArgumentError, match="`against` must be a variant"):
            _table(**wrong)


def test_what_does_not_learn_sees_no_variant() -> None:
    runs = _table(variants={"few": DataVariant(held_out=1)}).runs(STUDY, "small", 2)
    fixed = [run for run in runs if run.config is None]
    assert [(run.row, run.seed, run.variant) for run in fixed] == [
        (name, 0, DataVariant()) for name in REFERENCES
    ]


def test_a_table_may_have_a_dataset_of_its_own_at_a_scale() -> None:
    table = _table(dataset={"small": "scarcity"})
    assert table.dataset_of(STUDY, "small") == "scarcity"
    assert table.dataset_of(STUDY, "paper") == STUDY.scale("paper").dataset
    with pytest.raises(InvalidArgumentError, match="Did you mean 'small'"):
        table.runs(STUDY, "smal", 1)
    with pytest.raises(InvalidArgumentError, match="Did you mean 'small'"):
        _table(dataset={"smal": "scarcity"}).runs(STUDY, "small", 1)


@pytest.mark.parametrize("name", ["mdmm-eqal", "constant", "a/b"])
def test_unknown_entrants_are_named_before_anything_is_played(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"'{name}'"):
        _table(lines=(*LINES, name)).runs(STUDY, "small", 1)


def test_names_of_tables_are_suggested() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'table2'"):
        load_table("tabel2")


FEW = {"few": DataVariant(held_out=1), "many": DataVariant()}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lines": ()}, "lines"),
        ({"lines": (*LINES, "odom-vao")}, "must hold each once"),
        ({"baseline": "odom-vaoo"}, "baseline"),
        ({"ours": "odom-famo"}, "ours"),
        ({"protocols": ()}, "protocols"),
        ({"protocols": ("wide", "wide")}, "protocols"),
        ({"protocols": ("wdie",)}, "Did you mean 'wide'"),
        ({"seeds": -1}, "seeds"),
        ({"places": {"odom-famo": 1.0}}, "places"),
        ({"places": {"odom-vao": 0.0}}, "places.odom-vao"),
        ({"places": {"odom-vao": float("inf")}}, "places.odom-vao"),
        ({"variants": {"": DataVariant()}}, "variants"),
        ({"kind": "figure", "variants": FEW}, "none for 'few'"),
        ({"kind": "figure", "variants": FEW, "places": {"few": 1.0}}, "none for 'many'"),
        ({"kind": "figure", "variants": FEW, "places": {"odom-vao": 1.0}}, "places"),
    ],
)
def test_what_could_not_be_shown_is_refused_before_it_is_played(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        _table(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "figur"}, "kind"),
        ({"tilte": "x"}, "title"),
        ({"variants": {"a": {"spoild": "bcb"}}}, "spoilt"),
        ({"variants": {"a": {"episodes": {"bcb": 0}}}}, "episodes.bcb"),
    ],
)
def test_mistakes_in_a_file_cost_one_line(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    path = write(tmp_path / "wrong.yaml", TABLE | changes)
    with pytest.raises(InvalidArgumentError, match=named) as error:
        load_table(path)
    assert str(error.value).startswith("wrong.yaml: ")
    assert "\n" not in str(error.value)


def test_entrants_whose_files_would_have_one_name_are_refused() -> None:
    twins = {"a b": STUDY.entrants["odom-equal"], "a_b": STUDY.entrants["mdmm-equal"]}
    study = replace(STUDY, entrants={**STUDY.entrants, **twins})
    with pytest.raises(InvalidArgumentError, match="a_b-0 twice"):
        _table(lines=(*LINES, "a b", "a_b")).runs(study, "small", 1)


def test_others_respond_only_in_variants_on_the_tasks_own_seats() -> None:
    table = load_table("responding")
    runs = table.runs(load_study(), "small", 1)
    assert all(run.respond and run.config is not None for run in runs)
    same = replace(runs[0], respond=False)
    assert same.fingerprint != runs[0].fingerprint
    changes: tuple[dict[str, Any], ...] = ({"variants": {}}, {"protocols": ("wide", "paper")})
    for change in changes:
        with pytest.raises(InvalidArgumentError, match="respond"):
            replace(table, **change)


def test_an_entrants_own_changes_win_over_what_was_chosen() -> None:
    study = load_study()
    configs = {run.row: run.config for run in load_table("rates").runs(study, "small", 1)}
    rates = {row: c.learning_rate for row, c in configs.items() if c is not None}
    common = study.base("small").learning_rate
    assert rates["odom-vao"] == common
    assert rates["odom-vao slow"] == common / 2
    assert rates["odom-vao fast"] == common * 2

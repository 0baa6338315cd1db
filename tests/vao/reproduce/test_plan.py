"""Studies: who plays with what settings, what was chosen, and what tells runs apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.reproduce.small import ENTRANTS, Small, write, write_study
from vao.config import TrainingConfig
from vao.methods import Method
from vao.reproduce import run as run_module
from vao.reproduce.plan import Chosen, Common, Entrant, Scale, Study, load_study
from vao.reproduce.published import PUBLISHED, WITHOUT_FILM
from vao.reproduce.run import Run, data_fingerprint
from vao.reproduce.variants import DataVariant

STUDY = load_study()
BASE = TrainingConfig("none", learning_rate=0.01, settings={"width": 8, "heads": 2})
SCALES = sorted(STUDY.scales)
#: What entrants differ in; all else they have in common.
OWN = {"method", "weighting", "settings", "share_above", "train_on_validation"}


def _study(*names: str, **changes: Any) -> Study:
    entrants = {name: replace(STUDY.entrants[name], like=None) for name in names}
    return Study(entrants, {"small": Scale("small", "table")}, **changes)


def _run(**changes: Any) -> Run:
    whole: dict[str, Any] = {
        "row": "odom-vao",
        "seed": 0,
        "dataset": "small",
        "variant": DataVariant(),
        "config": replace(BASE, method="vao"),
    }
    return Run(**(whole | changes))


def test_the_papers_entrants_are_there_and_share_data_as_they_are_called() -> None:
    assert set(PUBLISHED) <= set(STUDY.entrants)
    for name in set(PUBLISHED) - {WITHOUT_FILM}:
        method = Method.of(STUDY.entrants[name].method)
        assert name == f"{method.setting}-{method.weighting}"
        assert STUDY.entrants[name].group == method.setting.upper()
        assert not STUDY.entrants[name].settings
    without = STUDY.entrants[WITHOUT_FILM]
    assert (without.method, dict(without.settings)) == ("odom-vao", {"film": False})
    assert without.like == "odom-vao"


@pytest.mark.parametrize("scale", SCALES)
def test_entrants_are_treated_alike_in_all_but_how_they_share(scale: str) -> None:
    base = STUDY.base(scale)
    for name, entrant in STUDY.entrants.items():
        config = entrant.config(base, STUDY.chosen(scale, name))
        for setting, value in asdict(config).items():
            if setting not in (*OWN, *entrant.training):
                assert value == getattr(base, setting), (name, setting)
        shown = f"{entrant.group} {entrant.label}"  # who reads the table sees what is otherwise
        assert not entrant.training or "learning rate" in shown, name
        assert config.settings == {**base.settings, **entrant.settings}
        assert set(entrant.settings) <= {"film"}, name


def test_all_that_search_have_as_many_trials() -> None:
    assert {len(e.trials) for e in STUDY.entrants.values() if e.trials} == {3}
    assert len(STUDY.common.trials) == 3
    for entrant in STUDY.entrants.values():
        tried = [entrant.config(BASE, trial) for trial in entrant.trials]
        assert all(one != other for one in tried for other in tried if one is not other)
        assert not (entrant.trials and entrant.like)


def test_a_copy_has_the_trials_of_the_one_it_is_like() -> None:
    for name, entrant in STUDY.entrants.items():
        if entrant.like is not None:
            other = STUDY.entrants[entrant.like]
            assert other.trials, name
            assert Method.of(entrant.method).weighting == Method.of(other.method).weighting


def test_the_searchs_seed_is_none_of_the_results() -> None:
    assert STUDY.search_seed >= 1000


def test_what_was_chosen_is_applied_to_it_and_to_those_like_it(small: Small) -> None:
    temperature = {"weighting": {"temperature": 1.0}}
    chosen = {"common": {"learning_rate": 0.02}, "entrants": {"odom-vao": temperature}}
    path = write(small.folder / "chosen.yaml", chosen)
    scale = {"dataset": small.dataset, "training": small.training, "chosen": path}
    study = load_study(write_study(small.folder / "with_chosen.yaml", scale))
    base = study.base("toy")
    assert base.learning_rate == 0.02
    assert study.chosen("toy", "odom-vao") == study.chosen("toy", "odom-vao 0.3") == temperature
    assert study.chosen("toy", "odom-equal") == {}
    made = {n: e.config(base, study.chosen("toy", n)) for n, e in study.entrants.items()}
    assert made["odom-vao"].weighting == {
        "temperature": 1.0, "refresh": 2, "validation_batch": 3
    }  # fmt: skip
    # What makes an entrant is its own.
    assert made["odom-vao 0.3"].weighting["temperature"] == 0.3
    assert made["odom-equal"].weighting == {}
    assert {config.learning_rate for config in made.values()} == {0.02}


def test_an_entrants_config_forgets_how_the_base_shares() -> None:
    base = replace(BASE, method="odom-vao", weighting={"temperature": 0.5})
    config = Entrant("FAMO", "odom-famo").config(base, {})
    assert (config.method, config.weighting) == ("odom-famo", {})
    threshold = Entrant("high", "odom-equal", share_above=0.2)
    assert threshold.config(BASE, {}).share_above == 0.2
    assert threshold.config(BASE, {"share_above": 0.7}).share_above == 0.7


def test_labels_fit_a_files_name() -> None:
    assert _run(row="odom-vao @ 2 held out", seed=3).label == "odom-vao_@_2_held_out-3"
    for row in ("a/b", "a\\b", "a\0b", "a\nb"):
        with pytest.raises(InvalidArgumentError, match="must fit a file's name"):
            _run(row=row)


CHANGES: list[Mapping[str, Any]] = [
    {"row": "odom-vao 0.1"},
    {"seed": 1},
    {"dataset": "scarcity"},
    {"variant": DataVariant(held_out=2)},
    {"variant": DataVariant(episodes={"bcb": 3})},
    {"variant": DataVariant(spoilt="bcb")},
    {"config": None},
    {"config": replace(BASE, method="odom-equal")},
    {"config": replace(BASE, method="vao", weighting={"temperature": 0.2})},
    {"config": replace(BASE, method="vao", settings={**BASE.settings, "film": False})},
    {"config": replace(BASE, method="vao", seed=1)},
    {"config": replace(BASE, method="vao", learning_rate=0.02)},
    {"config": replace(BASE, method="vao", batch=16)},
]


def test_fingerprints_tell_apart_what_matters() -> None:
    found = [_run().fingerprint, *(_run(**change).fingerprint for change in CHANGES)]
    assert len(set(found)) == len(CHANGES) + 1
    assert [_run(**change).fingerprint for change in CHANGES] == found[1:]


def test_fingerprints_do_not_depend_on_the_device_nor_on_the_order_of_settings() -> None:
    config = replace(BASE, method="vao", weighting={"temperature": 0.2, "refresh": 3})
    turned = replace(config, weighting={"refresh": 3, "temperature": 0.2}, device="cuda")
    assert _run(config=config).fingerprint == _run(config=turned).fingerprint


def test_a_new_recipe_makes_other_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _run().fingerprint
    monkeypatch.setattr(run_module, "RECIPE", run_module.RECIPE + 1)
    assert _run().fingerprint != before


def test_the_fingerprint_follows_what_the_dataset_is_made_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _run().fingerprint
    assert _run(dataset="scarcity").fingerprint != before
    assert data_fingerprint("small") == data_fingerprint("small")
    data_fingerprint.cache_clear()
    monkeypatch.setattr(run_module, "SEMANTICS", 2)
    assert _run().fingerprint != before
    data_fingerprint.cache_clear()


def test_unknown_names_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'odom-vao'"):
        STUDY.entrant("odom-vaoo")
    with pytest.raises(InvalidArgumentError, match="Did you mean 'small'"):
        STUDY.scale("smal")
    with pytest.raises(InvalidArgumentError, match="Did you mean 'sharing'"):
        load_study("shering")


@pytest.mark.parametrize(
    "changes",
    [
        {"common": Common(("odom-vaoo",), ({"batch": 8},))},
        {"choices": {"small": Chosen(entrants={"odom-vaoo": {}})}},
        {"choices": {"smal": Chosen()}},
        {"common": Common((), ({"batch": 8},))},
    ],
)
def test_studies_name_only_what_they_have(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"entrant|scale"):
        _study("odom-vao", **changes)


def _with(**changes: Any) -> dict[str, Any]:
    return {**ENTRANTS, "odom-vao": {**ENTRANTS["odom-vao"], **changes}}


@pytest.mark.parametrize(
    ("entrants", "named"),
    [
        (_with(like="odom-vaoo"), "odom-vao"),
        (_with(trials=[{"learnign_rate": 0.1}]), "learning_rate"),
        (_with(trials=[{"learning_rate": -0.1}]), "learning_rate"),
        (_with(trials=[{"weighting": {"temprature": 0.1}}]), "temperature"),
        (_with(trials=[{"weighting": 3}]), "weighting"),
        (_with(trials=[{"settings": {"warm": 1}}]), "settings"),
        (_with(trials=[{"seed": 1}]), "seed"),
        (_with(method="odom-vaoo"), "vao"),
        (_with(settings={"worm": 1}), "warm"),
        (_with(method="mdmm-equal", weighting={}, trials=[{"share_above": 0.5}]), "share_above"),
        (_with(train_on_validation=True), "train_on_validation"),
        (_with(lable="x"), "label"),
    ],
)
def test_mistakes_in_a_study_cost_one_line_before_anything_is_played(
    small: Small, tmp_path: Path, entrants: dict[str, Any], named: str
) -> None:
    scale = {"dataset": small.dataset, "training": small.training}
    with pytest.raises(InvalidArgumentError, match=named):
        load_study(write_study(tmp_path / "wrong.yaml", scale, entrants=entrants))


def test_what_was_chosen_stands_in_files_of_its_own(small: Small, tmp_path: Path) -> None:
    scale = {"dataset": small.dataset, "training": small.training}
    study = write_study(tmp_path / "wrong.yaml", scale, choices={"toy": {}})
    with pytest.raises(InvalidArgumentError, match="`choices` must be left to the files"):
        load_study(study)


@pytest.mark.parametrize(
    "chosen",
    [
        {"common": {"learnign_rate": 0.1}},
        {"entrants": {"odom-vao": {"weighting": {"temprature": 1.0}}}},
        {"entrants": {"odom-vaoo": {}}},
    ],
)
def test_mistakes_in_what_was_chosen_are_named(
    small: Small, tmp_path: Path, chosen: dict[str, Any]
) -> None:
    path = write(tmp_path / "chosen.yaml", chosen)
    scale = {"dataset": small.dataset, "training": small.training, "chosen": path}
    with pytest.raises(InvalidArgumentError, match="Did you mean"):
        load_study(write_study(tmp_path / "wrong.yaml", scale))

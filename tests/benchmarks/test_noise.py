"""What the noise of weights is measured on, and its record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from auctionsim.dataset import Dataset
from auctionsim.generate import DatasetConfig, generate_dataset
from benchmarks import noise, noise_draws, noise_figures, noise_study, noise_world
from benchmarks.noise import KINDS, RECORD
from benchmarks.noise_draws import ALL, HELD_OUT, SAMPLES, SET_SIZES, Draws, Sizes
from benchmarks.noise_estimators import SAMPLED, UNIFORM, VARIANTS, Estimate, Estimators
from benchmarks.noise_figures import Noise, SmallSet
from benchmarks.noise_study import PLAN, Plan
from benchmarks.noise_tables import (
    cause_table,
    estimate_table,
    pair_table,
    set_table,
    share_table,
    size_table,
    summary_table,
    tables,
)
from benchmarks.noise_world import World, true_alignment, world_of
from benchmarks.power_record import read_record, write_record
from tests.vao.factories import tiny_config
from vao.weighting import EqualWeights
from vao.weighting.softmax import alignment_weights

README = RECORD.with_name("README.md")
SIZES = Sizes(samples=(2, 3, ALL), held_out=(8, ALL), sets=(1, 2, ALL), draws=4, pool=5)
LITTLE = Plan((0, 3), (0, 2, 3), refresh=2, samples=6, sizes=SIZES, pool=4)


def rows(table: str) -> list[str]:
    return table.splitlines()[2:]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("noise") / "data"
    episodes = {"train": 6, "val_align": 3}
    generate_dataset(DatasetConfig("tiny", episodes=episodes), folder, workers=1, progress=False)
    return Dataset.open(folder)


@pytest.fixture
def world(dataset: Dataset) -> World:
    return world_of(dataset, tiny_config(batch=6), kept_back=2, truly=3)


def test_a_world_keeps_episodes_back_and_learns_with_equal_weights(
    dataset: Dataset, world: World
) -> None:
    learner, apart = world.learner, world.apart
    train, aligning = dataset.load("train"), dataset.load("val_align")
    for target in range(apart.targets):
        # 4 of 6 episodes train; of the others no more than three trajectories a task are used.
        own = int((train.task == target).sum())
        assert len(learner.sampler.own_training(target)[0]) == own * 4 // 6
        assert len(apart.validation(target)[0]) == min(3, own * 2 // 6)
        assert len(learner.sampler.validation(target)[0]) == int((aligning.task == target).sum())
    assert isinstance(learner.weighting, EqualWeights)
    assert learner.stage.shared
    assert math.isfinite(float(learner.update(0).losses.sum()))


def test_cosines_of_draws_are_those_of_mean_gradients(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samplers that draw the same samples whatever way their gradients are taken."""
    apart = world.apart
    batches = [apart.by_source(target, 4 * apart.sources) for target in range(apart.targets)]
    monkeypatch.setattr(apart, "by_source", lambda target, _: batches[target])
    monkeypatch.setattr(noise_world, "_AT_ONCE", 3)
    true = true_alignment(world, 4)
    found = noise_draws.draw(world, np.random.default_rng(0), replace(SIZES, pool=4))
    torch.testing.assert_close(found.true, true, rtol=1e-3, atol=1e-3)
    assert found.batches[2, 8].shape == found.sets[1].shape == (4, *true.shape)
    assert found.batches[ALL, ALL].shape == found.sets[ALL].shape == (1, *true.shape)
    # All batches are drawn from these samples: many draws' mean gradients are theirs.
    many = replace(SIZES, samples=(400, ALL), held_out=(400, ALL), draws=2, pool=4, sets=())
    close = noise_draws.draw(world, np.random.default_rng(0), many).batches[400, 400]
    torch.testing.assert_close(close[0], true, rtol=0.0, atol=0.1)


def test_smaller_draws_are_part_of_larger_ones() -> None:
    gradients = torch.arange(12.0).view(6, 2)
    places = np.array([[0, 1, 2], [5, 5, 0]])
    found = noise_draws._nested(gradients, (3, 1), places)
    torch.testing.assert_close(found[1], gradients[[0, 5]])
    means = torch.stack([gradients[:3].mean(0), gradients[[5, 5, 0]].mean(0)])
    torch.testing.assert_close(found[3], means)
    every = noise_draws._sets(gradients, (6,), 3, np.random.default_rng(0))[6]
    torch.testing.assert_close(every, gradients.mean(0).expand(3, 2))
    # Variance of 1 and 3 about 2 over its square.
    assert noise_draws._scale(torch.tensor([[1.0], [3.0]])) == pytest.approx(0.25)


def made_up() -> Draws:
    """Two targets and two sources; noise that sources share, then noise of their own."""
    true = torch.tensor([[0.9, 0.7], [0.5, 0.8]], dtype=torch.float64)
    together = true + torch.tensor([0.1, -0.1], dtype=torch.float64)[:, None, None]
    apart = true + torch.tensor([[[0.1, -0.1]], [[-0.1, 0.1]]], dtype=torch.float64)
    batches = {(2, 8): together, (3, 8): apart, (ALL, ALL): true[None]}
    return Draws(true, batches, {1: together, ALL: true[None]}, true, true[0])


def test_noise_that_sources_share_misplaces_nothing() -> None:
    shared, own, none = noise_figures.noises(made_up(), 7)
    assert (shared.update, shared.samples, shared.held_out) == (7, 2, 8)
    assert (shared.noise, own.noise, none.noise) == pytest.approx((0.1, 0.1, 0.0))
    assert (shared.differences, own.differences) == pytest.approx((0.0, 0.1))
    assert shared.signal == own.signal == pytest.approx(0.5 * (0.1 + 0.15))
    assert (shared.misplaced, shared.moved, shared.another) == pytest.approx((0.0, 0.0, 0.0))
    right = alignment_weights(made_up().true, 0.1)[:, 0]
    wrong = alignment_weights(made_up().batches[3, 8].flatten(0, 1), 0.1).view(2, 2, 2)[..., 0]
    assert own.misplaced == pytest.approx(float((wrong - right).abs().mean()))
    assert own.moved == pytest.approx(float((wrong[1] - wrong[0]).abs().mean()))
    assert own.bias < own.misplaced
    assert own.another == 0.0


def test_sets_and_pairs_are_told_one_by_one() -> None:
    small, all_of_it = noise_figures.small_sets(made_up(), 7)
    assert (small.error, small.differences, small.misplaced) == pytest.approx((0.1, 0.0, 0.0))
    exact = SmallSet(7, ALL, all_of_it.alignment, 0.0, 0.0, 0.0, 0.0)
    assert all_of_it == exact
    assert all_of_it.alignment == pytest.approx(0.725)
    found = list(noise_figures.pairs(made_up(), 7, ("a", "b"), ("a", "b"), 8))
    assert [(p.target, p.source) for p in found[:4]] == [(k, i) for k in "ab" for i in "ab"]
    assert [p.samples for p in found] == [2] * 4 + [3] * 4 + [ALL] * 4
    assert (found[0].alignment, found[0].scale) == pytest.approx((0.9, 0.9))
    assert found[0].weight + found[1].weight == pytest.approx(1.0)


def test_what_scatter_and_shrinking_misplace_is_told_apart() -> None:
    noises = list(noise_figures.noises(made_up(), 7))
    found = list(noise_figures.pairs(made_up(), 7, ("a", "b"), ("a", "b"), 8))
    shared, own = (line.split(" | ") for line in rows(cause_table(noises[:2], found)))
    assert shared[2:] == ["0.000", "0.000", "0.000 |"]
    # Scatter that cancels out leaves the mean cosine as it is, but not the mean weight.
    assert own[2:] == [f"{noises[1].misplaced:.3f}", f"{noises[1].bias:.3f}", "0.000 |"]
    assert noises[1].bias > 0.01


def test_estimators_watch_and_do_not_teach(world: World) -> None:
    learner = world.learner
    before = [p.detach().clone() for p in learner.parameters]
    estimators = Estimators(world, samples=6)
    estimators.renew()
    estimators.renew()
    assert all(torch.equal(a, b) for a, b in zip(before, learner.parameters, strict=True))
    size = learner.sampler.targets
    level = estimators.judge(5, torch.zeros(size, size, dtype=torch.float64))
    assert [estimate.rule for estimate in level] == [UNIFORM, *VARIANTS, SAMPLED]
    assert (level[0].misplaced, level[0].moved) == (0.0, 0.0)
    assert level[0].own == level[0].truly == pytest.approx(1 / size)
    assert level[1].moved > level[2].moved > 0.0  # a running mean moves less


def test_a_study_measures_along_the_training(world: World) -> None:
    record = noise_study.follow(world, LITTLE)
    assert {x.update for x in record["noises"]} == {x.update for x in record["sets"]} == {0, 3}
    assert len(record["noises"]) == 2 * len(SIZES.samples) * len(SIZES.held_out)
    assert sorted({x.update for x in record["estimates"]}) == [0, 2, 3]
    exact = [x for x in record["noises"] if x.samples == x.held_out == ALL]
    assert all((x.noise, x.misplaced, x.another) == (0.0, 0.0, 0.0) for x in exact)
    assert any(x.noise > 0.0 for x in record["noises"])
    assert tables(record).count("| 0 |") > 0


def test_the_record_is_whole() -> None:
    record = read_record(RECORD, KINDS)
    noises: list[Noise] = record["noises"]
    assert [(x.update, x.samples, x.held_out) for x in noises] == [
        (update, n, v) for update in PLAN.drawn for n in SAMPLES for v in HELD_OUT
    ]
    sets = [(x.update, x.size) for x in record["sets"]]
    assert sets == [(update, size) for update in PLAN.drawn for size in SET_SIZES]
    estimates: list[Estimate] = record["estimates"]
    assert [(x.update, x.rule) for x in estimates] == [
        (update, rule) for update in PLAN.judged for rule in (UNIFORM, *VARIANTS, SAMPLED)
    ]


def test_tables_show_sizes_in_order() -> None:
    record: Mapping[str, Sequence[Any]] = read_record(RECORD, KINDS)
    noises = [x for x in record["noises"] if x.update == 0]
    shown = rows(size_table(noises, lambda x: f"{x.samples}-{x.held_out}"))
    assert shown[0] == "| 0 | 4 | 4-2 | 4-8 | 4-32 | 4-0 |"
    assert shown[-1].startswith("| 0 | all | 0-2 |")
    assert len(rows(share_table(noises))) == len(SAMPLES) - 1
    assert len(rows(pair_table(record["pairs"]))) == 9 * len(PLAN.drawn)
    one = [SmallSet(0, ALL, 0.7, 0.1, 0.05, 0.02, 0.25)]
    assert rows(set_table(one)) == ["| 0 | `val_align` | 0.700 | 0.100 | 0.050 | 0.020 | 25 % |"]
    estimates = [
        Estimate("vao", 0, 0.1, 0.5, 0.0, 0.4, 0.6),
        Estimate("vao", 60, 0.2, 0.0, 0.3, 0.5, 0.7),
    ]
    assert rows(estimate_table(estimates)) == ["| `vao` | 0.100 | 0.200 |"]
    assert rows(summary_table(estimates)) == ["| `vao` | 0.150 | 25 % | 0.300 | 0.45 | 0.65 |"]


def test_the_readme_has_the_tables_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert noise.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(read_record(RECORD, KINDS))
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_the_command_writes_what_it_prints_and_draws_the_same_again(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    dataset: Dataset,
) -> None:
    found = {name: rows for name, rows in read_record(RECORD, KINDS).items() if name != "machine"}
    monkeypatch.setattr(noise_study, "measure", lambda _: found)
    path, plots = tmp_path / "new.json", [tmp_path / "one.svg", tmp_path / "two.svg"]
    for plot in plots:
        given = [str(dataset.folder), "--json", str(path), "--plot", str(plot)]
        assert noise.main(given) == 0
        assert capsys.readouterr().out.strip() == tables(found)
    assert read_record(path, KINDS)["noises"] == found["noises"]
    assert plots[0].read_bytes() == plots[1].read_bytes()
    again = tmp_path / "again.json"
    write_record(again, read_record(path, KINDS))
    assert again.read_bytes() == path.read_bytes()

"""Batches drawn for targets."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.vao.factories import COUNTS, make_trajectories
from vao.batch import Batch, join
from vao.conditions import LOG_RETURN, LOG_ROAS
from vao.scales import Scales
from vao.sharing import Source
from vao.task_sampler import TaskSampler
from vao.weighting.shares import shares

COLUMNS = list(range(len(FEATURES)))
ALL = make_trajectories()
SCALES = Scales.fit(ALL, FEATURES, COLUMNS, categories=3)
TASK_CODES = tuple(range(len(TASKS)))


def _of(task: int) -> Trajectories:
    return ALL.take(np.flatnonzero(ALL.task == task))


def _sources() -> list[Source]:
    return [Source.prepare(_of(task), SCALES, COLUMNS) for task in TASK_CODES]


def _sampler(samples: int = 9, seed: int = 0) -> TaskSampler:
    sources = _sources()
    rng = np.random.default_rng(seed)
    return TaskSampler(sources, TASK_CODES, samples, rng, validation=sources)


def test_noise_comes_with_every_sample() -> None:
    sources = _sources()
    sampler, same, plain = (
        TaskSampler(sources, TASK_CODES, 400, np.random.default_rng(0), noise=noise)
        for noise in (3, 3, 0)
    )
    drawn = [s.batch(0) for s in (sampler, same, plain)]
    assert drawn[0].noise.shape == (400, 3)
    assert drawn[2].noise.shape == (400, 0)
    assert torch.equal(drawn[0].noise, drawn[1].noise)
    assert torch.equal(drawn[0].states, drawn[2].states)  # noise disturbs no other draw
    assert abs(float(drawn[0].noise.mean())) < 0.15
    assert float(drawn[0].noise.std()) == pytest.approx(1.0, abs=0.1)
    assert len(torch.unique(drawn[0].noise)) > 1000


def test_a_sampler_goes_on_from_its_state() -> None:
    sources = _sources()

    def made(seed: int) -> TaskSampler:
        return TaskSampler(
            sources, TASK_CODES, 9, np.random.default_rng(seed),
            validation=sources, noise=2,
        )  # fmt: skip

    one, other = made(0), made(1)
    one.batch(1)
    one.validation(2, 3)
    other.resume(json.loads(json.dumps(one.state())))
    for mine, its in (
        (one.batch(0), other.batch(0)),
        (one.validation(1, 5), other.validation(1, 5)),
        (join(one.by_source(2)), join(other.by_source(2))),
    ):
        assert all(torch.equal(a, b) for a, b in zip(mine, its, strict=True))


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 69))
def test_shares_lose_no_sample(samples: int, sources: int, first: int) -> None:
    if samples < sources:
        with pytest.raises(InvalidArgumentError, match="batch"):
            shares(samples, sources, first)
        return
    counts = shares(samples, sources, first)
    assert sum(counts) == samples
    assert max(counts) - min(counts) <= 1
    assert counts[first % sources] == max(counts)


def test_every_way_of_drawing_takes_the_same_samples() -> None:
    sampler = _sampler(samples=10)
    for target in TASK_CODES:
        assert len(sampler.batch(target).states) == 10
        assert sum(len(batch.states) for batch in sampler.by_source(target)) == 10
        assert len(sampler.validation(target, 4).states) == 4


def test_the_pool_is_drawn_in_proportion() -> None:
    sampler = _sampler(samples=6000)
    drawn = sampler.batch(0).actions
    known = [source.actions for source in _sources()]
    counts = [int((drawn[:, None] == a[None]).all(-1).any(1).sum()) for a in known]
    assert sum(counts) == 6000
    share = np.array(list(COUNTS.values())) / sum(COUNTS.values())
    np.testing.assert_allclose(np.array(counts) / 6000, share, atol=0.03)


def test_draws_follow_the_seed() -> None:
    one, same, other = _sampler(), _sampler(), _sampler(seed=1)
    assert torch.equal(one.batch(0).states, same.batch(0).states)
    assert not torch.equal(one.batch(0).states, other.batch(0).states)


def test_validation_does_not_disturb_training_draws() -> None:
    one, other = _sampler(), _sampler()
    one.validation(0, 4)
    assert torch.equal(one.batch(0).states, other.batch(0).states)


def _returns(batch: Batch) -> NDArray[np.float32]:
    found: NDArray[np.float32] = batch.requirements[:, LOG_RETURN].numpy()
    return found


def _owners(batch: Batch) -> list[int]:
    """Source of each sample, told by its actions."""
    known = [source.actions for source in _sources()]
    found = torch.stack([(batch.actions[:, None] == a[None]).all(-1).any(1) for a in known])
    assert (found.sum(0) == 1).all()
    return found.int().argmax(0).tolist()


def test_own_data_alone_where_nothing_is_pooled() -> None:
    rng = np.random.default_rng(0)
    sampler = TaskSampler(_sources(), TASK_CODES, 40, rng, pooled=False)
    for target in TASK_CODES:
        assert set(_owners(sampler.batch(target))) == {target}


def test_one_target_of_several_sources_has_its_own_condition() -> None:
    rng = np.random.default_rng(0)
    sampler = TaskSampler(_sources(), [TARGET_ROAS], 60, rng, own=[TARGET_ROAS])
    batch = sampler.batch(0)
    assert set(_owners(batch)) == set(TASK_CODES)
    assert batch.requirements.chunk(2, dim=1)[1][:, LOG_ROAS].all()
    assert sampler.own(0) == TARGET_ROAS
    assert set(_owners(sampler.own_training(0, 20))) == {TARGET_ROAS}
    assert len(sampler.own_training(0)[0]) == len(_sources()[TARGET_ROAS])


@given(st.integers(0, 2**32), st.lists(st.integers(0, 5), min_size=3, max_size=3).filter(any))
def test_mixed_samples_come_from_sources_by_chance(seed: int, parts: list[int]) -> None:
    sampler = _sampler(samples=50, seed=seed)
    chances = np.array(parts) / sum(parts)
    batch, which = sampler.mixed(1, chances)
    assert _owners(batch) == which.tolist()
    assert chances[which].all()


def test_mixed_samples_are_in_proportion() -> None:
    _, which = _sampler(samples=20_000).mixed(0, np.array([0.5, 0.2, 0.3]))
    np.testing.assert_allclose(np.bincount(which) / 20_000, [0.5, 0.2, 0.3], atol=0.02)


@pytest.mark.parametrize("draw", ["batch", "by_source", "mixed"])
def test_only_returns_above_a_quantile_of_ones_own_are_shared(draw: str) -> None:
    rng = np.random.default_rng(0)
    sampler = TaskSampler(_sources(), TASK_CODES, 300, rng, share_above=0.6)
    own = _sources()[CPA_MCB].values[:, LOG_RETURN].numpy()
    drawn = {
        "batch": lambda: sampler.batch(CPA_MCB),
        "by_source": lambda: join(sampler.by_source(CPA_MCB)),
        "mixed": lambda: sampler.mixed(CPA_MCB, np.full(3, 1 / 3))[0],
    }[draw]()
    owners, returns = np.array(_owners(drawn)), _returns(drawn)
    assert (owners != CPA_MCB).any()
    assert (returns[owners != CPA_MCB] >= np.quantile(own, 0.6)).all()
    assert (returns[owners == CPA_MCB] < np.quantile(own, 0.6)).any()


def test_a_threshold_that_leaves_a_source_nothing_is_refused() -> None:
    poor = make_trajectories({CPA_MCB: 8, BCB: 8})
    poor.expected_value[poor.task == BCB] *= 1e-3
    sources = [
        Source.prepare(poor.take(np.flatnonzero(poor.task == t)), SCALES, COLUMNS)
        for t in (CPA_MCB, BCB)
    ]
    with pytest.raises(InvalidArgumentError, match="share_above"):
        TaskSampler(sources, [CPA_MCB], 8, np.random.default_rng(0), own=[0], share_above=1.0)


def test_measuring_disturbs_no_training_draw_nor_its_noise() -> None:
    sources = _sources()
    one, other = (
        TaskSampler(sources, TASK_CODES, 9, np.random.default_rng(3), validation=sources, noise=4)
        for _ in range(2)
    )
    one.validation(0, 5)
    one.own_training(1, 5)
    for mine, its in zip(one.batch(0), other.batch(0), strict=True):
        assert torch.equal(mine, its)

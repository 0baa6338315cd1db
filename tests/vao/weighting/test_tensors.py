"""Plain tensors as sources, and the losses of any model, for every rule."""

from __future__ import annotations

import doctest
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from auctionsim.errors import InvalidArgumentError
from vao.team import Team
from vao.weighting import tensors
from vao.weighting.registry import make
from vao.weighting.tensors import Losses, TensorSampler

Task = tuple[Tensor, Tensor]


def task(source: int, samples: int) -> Task:
    """Samples that say whose they are: two inputs a sample, and the label source + place / 1000."""
    labels = source + torch.arange(samples) / 1000.0
    return torch.stack([labels, -labels], dim=1), labels


def tasks(*sizes: int) -> list[Task]:
    return [task(source, size) for source, size in enumerate(sizes)]


def regression(seed: int, samples: int, slope: float) -> Task:
    inputs = torch.randn(samples, 3, generator=torch.Generator().manual_seed(seed))
    return inputs, slope * inputs.sum(dim=1)


def squared(outputs: Tensor, labels: Tensor) -> Tensor:
    return (outputs.squeeze(1) - labels).square()


def linear(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(3, 1)


def owners(samples: Any) -> list[int]:
    return samples[1].floor().int().tolist()  # type: ignore[no-any-return]


def test_the_ten_lines_run_and_tell_the_sources_apart() -> None:
    model = linear()
    known: dict[str, Any] = {"torch": torch, "model": model}
    for i, slope in enumerate([1.0, 1.0, -1.0]):
        known[f"x_{i}"], known[f"y_{i}"] = regression(i, 40, slope)
    known["x_held"], known["y_held"] = regression(9, 20, 1.0)
    lines = doctest.DocTestParser().get_doctest(
        tensors.__doc__ or "", known, "vao.weighting.tensors", None, 0
    )
    text = "".join(example.source for example in lines.examples)
    assert len([line for line in text.splitlines() if "import" not in line]) <= 10
    runner = doctest.DocTestRunner()
    assert runner.run(lines, clear_globs=False).failed == 0
    assert squared(model(known["x_held"]), known["y_held"]).mean() < 0.05
    weights = lines.globs["rule"].state()["weights"][0]
    assert weights[2] < 0.05 < weights[:2].min()


RULES = ["equal", "uniform", "own_heavy", "vao", "sampled_vao"]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_rules_take_plain_and_named_tuples_alike(name: str, named: bool) -> None:
    class Points(NamedTuple):
        inputs: Tensor
        outputs: Tensor

    plain = [regression(i, 9, 1.0) for i in range(3)]
    sources: list[Any] = [Points(*s) for s in plain] if named else list(plain)
    model = linear()
    objective = Losses(model, squared)
    sampler = TensorSampler(sources, validation=sources, batch=9, rng=3)
    assert isinstance(sampler.own_training(0), Points) == named
    make(name).accumulate(objective, sampler, 0)
    reference = Losses(linear(), squared)
    make(name).accumulate(reference, TensorSampler(plain, validation=plain, batch=9, rng=3), 0)
    for parameter, other in zip(objective.parameters(), reference.parameters(), strict=True):
        assert parameter.grad is not None
        assert parameter.grad.any()
        torch.testing.assert_close(parameter.grad, other.grad, rtol=0.0, atol=0.0)


def test_gradient_of_own_data_is_autograds() -> None:
    sources = [regression(i, 30, i + 1.0) for i in range(2)]
    model = linear()
    make("equal").accumulate(Losses(model, squared), TensorSampler(sources), 0)
    same, other = TensorSampler(sources), linear()
    drawn = [same.batch(target) for target in range(2)]
    sum(squared(other(x), y).mean() for x, y in drawn).backward()  # type: ignore[union-attr]
    for parameter, expected in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 30), st.data())
def test_by_source_gives_each_its_share(sizes: list[int], more: int, data: st.DataObject) -> None:
    sampler = TensorSampler(tasks(*sizes), batch=len(sizes) + more)
    target = data.draw(st.integers(0, len(sizes) - 1))
    asked = data.draw(st.none() | st.integers(len(sizes), 40))
    parts = sampler.by_source(target, asked)
    assert sum(len(part[0]) for part in parts) == (asked or len(sizes) + more)
    assert np.ptp([len(part[0]) for part in parts]) <= 1
    for source, part in enumerate(parts):
        assert set(owners(part)) == {source}
        assert set(part[1].tolist()) <= set(task(source, sizes[source])[1].tolist())
        torch.testing.assert_close(part[0], torch.stack([part[1], -part[1]], dim=1))


def test_batches_are_own_data_or_all_together_by_size() -> None:
    own = TensorSampler(tasks(5, 50), targets=[1], batch=300)
    assert set(owners(own.batch(0))) == {1}
    assert len(set(own.batch(0)[1].tolist())) == 50
    pooled = TensorSampler(tasks(100, 200, 700), targets=[2], batch=10_000, pooled=True)
    shares = np.bincount(owners(pooled.batch(0))) / 10_000
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.7], atol=4.0 * 0.005)


def test_mixed_draws_by_chances_and_says_whose_each_sample_is() -> None:
    sampler = TensorSampler(tasks(3, 4, 5, 6), batch=10_000)
    samples, told = sampler.mixed(0, np.array([0.0, 3.0, 1.0, 0.0]))
    assert owners(samples) == told.tolist()
    np.testing.assert_allclose(np.bincount(told) / 10_000, [0, 0.75, 0.25], atol=4.0 * 0.0044)


@pytest.mark.parametrize(
    "chances", [[1.0], [0.0, 0.0], [1.5, -0.5], [np.nan, 1.0], [np.inf, 1.0], [[0.5, 0.5]]]
)
def test_chances_that_are_none_are_refused(chances: list[Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="`chances` must be 2 numbers >= 0"):
        TensorSampler(tasks(3, 4)).mixed(0, np.array(chances))


def test_what_is_not_of_a_step_leaves_the_steps_as_they_are() -> None:
    held = [task(7, 20), task(8, 20)]
    with_it = TensorSampler(tasks(30, 30), validation=held, batch=8, rng=5)
    without = TensorSampler(tasks(30, 30), batch=8, rng=5)
    assert set(owners(with_it.validation(1, 6))) == {8}
    assert set(owners(with_it.own_training(1, 6))) == {1}
    for one, other in zip(with_it.by_source(0), without.by_source(0), strict=True):
        torch.testing.assert_close(one, other, rtol=0.0, atol=0.0)


def test_without_a_number_all_held_out_and_own_samples_come() -> None:
    sampler = TensorSampler(tasks(4, 6), targets=[1], validation=[task(3, 5)])
    torch.testing.assert_close(sampler.validation(0)[1], task(3, 5)[1])
    torch.testing.assert_close(sampler.own_training(0)[1], task(1, 6)[1])
    assert (sampler.targets, sampler.sources, sampler.own(0)) == (1, 2, 1)


def test_a_sampler_goes_on_where_another_was() -> None:
    def drawn(sampler: TensorSampler) -> list[Tensor]:
        parts = [*sampler.by_source(0), sampler.batch(1), sampler.validation(1, 4)]
        return [part[1] for part in [*parts, sampler.own_training(0, 4)]]

    first, second = (
        TensorSampler(tasks(50, 60), validation=tasks(9, 9), rng=seed) for seed in (1, 2)
    )
    assert not all(map(torch.equal, drawn(first), drawn(second)))
    second.resume(first.state())
    assert all(map(torch.equal, drawn(first), drawn(second)))
    again = TensorSampler(tasks(50, 60), validation=tasks(9, 9), rng=np.random.default_rng(1))
    fresh = TensorSampler(tasks(50, 60), validation=tasks(9, 9), rng=1)
    assert all(map(torch.equal, drawn(again), drawn(fresh)))


def test_everything_drawn_is_relabelled_for_its_target() -> None:
    def relabel(samples: Any, source: int, target: int) -> Sequence[Tensor]:
        return samples[0] * 0.0 + target, samples[1] * 0.0 + source

    sampler = TensorSampler(
        tasks(4, 4, 4), targets=[2, 1], validation=tasks(4, 4), batch=30, relabel=relabel
    )
    for target, place in enumerate([2, 1]):
        parts = sampler.by_source(target)
        assert [set(owners(part)) for part in parts] == [{0}, {1}, {2}]
        mixed, told = sampler.mixed(target, np.ones(3))
        assert owners(mixed) == told.tolist()
        own = [sampler.validation(target), sampler.own_training(target, 3)]
        assert all(set(owners(part)) == {place} for part in own)
        for part in [*parts, mixed, sampler.batch(target), *own]:
            assert (part[0] == place).all()
            assert hasattr(part, "_fields")


@pytest.mark.parametrize(
    "change",
    [lambda s: s[:1], lambda s: (s[0][:2], s[1][:2]), lambda s: (s[0], 3), lambda s: s[0]],
)
def test_relabelling_must_keep_samples_whole(change: Any) -> None:
    sampler = TensorSampler(tasks(4, 4), relabel=lambda samples, *_: change(tuple(samples)))
    with pytest.raises(InvalidArgumentError, match="`relabel` must"):
        sampler.by_source(0)


def test_processes_share_plain_samples() -> None:
    batch = TensorSampler(tasks(9, 9), batch=7).batch(0)
    parts = [Team(rank, 2).share(batch) for rank in range(2)]
    assert [len(part[0]) for part in parts] == [4, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sources": []}, "`sources` must hold at least one task"),
        ({"sources": [torch.zeros(3, 2)]}, "`sources` must hold, .* tuple of tensors"),
        ({"sources": task(0, 3)}, "`sources` must hold, .* tuple of tensors"),
        ({"sources": [(np.zeros((3, 2)), np.zeros(3))]}, "found .*ndarray.*torch.as_tensor"),
        ({"sources": [(torch.zeros(3, 2), torch.zeros(4))]}, "as many samples"),
        ({"sources": [(torch.tensor(1.0),)]}, "as many samples"),
        ({"sources": [()]}, "as many samples"),
        ({"sources": [3]}, "tuple of tensors"),
        ({"sources": [task(0, 3), task(1, 0)]}, "at least one"),
        ({"sources": [task(0, 3), (torch.zeros(3, 5), torch.zeros(3))]}, "must be alike"),
        ({"sources": [task(0, 3), (torch.zeros(3, 2), torch.arange(3))]}, "must be alike"),
        ({"validation": [task(0, 3)]}, "`validation` must hold one set for each of 2 targets"),
        ({"validation": [task(0, 3)[:1]] * 2}, "`validation` must be alike"),
        ({"targets": []}, "`targets` must be a list of places"),
        ({"targets": [2]}, "0 to 1; found \\[2\\]"),
        ({"targets": [-1]}, "`targets` must"),
        ({"targets": [0.5]}, "`targets` must"),
        ({"targets": 0}, "`targets` must be a list"),
        ({"batch": 0}, "`batch` must be whole and >= 1; found 0"),
        ({"batch": True}, "`batch` must"),
        ({"batch": 2.0}, "`batch` must"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        TensorSampler(**({"sources": tasks(3, 3)} | arguments))


def test_a_rule_that_needs_held_out_samples_says_so() -> None:
    sampler = TensorSampler(tasks(3, 3))
    with pytest.raises(InvalidArgumentError, match="`validation` must be given for this rule"):
        sampler.validation(0)


def test_batches_smaller_than_the_number_of_sources_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="`batch` must be >= 3"):
        TensorSampler(tasks(3, 3, 3), batch=2).by_source(0)

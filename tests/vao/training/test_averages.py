"""The moving average of the weights, by its formula."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from auctionsim.tasks import TASKS
from tests.vao.training.runs import run, same, toy_config, weights_of
from vao.policy import PlannerBidder
from vao.training.averages import MovingAverage


class Part(nn.Module):
    """Two numbers that learn, one that rests and one that is no parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.free = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
        self.rest = nn.Parameter(torch.tensor([7.0], dtype=torch.float64), requires_grad=False)
        self.register_buffer("note", torch.tensor([3.0], dtype=torch.float64))

    def move(self, value: float) -> None:
        """Set all there is."""
        with torch.no_grad():
            for tensor in self.state_dict().values():
                tensor.fill_(value)


@pytest.mark.parametrize("decay", [0.2, 0.9])
def test_it_forgets_as_the_formula_says(decay: float) -> None:
    module = Part()
    average = MovingAverage(module, decay)
    expected = [1.0, -2.0]
    for updates, value in enumerate([4.0, 0.5, -1.0, 8.0] * 30, start=1):
        module.move(value)
        average.update(module)
        kept = min(decay, (1 + updates) / (10 + updates))
        expected = [kept * old + (1.0 - kept) * value for old in expected]
        assert average.weights(module)["free"].tolist() == pytest.approx(expected)


def test_what_does_not_learn_is_as_it_is_now() -> None:
    module = Part()
    average = MovingAverage(module, 0.9)
    module.move(5.0)
    average.update(module)
    found = average.weights(module)
    assert found["rest"].tolist() == found["note"].tolist() == [5.0]
    assert found["free"].tolist() != [5.0, 5.0]


def test_decay_0_keeps_the_weights_themselves() -> None:
    module = Part()
    average = MovingAverage(module, 0.0)
    module.move(5.0)
    average.update(module)
    assert average.weights(module)["free"].tolist() == [5.0, 5.0]
    assert average.state() == (0, {})


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_weights_given_are_no_part_of_the_module_or_the_average(decay: float) -> None:
    module = Part()
    average = MovingAverage(module, decay)
    found = average.weights(module)
    for tensor in found.values():
        tensor.fill_(99.0)
    assert module.free.tolist() == [1.0, -2.0]
    assert average.weights(module)["free"].tolist() == [1.0, -2.0]
    given = average.weights(module)
    module.move(4.0)
    average.update(module)
    assert given["free"].tolist() == [1.0, -2.0]


def test_it_goes_on_from_a_state() -> None:
    module = Part()
    one, other = MovingAverage(module, 0.9), MovingAverage(module, 0.9)
    module.move(4.0)
    one.update(module)
    updates, averages = one.state()
    other.resume(updates, {name: tensor.clone() for name, tensor in averages.items()})
    module.move(-3.0)
    for average in (one, other):
        average.update(module)
    assert torch.equal(one.weights(module)["free"], other.weights(module)["free"])
    with pytest.raises(KeyError, match="free"):
        other.resume(updates, {})


def test_a_run_keeps_the_average() -> None:
    config = toy_config(method="naive")
    plain, average = run(config), run(toy_config(method="naive", ema=0.5))
    assert not same(plain.policy, average.policy)
    losses = [
        [record["losses"] for record in result.history if record["stage"] == "warm"]
        for result in (plain, average)
    ]
    assert losses[0] == losses[1]  # the weights that learn are not touched


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_snapshots_of_a_run_do_not_change_later(ema: float) -> None:
    seen: list[tuple[PlannerBidder, list[torch.Tensor]]] = []

    def look(policy: PlannerBidder) -> dict[str, float]:
        seen.append((policy, weights_of(policy)))
        return dict.fromkeys(TASKS, 0.0)

    run(toy_config(ema=ema, select_every=3), select=look)
    assert len(seen) == 4
    for policy, then in seen:
        assert all(map(torch.equal, weights_of(policy), then))
    for (_, one), (_, later) in pairwise(seen):
        assert not all(map(torch.equal, one, later))

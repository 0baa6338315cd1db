"""AIGB-Pearl: its losses, its stages, and that improvement improves without leaving the data."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from auctionsim.errors import InvalidArgumentError
from tests.vao.planners.samples import FEATURES, SHAPE, STATIC, STEPS, build_planner, make_batch
from vao.batch import Batch, join
from vao.conditions import FIELDS, LOG_RETURN
from vao.planners import Stage, planner_settings
from vao.planners.imagination import path_distance
from vao.planners.pearl import Pearl, state_counts

SMALL = {"width": 8, "heads": 2, "evaluator_width": 8, "inverse_width": 8}


def _pearl(**settings: object) -> Pearl:
    planner = build_planner("pearl", **{**SMALL, **settings})
    assert isinstance(planner, Pearl)
    return planner


def _stage(planner: Pearl, name: str) -> Stage:
    return next(stage for stage in planner.stages() if stage.name == name)


def test_the_stages_run_in_the_order_of_the_paper() -> None:
    planner = _pearl(evaluator_steps=7, improvement_steps=3)
    stages = [(s.name, s.parts, s.steps, s.shared) for s in planner.stages()[1:]]
    assert stages == [
        ("evaluator", ("evaluator",), 7, False),
        ("planner", ("next_state",), None, True),
        ("improvement", ("next_state",), 3, True),
    ]


def test_a_stage_moves_all_of_its_parts_and_the_evaluator_moves_nothing_else() -> None:
    planner = _pearl()
    batch = make_batch(planner)
    for stage in planner.stages():
        planner.zero_grad()
        getattr(planner, stage.loss)(batch).sum().backward()
        for part in stage.parts:
            for name, parameter in planner.get_submodule(part).named_parameters():
                assert parameter.grad is not None, (stage.name, name)
                assert bool((parameter.grad != 0.0).any()), (stage.name, name)
        if stage.name == "evaluator":
            assert all(p.grad is None for p in planner.next_state.parameters())
            assert all(p.grad is None for p in planner.inverse.parameters())


def test_the_evaluator_loss_is_its_three_terms() -> None:
    planner = _pearl(partners=1, pair=2.0, smooth=3.0)
    planner.evaluator.lipschitz.fill_(0.01)
    batch = make_batch(planner)
    alive = Batch(*(part[2:4] for part in batch))
    counts = state_counts(alive.active)
    e, y = planner.evaluator(alive.states, counts, alive.static), alive.to_go[:, 0]
    better = int(y.argmax())
    lead = e[better] - e[1 - better]
    seen = planner.evaluator.visible(alive.states, counts)
    distance = (seen[0] - seen[1]).square().mean().sqrt()
    pair = 2.0 * softplus(-lead) + 3.0 * (lead.abs() - 0.01 * distance).clamp(min=0.0)
    assert torch.allclose(planner.evaluator_loss(alive), (e - y).square() + pair)


def test_exhausted_steps_and_idle_trajectories_carry_no_weight() -> None:
    planner = _pearl()
    batch = make_batch(planner)
    states = batch.states.clone()
    states[0, STEPS // 2 + 1 :] += 1.0
    states[1] += 1.0
    changed = batch._replace(states=states, to_go=batch.to_go + batch.active.sum(1)[:, None].eq(0))
    for loss in (planner.evaluator_loss, planner.improvement_loss):
        assert torch.allclose(loss(batch), loss(changed), atol=1e-12)
        assert loss(batch)[1].item() == 0.0


def test_equal_returns_give_equal_plans_under_the_same_noise() -> None:
    planner = _pearl()
    planner.spans.noise.fill_(0.3)
    batch = make_batch(planner)
    wanted = torch.tensor([1.2, 1.2, 0.4]).double()[:, None].expand(3, 6)
    first, same, other = planner.imagined(batch, wanted)
    assert torch.equal(first, same)
    assert path_distance(first, same).tolist() == [0.0] * 6
    assert bool((path_distance(first, other) > 0.0).all())
    quiet = planner.imagined(batch._replace(noise=0.0 * batch.noise), wanted)[0]
    assert bool((path_distance(first, quiet) > 0.0).all())


def test_plans_ask_for_the_return_and_keep_all_other_requirements() -> None:
    planner = _pearl()
    batch = make_batch(planner)
    own = planner.returns.field(torch.full((6,), 1.7).double())
    requirements = batch.requirements.clone()
    requirements[:, LOG_RETURN] = own
    asked = planner.imagined(batch._replace(requirements=requirements), torch.full((1, 6), 1.7))
    assert torch.equal(asked, planner.imagined(batch, torch.full((1, 6), 1.7)))
    requirements[:, LOG_RETURN + 1] += 1.0
    changed = planner.imagined(batch._replace(requirements=requirements), torch.full((1, 6), 1.7))
    assert not torch.equal(asked, changed)


def test_the_improvement_loss_is_its_three_terms() -> None:
    planner = _pearl(coherence=2.0, divergence=3.0, ambition=1.0)
    batch = Batch(*(part[2:] for part in make_batch(planner)))
    median = batch._replace(noise=batch.noise.index_fill(1, torch.tensor([0]), 0.0))
    best = planner.best_return(median)
    middle = planner.returns.quantile(batch.static, torch.full((4,), 0.5).double())
    plans, others = planner.imagined(median, torch.stack([best, middle]))
    short = best - planner.score(plans, batch.static)
    assert bool((short > 0.0).all())
    for allowed in (0.0, 1e6):
        planner.planned_steepness.fill_(allowed)
        excess = path_distance(plans, others) if allowed == 0.0 else 0.0
        expected = short + 2.0 * excess + 3.0 * planner.divergence(batch)
        assert torch.allclose(planner.improvement_loss(median), expected)


def test_scores_beyond_the_return_asked_for_are_worth_nothing() -> None:
    planner = _pearl(coherence=0.0, divergence=0.0, ambition=0.0)
    with torch.no_grad():
        planner.evaluator.head.bias.fill_(50.0)
    assert planner.improvement_loss(make_batch(planner)).tolist() == [0.0] * 6


@pytest.mark.parametrize("spread", ["constant", "learned"])
def test_divergence_grows_from_0_as_the_planner_leaves_what_it_was(spread: str) -> None:
    planner = _pearl(spread=spread)
    batch = make_batch(planner)
    with torch.no_grad():
        planner.reference.copy_(
            torch.nn.utils.parameters_to_vector(planner.next_state.parameters())
        )
        assert torch.equal(planner.divergence(batch), torch.zeros(6).double())
        planner.next_state.mean.bias[0] += 0.3
    found = planner.divergence(batch)
    assert bool((found[batch.active.any(dim=1)] > 0.0).all())
    if spread == "constant":
        assert torch.allclose(found, 0.5 * 0.3**2 * batch.active.sum(dim=1))


def test_the_return_asked_for_exceeds_the_best_by_the_ambition() -> None:
    planner = _pearl(ambition=0.05, best_quantile=1.0)
    best = planner.returns.quantile(torch.zeros(6, STATIC).double(), torch.ones(6).double())
    batch = make_batch(planner)._replace(static=torch.zeros(6, STATIC).double())
    assert torch.allclose(planner.best_return(batch), 1.05 * best)


def test_measures_are_saved_with_the_weights() -> None:
    planner, other = _pearl(), _pearl()
    sample = _toy(64, planner.loss_noise)
    for stage in planner.stages():
        planner.measure(sample, stage)
    other.load_state_dict(planner.state_dict())
    for loss in ("evaluator_loss", "improvement_loss"):
        assert torch.equal(getattr(planner, loss)(sample), getattr(other, loss)(sample))
    assert float(planner.evaluator.lipschitz) != 1.0
    assert float(planner.planned_steepness) != 1.0


def test_trajectories_that_never_begin_are_not_measured() -> None:
    planner, other = _pearl(), _pearl()
    sample = _toy(64, planner.loss_noise)
    idle = sample._replace(active=0.0 * sample.active, states=sample.states + 3.0)
    for stage in planner.stages():
        planner.measure(sample, stage)
        other.measure(join([idle, sample]), stage)
    for name, value in planner.state_dict().items():
        assert torch.allclose(value, other.state_dict()[name]), name


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("evaluator_steps", -1),
        ("partners", 0),
        ("divergence", -1.0),
        ("best_quantile", 1.5),
        ("coherence_factor", 0.0),
        ("evaluator_width", 7),
    ],
)
def test_settings_that_break_a_rule_are_named(setting: str, value: float) -> None:
    with pytest.raises(InvalidArgumentError, match=setting.split("_")[-1]):
        planner_settings("pearl", {setting: value})


@pytest.mark.parametrize("columns", [(FEATURES,), (-1,), tuple(range(FEATURES))])
def test_the_evaluator_cannot_be_blind_to_what_is_not_there_or_to_all(
    columns: tuple[int, ...],
) -> None:
    with pytest.raises(InvalidArgumentError, match="evaluator_blind"):
        Pearl(planner_settings("pearl", {"evaluator_blind": list(columns)}), SHAPE)


def _toy(samples: int, noise: int, seed: int = 0) -> Batch:
    """Trajectories that drift along feature 0; the faster, the better."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    drift = 0.2 * draw(samples, 1)
    states = 0.1 * draw(samples, STEPS + 1, FEATURES)
    states[..., 0] = drift * torch.arange(STEPS + 1) + 0.05 * draw(samples, STEPS + 1)
    returns = (0.5 * drift[:, 0]).exp()
    requirements = torch.zeros(samples, SHAPE.requirements).double()
    requirements[:, LOG_RETURN] = 5.0 * drift[:, 0]
    requirements[:, len(FIELDS) + LOG_RETURN] = 1.0
    return Batch(
        states=states,
        actions=drift.expand(samples, STEPS),
        active=torch.ones(samples, STEPS).double(),
        static=torch.zeros(samples, STATIC).double(),
        requirements=requirements,
        to_go=returns[:, None] * torch.linspace(1.0, 0.1, STEPS).double(),
        noise=draw(samples, noise),
    )


def _train(planner: Pearl, name: str, steps: int) -> None:
    stage = _stage(planner, name)
    planner.measure(_toy(256, planner.loss_noise), stage)
    parts = [p for part in stage.parts for p in planner.get_submodule(part).parameters()]
    optimiser = torch.optim.Adam(parts, lr=3e-3)
    for step in range(steps):
        batch = _toy(32, planner.loss_noise, seed=step + 1)
        gradients = torch.autograd.grad(getattr(planner, stage.loss)(batch).mean(), parts)
        for parameter, gradient in zip(parts, gradients, strict=True):
            parameter.grad = gradient
        optimiser.step()


def test_improvement_raises_the_score_and_stays_with_the_data() -> None:
    planner = _pearl(consistency=0.0, blocks=1, partners=1, ambition=0.4, divergence=0.01)
    held_out = _toy(128, planner.loss_noise, seed=999)

    def score() -> float:
        plans = planner.imagined(held_out, planner.best_return(held_out)[None])[0]
        return planner.score(plans, held_out.static).mean().item()

    _train(planner, "evaluator", 60)
    assert planner.evaluator_accuracy(held_out) > 0.9
    _train(planner, "planner", 60)
    planner.measure(_toy(256, planner.loss_noise), _stage(planner, "improvement"))
    before = score()
    assert planner.divergence(held_out).max().item() == 0.0
    _train(planner, "improvement", 25)
    assert score() > before + 0.02
    assert planner.divergence(held_out).mean().item() < 3.0
    assert planner.share_at_bounds(held_out).shape == (FEATURES,)

"""DiffBid: what its loss weighs, what its chance decides, and how it plans."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.planners.samples import (
    FEATURES,
    SHAPE,
    STEPS,
    build_planner,
    history_of,
    make_batch,
)
from vao.batch import Batch, History
from vao.conditions import FIELDS, LOG_RETURN
from vao.models.diffusion import Target
from vao.planners import new_planner
from vao.planners.diffbid import Diffbid

SMALL: dict[str, Any] = {"width": 8, "inverse_width": 8, "levels": 10}
TARGETS = get_args(Target)


def build(**settings: object) -> Diffbid:
    planner = build_planner("diffbid", **(SMALL | settings))
    assert isinstance(planner, Diffbid)
    stage = planner.stages()[-1]
    planner.measure(make_batch(planner, samples=64, seed=8), stage)
    return planner


class Scripted(nn.Module):
    """Stands in for the network: says what it was given, and keeps what it was told."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output
        self.path = self.condition = torch.empty(0)

    def forward(self, path: Tensor, levels: Tensor, condition: Tensor) -> Tensor:
        self.path, self.condition = path, condition
        return self.output.expand(*path.shape[:2], FEATURES)


def script(planner: Diffbid, output: Tensor) -> Scripted:
    spy = Scripted(output)
    planner.add_module("denoiser", spy)
    return spy


def scaled(planner: Diffbid, batch: Batch) -> Tensor:
    """The paths that are diffused, for trajectories whose steps are all active."""
    origin, deviation = planner.scale.at(batch.states, planner.draws(batch).present)
    return (batch.states - origin) / deviation


def all_active(planner: Diffbid, samples: int = 6) -> Batch:
    batch = make_batch(planner, samples)
    return batch._replace(active=torch.ones_like(batch.active))


@pytest.mark.parametrize("target", TARGETS)
def test_an_oracle_has_no_loss(target: Target) -> None:
    planner = build(target=target, consistency=0.0)
    batch = all_active(planner)
    draws, path = planner.draws(batch), scaled(planner, batch)
    signal, spread = planner.schedule.at(draws.level)
    velocity = signal * draws.noise - spread * path
    right = {"data": path, "velocity": velocity, "noise": draws.noise}[target]
    script(planner, right)
    torch.testing.assert_close(planner.loss(batch), torch.zeros(6).double(), rtol=0.0, atol=1e-9)
    script(planner, right + 0.5)
    torch.testing.assert_close(planner.loss(batch), torch.full((6,), 0.25).double())


@pytest.mark.parametrize("next_weight", [0.0, 3.0])
def test_the_loss_weighs_what_follows_and_the_next_state_most(next_weight: float) -> None:
    planner = build(consistency=0.0, next_weight=next_weight)
    script(planner, torch.zeros(1).double())
    batch = make_batch(planner)
    errors = scaled(planner, batch).square().mean(-1)
    present, found = planner.draws(batch).present, planner.loss(batch)
    for sample in (0, 2, 3, 4, 5):
        now = int(present[sample])
        end = STEPS // 2 if sample == 0 else STEPS
        assert now < end
        weights = torch.ones(end - now).double()
        weights[0] += next_weight
        expected = (weights * errors[sample, now + 1 : end + 1]).sum() / weights.sum()
        torch.testing.assert_close(found[sample], expected)
    assert found[1] == 0.0


def test_consistency_asks_for_the_actions_that_lead_to_the_estimate() -> None:
    planner, plain = build(consistency=2.0, next_weight=0.0), build(consistency=0.0, next_weight=0)
    batch = all_active(planner)
    for one in (planner, plain):
        script(one, torch.full((1,), 0.3).double())
    present = planner.draws(batch).present
    origin, deviation = planner.scale.at(batch.states, present)
    planned = (origin + 0.3 * deviation).clamp(-5.0, 5.0)
    wrong = planner.inverse(batch.states[:, :-1], planned[:, 1:]) - batch.actions
    extra = planner.loss(batch) - plain.loss(batch)
    for sample, now in enumerate(present.tolist()):
        torch.testing.assert_close(extra[sample], 2.0 * wrong[sample, now:].square().mean())


def test_history_is_clean_and_the_network_is_told_which_states_are() -> None:
    planner = build()
    batch = all_active(planner, samples=40)
    spy = script(planner, torch.zeros(1).double())
    planner.loss(batch)
    draws, path = planner.draws(batch), scaled(planner, batch)
    ahead = torch.arange(STEPS + 1) > draws.present.unsqueeze(-1)
    assert torch.equal(spy.path[..., -1] == 0.0, ahead)
    assert torch.equal(spy.path[..., :-1][~ahead], path[~ahead])
    noisy = planner.schedule.mix(path, draws.noise, draws.level)
    assert torch.equal(spy.path[..., :-1][ahead], noisy[ahead])


def test_chance_is_spread_evenly() -> None:
    planner = build(dropout=0.3)
    batch = make_batch(planner, samples=6000)
    draws = planner.draws(batch)
    active = batch.active.sum(-1)
    assert int(draws.present[1]) == 0
    whole = draws.present[active == STEPS]
    for counts in (torch.bincount(whole), torch.bincount(draws.level)[1:]):
        assert len(counts) in (STEPS, 10)
        shares = counts / counts.sum() * len(counts)
        assert bool(((shares - 1.0).abs() < 0.2).all())
    assert float(draws.asked.mean()) == pytest.approx(0.7, abs=0.03)
    assert not draws.noise[:, 0].any()
    assert float(draws.noise[:, 1:].std()) == pytest.approx(1.0, abs=0.02)


def test_certain_chance_stays_in_range() -> None:
    planner = build()
    batch = make_batch(planner)
    for extreme in (-40.0, 40.0):
        draws = planner.draws(batch._replace(noise=torch.full_like(batch.noise, extreme)))
        assert bool((draws.present >= 0).all())
        assert bool((draws.present[2:] < STEPS).all())
        assert bool(((draws.level >= 1) & (draws.level <= 10)).all())


@pytest.mark.parametrize(("dropout", "hidden"), [(0.0, False), (1.0, True)])
def test_dropout_hides_the_requirements_and_nothing_else(dropout: float, hidden: bool) -> None:
    planner = build(dropout=dropout)
    batch = make_batch(planner)
    spy = script(planner, torch.zeros(1).double())
    planner.loss(batch)
    expected = torch.zeros_like(batch.requirements) if hidden else batch.requirements
    assert torch.equal(spy.condition[:, : SHAPE.requirements], expected)
    facts = spy.condition[:, SHAPE.requirements :]
    assert torch.equal(facts[:, : SHAPE.static], batch.static)


def test_guidance_mixes_plans_with_and_without_the_requirements() -> None:
    batch = make_batch(build())
    one_step = {"sampling_steps": 1, "consistency": 0.0}
    planners = {w: build(guidance=w, **one_step) for w in (0.0, 1.0, 1.5)}
    history = history_of(planners[1.0], batch, 3)
    nothing = history._replace(requirements=torch.zeros_like(history.requirements))
    without, given, more = (planners[w].paths(history) for w in (0.0, 1.0, 1.5))
    torch.testing.assert_close(without, planners[1.0].paths(nothing))
    mixed = (without + 1.5 * (given - without)).clamp(-5.0, 5.0)
    inside = (without.abs() < 5.0) & (given.abs() < 5.0)
    torch.testing.assert_close(more[inside], mixed[inside])
    assert not torch.isclose(given[:, 4:], without[:, 4:]).all()


@pytest.mark.parametrize("step", [0, 3, STEPS - 1])
def test_the_past_comes_back_untouched_and_plans_stay_in_range(step: int) -> None:
    planner = build(sampling_steps=4, temperature=1.0)
    batch = make_batch(planner)
    batch = batch._replace(states=4.0 * batch.states)
    history = history_of(planner, batch, step)
    paths = planner.paths(history)
    assert paths.shape == batch.states.shape
    assert torch.equal(paths[:, : step + 1], history.states)
    assert float(paths[:, step + 1 :].detach().abs().max()) <= 5.0 + 1e-9
    assert torch.equal(planner.plan(history, {}), paths[:, step + 1])
    expected = planner.inverse(history.states[:, -1], paths[:, step + 1])
    assert torch.equal(planner.act(history, {}), expected)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_temperature_scales_the_draw_of_the_day(temperature: float) -> None:
    planner = build(temperature=temperature)
    batch = make_batch(planner)
    one, other = (planner.paths(history_of(planner, batch, 3, seed=seed)) for seed in (3, 4))
    assert torch.equal(one, other) == (temperature == 0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("width", 12), ("width", 0), ("depth", -1), ("levels", 0), ("sampling_steps", 0)),
        *(("sampling_steps", 11), ("dropout", 1.1), ("guidance", -0.1), ("temperature", -1.0)),
        *(("next_weight", float("nan")), ("target", "score")),
    ],
)
def test_broken_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=name):
        new_planner("diffbid", SMALL | {name: value}, SHAPE, seed=0)


def two_modes(planner: Diffbid, samples: int, seed: int) -> tuple[Batch, Tensor]:
    """The first feature rises or falls, as the log return asked for is 1 or -1."""
    generator = torch.Generator().manual_seed(seed)
    batch = Batch(*(part.float() for part in all_active(planner, samples)))
    sign = 2.0 * torch.randint(2, (samples,), generator=generator).float() - 1.0
    states = 0.05 * torch.randn(batch.states.shape, generator=generator)
    states[..., 0] += sign.unsqueeze(-1) * torch.linspace(0.0, 2.0, STEPS + 1)
    requirements = torch.zeros_like(batch.requirements)
    requirements[:, LOG_RETURN] = sign
    requirements[:, len(FIELDS) + LOG_RETURN] = 1.0
    noise = torch.randn(batch.noise.shape, generator=generator)
    return batch._replace(states=states, requirements=requirements, noise=noise), sign


def trained_on_two_modes() -> Diffbid:
    own = {"width": 16, "sampling_steps": 5, "temperature": 1.0, "consistency": 0.0}
    own |= {"dropout": 0.5, "next_weight": 0.0}
    planner = new_planner("diffbid", SMALL | own, SHAPE, seed=0)
    assert isinstance(planner, Diffbid)
    planner.measure(two_modes(planner, 500, seed=0)[0], planner.stages()[-1])
    optimiser = torch.optim.Adam(planner.denoiser.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 150)
    for update in range(150):
        batch, _ = two_modes(planner, 32, seed=1 + update)
        optimiser.zero_grad()
        planner.loss(batch).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return planner


def test_it_learns_two_modes_told_apart_by_what_is_asked() -> None:
    planner = trained_on_two_modes()
    batch, sign = two_modes(planner, 400, seed=999)
    history = History(*(part.float() for part in history_of(planner, batch, 0)))
    nothing = history._replace(requirements=torch.zeros_like(history.requirements))
    with torch.no_grad():
        asked, free = (planner.paths(one)[:, -1, 0] for one in (history, nothing))
    assert float((asked.sign() == sign).float().mean()) > 0.97
    assert float((asked - 2.0 * sign).square().mean()) < 0.3
    # Where nothing is asked both modes are drawn, and few days between them.
    assert 0.2 < float((free > 0.0).float().mean()) < 0.8
    assert float((free.abs() > 1.0).float().mean()) > 0.6

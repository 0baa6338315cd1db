"""AIGB-Pearl: a planner that goes on learning from a judge of the trajectories it plans."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from auctionsim.errors import invalid_argument
from vao.batch import Batch
from vao.conditions import LOG_RETURN
from vao.models.return_range import ReturnRange
from vao.models.trajectory_evaluator import (
    TrajectoryEvaluator,
    lipschitz_excess,
    pair_accuracy,
    pair_loss,
    steepness,
)
from vao.planners.aigb import Aigb
from vao.planners.imagination import (
    Spans,
    gaussian_divergence,
    imagine,
    one_step_errors,
    path_distance,
    planning_steepness,
)
from vao.planners.pearl_settings import PearlSettings
from vao.planners.protocol import Shape, Stage

__all__ = ["Pearl", "PearlSettings", "state_counts"]

_PARTNERS = 4
"""Partners of a trajectory when the data's Lipschitz constant is measured."""


class Pearl(Aigb):
    """AIGB-Pearl (Mou et al., 2025): AIGB, then score maximisation within bounds.

    An evaluator learns the quality y of trajectories (return over budget) from points and pairs.
    Then the planner, already trained by likelihood, learns to plan trajectories that score well
    when it is asked for y* = (1 + ambition) y_m, while it stays likely on the data and does not
    change its plan faster with the return asked for than the data do (eq. 12).

    Differences from the paper:

    - The score's gradient runs through the planned trajectories (reparameterised; the paper uses
      REINFORCE), which are held within the range of the data's states.
    - A score beyond y* earns nothing: such scores are not in the data, and a planner that is paid
      for them finds where the evaluator is wrong.
    - The KL divergence is that from the planner before improvement, not from single trajectories,
      whose noise drowns the score's gradient.
    - Static features stand for the embedding of a text; y_m depends on them.
    - Norms are root mean squares and means over time, which rescales Lipschitz constants only.
    - Plans are judged as if no budget ran out.
    - Acting, it follows the return that is asked for, as AIGB does; the paper asks for y*.
    """

    Settings: ClassVar[type[PearlSettings]] = PearlSettings
    settings: PearlSettings
    planned_steepness: Tensor
    reference: Tensor

    def __init__(self, settings: PearlSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        wrong = [c for c in settings.evaluator_blind if not 0 <= c < shape.features]
        if wrong or len(set(settings.evaluator_blind)) >= shape.features:
            rule = f"must be columns within 0..{shape.features - 1}, and not all"
            found = list(settings.evaluator_blind)
            raise invalid_argument("settings.evaluator_blind", rule, found, "Change them.")
        self.loss_noise = 1 + shape.steps * shape.features
        self.evaluator = TrajectoryEvaluator(
            features=shape.features,
            static=shape.static,
            states=shape.steps + 1,
            width=settings.evaluator_width,
            blocks=settings.evaluator_blocks,
            heads=settings.heads,
            blind=settings.evaluator_blind,
        )
        self.returns = ReturnRange(shape.static)
        self.spans = Spans(shape.features)
        self.register_buffer("planned_steepness", torch.tensor(1.0))
        weights = parameters_to_vector(self.next_state.parameters()).detach()
        self.register_buffer("reference", weights)

    def stages(self) -> tuple[Stage, ...]:
        """See `Planner.stages`."""
        steps = self.settings.evaluator_steps, self.settings.improvement_steps
        return (
            self.inverse_stage,
            Stage("evaluator", "evaluator_loss", ("evaluator",), steps[0], shared=False),
            Stage("planner", "loss", ("next_state",)),
            Stage("improvement", "improvement_loss", ("next_state",), steps[1], learning_rate=0.1),
        )

    def measure(self, sample: Batch, stage: Stage) -> None:
        """See `Planner.measure`."""
        if stage.name not in ("evaluator", "improvement"):
            return
        begun = sample.active.amax(dim=1) > 0.0
        sample = Batch(*(part[begun] for part in sample))
        with torch.no_grad():
            if stage.name == "evaluator":
                self._measure_qualities(sample)
            else:
                self._measure_plans(sample)

    def _measure_qualities(self, sample: Batch) -> None:
        """Set the bounds of the evaluator: how high, and how steep."""
        qualities, counts = sample.to_go[:, 0], state_counts(sample.active)
        seen = self.evaluator.visible(sample.states, counts)
        share = self.settings.steep_quantile
        self.evaluator.lipschitz.copy_(steepness(qualities, seen, _PARTNERS, share))
        self.evaluator.ceiling.copy_(1.5 * torch.quantile(qualities, 0.999))

    def _measure_plans(self, sample: Batch) -> None:
        """Find what can be asked for, how plans vary, and how they may change with the return."""
        qualities, counts = sample.to_go[:, 0], state_counts(sample.active)
        self.returns.fit(sample.static, qualities, sample.requirements[:, LOG_RETURN])
        self.spans.fit(sample.states, counts, one_step_errors(self.next_state, sample))
        found = planning_steepness(sample.states, counts, sample.static, qualities)
        self.reference.copy_(parameters_to_vector(self.next_state.parameters()))
        self.planned_steepness.copy_(self.settings.coherence_factor * found)

    def evaluator_loss(self, batch: Batch) -> Tensor:
        """Errors of the evaluator: squared, in the order of pairs, and in smoothness, (n,)."""
        counts, qualities = state_counts(batch.active), batch.to_go[:, 0]
        begun = batch.active.amax(dim=1)
        estimates = self.evaluator(batch.states, counts, batch.static)
        seen = self.evaluator.visible(batch.states, counts)
        loss: Tensor = (estimates - qualities).square()
        settings = self.settings
        for shift in range(1, settings.partners + 1):
            excess = lipschitz_excess(estimates, seen, self.evaluator.lipschitz, shift)
            errors = settings.pair * pair_loss(estimates, qualities, shift)
            errors = errors + settings.smooth * excess
            loss = loss + errors * begun.roll(shift) / settings.partners
        return loss * begun

    def improvement_loss(self, batch: Batch) -> Tensor:
        """What the plans' scores fall short of y*, within bounds, (n,) (eq. 12).

        The planner's Lipschitz condition compares the plans under y* with those under a return
        drawn from the data, both driven by the same noise (synchronous coupling).
        """
        best = self.best_return(batch)
        level = 0.5 * (1.0 + torch.erf(batch.noise[:, 0] / 2.0**0.5))
        other = self.returns.quantile(batch.static, level)
        plans, compared = self.imagined(batch, torch.stack([best, other]))
        allowed = self.planned_steepness * (best - other).abs()
        excess = (path_distance(plans, compared) - allowed).relu()
        error = (best - self.score(plans, batch.static)).relu()
        error = (error + self.settings.coherence * excess) * batch.active.amax(dim=1)
        return error + self.settings.divergence * self.divergence(batch)

    def divergence(self, batch: Batch) -> Tensor:
        """KL divergence from the planner as improvement found it, in nats a trajectory, (n,).

        Measured on the histories in the data, half under their own returns and half under y*. It is
        what the negative log-likelihood of the data rises by, without the noise of single
        trajectories, which would drown the score.
        """
        asked = self._asking(batch, self.best_return(batch)[None])[0]
        inputs = (
            torch.cat([batch.requirements, asked]).unsqueeze(1),
            batch.states[:, :-1].repeat(2, 1, 1),
            batch.static.repeat(2, 1),
        )
        now = self.next_state(*inputs)
        then = functional_call(self.next_state, self._reference_weights(), inputs)
        nats = gaussian_divergence(then, now, self.spans.noise).sum(dim=-1)
        half: Tensor = 0.5 * (nats * batch.active.repeat(2, 1)).sum(dim=-1)
        return half.view(2, -1).sum(dim=0)

    def _reference_weights(self) -> dict[str, Tensor]:
        """Weights of the planner as improvement found it."""
        named = dict(self.next_state.named_parameters())
        parts = torch.split(self.reference, [value.numel() for value in named.values()])
        return {
            name: part.view(value.shape)
            for (name, value), part in zip(named.items(), parts, strict=True)
        }

    def best_return(self, batch: Batch) -> Tensor:
        """y*, the return to be asked for, (n,), in the units of `Batch.to_go`."""
        level = torch.full_like(batch.static[:, 0], self.settings.best_quantile)
        return (1.0 + self.settings.ambition) * self.returns.quantile(batch.static, level)

    def imagined(self, batch: Batch, wanted: Tensor) -> Tensor:
        """Plan whole trajectories from the first states on, with the noise of the batch.

        Args:
            batch: n trajectories, of which the first states are used.
            wanted: (k, n) returns to ask for in place of theirs.

        Returns:
            (k, n, T + 1, features); the k share their noise.
        """
        copies, samples = wanted.shape
        noise = batch.noise[:, 1:].reshape(samples, self.shape.steps, self.shape.features)
        states = imagine(
            self.next_state,
            self._asking(batch, wanted).flatten(0, 1),
            batch.states[:, :1].repeat(copies, 1, 1),
            batch.static.repeat(copies, 1),
            noise.repeat(copies, 1, 1),
            self.spans,
        )
        return states.view(copies, samples, *states.shape[1:])

    def _asking(self, batch: Batch, wanted: Tensor) -> Tensor:
        """Requirements (k, n, requirements) that ask for returns (k, n), else for the same."""
        before, _, after = batch.requirements.tensor_split((LOG_RETURN, LOG_RETURN + 1), dim=1)
        field = self.returns.field(wanted).unsqueeze(-1)
        copies = len(wanted)
        parts = before.expand(copies, -1, -1), field, after.expand(copies, -1, -1)
        return torch.cat(parts, dim=-1)

    def score(self, trajectories: Tensor, static: Tensor) -> Tensor:
        """The evaluator's estimates for trajectories of which all states count, (n,)."""
        scores: Tensor = self.evaluator(
            trajectories, trajectories.new_ones(trajectories.shape[:2]), static
        )
        return scores

    def evaluator_accuracy(self, batch: Batch) -> float:
        """Share of all pairs that the evaluator puts in the right order; see `pair_accuracy`."""
        counts = state_counts(batch.active)
        with torch.no_grad():
            estimates = self.evaluator(batch.states, counts, batch.static)
        return pair_accuracy(estimates, batch.to_go[:, 0])

    def share_at_bounds(self, batch: Batch) -> Tensor:
        """Share of the states planned for y* that had to be held within the data's range.

        Returns:
            One share a feature, (features,); the first state, which is given, does not count.
        """
        with torch.no_grad():
            plans = self.imagined(batch, self.best_return(batch)[None])[0]
        return self.spans.share_at_bounds(plans[:, 1:])


def state_counts(active: Tensor) -> Tensor:
    """Which states count, (n, T + 1): those before the active steps (n, T), and after them."""
    return torch.cat([active[:, :1], active], dim=1)

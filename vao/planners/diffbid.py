"""DiffBid: conditional diffusion over the states of a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, get_args

import torch
from torch import Tensor

from auctionsim.errors import invalid_argument, unknown_name
from vao.batch import Batch, History
from vao.models.diffusion import CosineSchedule, Target, ddim
from vao.models.normaliser import LIMIT
from vao.models.path_scale import PathScale
from vao.models.temporal_unet import GROUP, TemporalUNet
from vao.planners.protocol import Memory, Shape, Stage, mean_over_active
from vao.planners.settings import check_counts, check_numbers
from vao.planners.state_planner import StatePlanner, StatePlannerSettings

__all__ = ["Diffbid", "DiffbidSettings"]

_DRAWS = 3


@dataclass(frozen=True)
class DiffbidSettings(StatePlannerSettings):
    """Settings of DiffBid.

    Attributes:
        consistency: Weight of the consistency term: the inverse dynamics are asked for the actions
            that lead to the estimate of the clean path, at whatever level of noise.
        width: Channels of the U-Net, a multiple of 8.
        depth: How often it halves the steps.
        levels: K, levels of noise.
        sampling_steps: Estimates made to plan, at most `levels`.
        target: What the network outputs: "data", "velocity" or "noise" (see `diffusion.Target`).
        dropout: Share of samples whose requirements are hidden in training.
        guidance: w: 0 plans without the requirements, 1 with them; above 1 overstates them. Others
            than 1 take twice the time.
        temperature: Factor of the noise that a plan starts from: 1 samples a path; lower ones stay
            nearer to what is usual (Ajay et al., 2023); at 0 the draw does not matter.
        next_weight: Weight of the next state, which alone decides the action, beyond the 1 of all
            that follow.
    """

    width: int = 32
    depth: int = 1
    levels: int = 25
    sampling_steps: int = 3
    target: Target = "data"
    dropout: float = 0.2
    guidance: float = 1.0
    temperature: float = 0.5
    next_weight: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "width", "levels", "sampling_steps")
        check_counts(self, "depth", least=0)
        check_numbers(self, "guidance", "temperature", "next_weight")
        check_numbers(self, "dropout", most=1.0)
        if self.width % GROUP:
            rule = f"must be a multiple of {GROUP}"
            raise invalid_argument("settings.width", rule, self.width, "Round it.")
        if self.sampling_steps > self.levels:
            rule = f"must be <= levels = {self.levels}"
            raise invalid_argument(
                "settings.sampling_steps", rule, self.sampling_steps, "Lower it."
            )
        if self.target not in get_args(Target):
            raise unknown_name("settings.target", str(self.target), get_args(Target))


class Draws(NamedTuple):
    """The chance in the losses of n trajectories.

    Attributes:
        noise: (n, T + 1, features) standard normals; 0 for the first state, which is always known.
        present: (n,) index of the last state that is known.
        level: (n,) level of noise, in 1..K.
        asked: (n,) 1, or 0 where the requirements are hidden.
    """

    noise: Tensor
    present: Tensor
    level: Tensor
    asked: Tensor


class Diffbid(StatePlanner):
    """DiffBid (Guo et al., 2024): it imagines the rest of the day, and acts on its first step.

    The states of a day are diffused from a random step on, those before stay clean, in training as
    at acting; a temporal U-Net is told which are which, and learns to take the noise out again,
    given the requirements and the static features. Hiding the requirements of some samples (all
    mask bits 0) allows to overstate them at acting: classifier-free guidance (Ho and Salimans,
    2021). DDIM completes the path from one draw a seat and day, so plans do not jump.

    States are kept standardised, as the schedule mixes them with noise of that size, rather than
    squeezed into [-1, 1], where the noise would drown them; estimates are held to their range, +-5.

    Much differs from the paper. The network estimates the clean path rather than the noise,
    by default: after few updates and in few sampling steps it comes closest to the data, while the
    noise, divided by the little signal at the first step, leads nowhere (`target`). What is
    diffused is the change since the present state, standardised (`PathScale`). And the loss is
    about the next state above all (`next_weight`), since only this one becomes an action. By
    default there is no guidance (1, where the paper has 0.2 of a form in which 0 is none, and its
    users 1.2), the noise is halved (`temperature`), and 3 of 25 levels are visited; the inverse
    dynamics see the present state alone, where the paper's see up to three.
    """

    Settings: ClassVar[type[DiffbidSettings]] = DiffbidSettings
    settings: DiffbidSettings
    heads = ("denoiser.leave",)

    def __init__(self, settings: DiffbidSettings, shape: Shape) -> None:
        super().__init__(settings, shape)
        self.scale = PathScale(shape.features, shape.steps)
        self.schedule = CosineSchedule(settings.levels)
        self.denoiser = TemporalUNet(
            inputs=shape.features + 1,
            outputs=shape.features,
            condition=shape.requirements + shape.static + shape.features,
            steps=shape.steps + 1,
            width=settings.width,
            depth=settings.depth,
        )
        self.action_noise = shape.steps * shape.features
        self.loss_noise = self.action_noise + _DRAWS

    def stages(self) -> tuple[Stage, ...]:
        """See `Planner.stages`."""
        # An update sees one step of a trajectory, not all of them: larger ones make up for it.
        return self.inverse_stage, Stage("planner", "loss", ("denoiser",), learning_rate=4.0)

    def measure(self, sample: Batch, stage: Stage) -> None:
        """See `Planner.measure`."""
        if stage.name == "planner":
            self.scale.fit(sample.states, sample.active)

    def _normals(self, noise: Tensor) -> Tensor:
        """Arrange normals (n, T * features) as noise of paths, (n, T + 1, features)."""
        later = noise.reshape(len(noise), self.shape.steps, self.shape.features)
        return torch.cat([torch.zeros_like(later[:, :1]), later], dim=1)

    def draws(self, batch: Batch) -> Draws:
        """Turn a batch's normals into all the chance that its losses need."""
        normals = batch.noise[:, : self.action_noise]
        present, level, asked = torch.special.ndtr(batch.noise[:, self.action_noise :]).unbind(-1)
        levels = self.settings.levels
        return Draws(
            noise=self._normals(normals),
            present=_below(present, _ends(batch.active)),
            level=1 + _below(level, torch.full_like(level, levels)),
            asked=(asked >= self.settings.dropout).to(asked.dtype),
        )

    def _estimate(self, noisy: Tensor, known: Tensor, levels: Tensor, condition: Tensor) -> Tensor:
        """Estimate clean scaled paths (n, T + 1, features) at levels (n,), known (n, T + 1)."""
        told = torch.cat([noisy, known.to(noisy.dtype).unsqueeze(-1)], dim=-1)
        output = self.denoiser(told, levels, condition)
        return self.schedule.data_from(output, noisy, levels, self.settings.target)

    def loss(self, batch: Batch) -> Tensor:
        """See `Planner.loss`."""
        noise, present, levels, asked = self.draws(batch)
        states = _hold(batch.states, _ends(batch.active))
        ahead = torch.arange(states.shape[1], device=states.device) - present.unsqueeze(-1)
        origin, deviation = self.scale.at(states, present)
        path = (states - origin) / deviation
        noisy = self.schedule.mix(path, noise, levels)
        noisy = torch.where((ahead <= 0).unsqueeze(-1), path, noisy)
        here = states.gather(1, present[:, None, None].expand(-1, 1, states.shape[-1]))[:, 0]
        requirements = batch.requirements * asked.unsqueeze(-1)
        condition = torch.cat([requirements, batch.static, here], dim=-1)
        found = self._estimate(noisy, ahead <= 0, levels, condition)
        error = (found - path).square() * self.schedule.weight(levels, self.settings.target)
        error = error.mean(dim=-1)[:, 1:]
        if self.settings.consistency > 0.0:
            planned = (found * deviation + origin).clamp(-LIMIT, LIMIT)[:, 1:]
            error = error + self.consistency_error(states[:, :-1], planned, batch.actions)
        weight = (ahead > 0) + self.settings.next_weight * (ahead == 1)
        return mean_over_active(error, batch.active * weight[:, 1:])

    def _guided(self, noisy: Tensor, known: Tensor, level: int, history: History) -> Tensor:
        """Estimate clean scaled paths by classifier-free guidance; `known` is (T + 1,)."""
        levels = torch.full((len(noisy),), level, device=noisy.device)
        facts = torch.cat([history.static, history.states[:, -1]], dim=-1)
        asked = history.requirements[:, -1]

        def given(requirements: Tensor) -> Tensor:
            condition = torch.cat([requirements, facts], dim=-1)
            return self._estimate(noisy, known.expand(len(noisy), -1), levels, condition)

        guidance, path = self.settings.guidance, given(asked)
        if guidance == 1.0:
            return path
        without = given(torch.zeros_like(asked))
        return without + guidance * (path - without)

    def paths(self, history: History) -> Tensor:
        """Complete the paths of the day, (n, T + 1, features); the past is as it was."""
        step, now = history.step, history.states[:, -1:]
        states = torch.cat([history.states, now.expand(-1, self.shape.steps - step, -1)], dim=1)
        known = torch.arange(states.shape[1], device=now.device) <= step
        present = torch.full((len(now),), step, device=now.device)
        origin, deviation = self.scale.at(states, present)

        def estimate(noisy: Tensor, level: int) -> Tensor:
            path = self._guided(noisy, known, level, history)
            limited = (path * deviation + origin).clamp(-LIMIT, LIMIT)
            return (limited - origin) / deviation

        noise = self.settings.temperature * self._normals(history.noise)
        fixed, steps = (states - origin) / deviation, self.settings.sampling_steps
        path = ddim(estimate, noise, fixed, known.unsqueeze(-1), self.schedule, steps)
        return torch.where(known.unsqueeze(-1), states, path * deviation + origin)

    def plan(self, history: History, memory: Memory) -> Tensor:
        """See `StatePlanner.plan`."""
        return self.paths(history)[:, history.step + 1]


def _ends(active: Tensor) -> Tensor:
    """Steps up to the last active one, (n,), of active (n, T)."""
    return (active.flip(-1).cumsum(-1) > 0).sum(-1)


def _below(uniform: Tensor, ends: Tensor) -> Tensor:
    """Turn uniforms (n,) into whole numbers from 0 to below ends (n,); 0 where these are 0."""
    drawn = (uniform * ends).long()
    return torch.minimum(drawn, ends.long() - 1).clamp(min=0)


def _hold(states: Tensor, ends: Tensor) -> Tensor:
    """States (n, T + 1, features) of which none after index `ends` (n,) is read: it stays."""
    index = torch.arange(states.shape[1], device=states.device).minimum(ends.unsqueeze(-1))
    return states.gather(1, index.unsqueeze(-1).expand(-1, -1, states.shape[-1]))

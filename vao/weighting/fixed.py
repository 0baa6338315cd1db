"""Weights set beforehand: the controls that a measured weight has to beat."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from auctionsim.errors import invalid_argument
from vao.planners.settings import check_numbers
from vao.weighting.equal import NO_SETTINGS, NoSettings
from vao.weighting.finite import finite_losses
from vao.weighting.gradients import accumulate, joined_means
from vao.weighting.protocol import ALONE, Context, Sampler, StepReport, Weighting

__all__ = ["FixedShares", "OwnHeavy", "OwnHeavySettings", "Schedule", "ScheduleSettings", "Uniform"]

_TOLD = 20
"""How often in a training a schedule reports where it stands."""


class FixedShares(Weighting):
    """The gradient of sum_k sum_i w_ik R_ik, with weights that only the step can change.

    R_ik is the mean loss of target k on source i. As validation-aligned weights do, it draws an
    even share of a target's samples from each source, so that weights are all they differ by.
    """

    weighs = "sources"

    def __init__(self, settings: Any, context: Context = ALONE) -> None:
        self.settings = settings
        self._team = context.team

    @abstractmethod
    def own_share(self, step: int, sources: int) -> float:
        """Return what a target's own source weighs, in [0, 1]; the others share the rest evenly.

        Args:
            step: Index of the update, from 0.
            sources: Number of sources.
        """

    def tells(self, step: int) -> bool:
        """Whether the weights of this step are worth a report."""
        return step == 0

    def weights(self, sampler: Sampler, step: int) -> Tensor:
        """Return w_ik, (targets, sources) in float64; rows sum to 1."""
        sources = sampler.sources
        if sources == 1:
            return torch.ones((sampler.targets, 1), dtype=torch.float64)
        share = self.own_share(step, sources)
        rest = (1.0 - share) / (sources - 1)
        rows = torch.full((sampler.targets, sources), rest, dtype=torch.float64)
        for target in range(sampler.targets):
            rows[target, sampler.own(target)] = share
        return rows

    def accumulate(self, objective: nn.Module, sampler: Sampler, step: int) -> StepReport:
        """See `Weighting.accumulate`."""
        batches = [batch for k in range(sampler.targets) for batch in sampler.by_source(k)]
        means = joined_means(objective, batches, self._team)
        weights = self.weights(sampler, step).to(means)
        losses = (weights * means.view(weights.shape)).sum(dim=1)
        accumulate(objective, losses.sum(), step, self._team)
        told = weights if self.tells(step) else None
        return StepReport(finite_losses(losses, self._team, step), weights=told)


class Uniform(FixedShares):
    """All sources of a target weigh the same, whatever their sizes."""

    Settings = NoSettings

    def __init__(self, settings: NoSettings = NO_SETTINGS, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def own_share(self, step: int, sources: int) -> float:
        """See `FixedShares.own_share`."""
        return 1.0 / sources


@dataclass(frozen=True)
class OwnHeavySettings:
    """Settings of `OwnHeavy`.

    Attributes:
        own: What a target's own source weighs, in [0, 1]; an only source weighs 1 whatever it is.

    Raises:
        InvalidArgumentError: If it is out of range.
    """

    own: float = 0.6

    def __post_init__(self) -> None:
        check_numbers(self, "own", most=1.0)


_HEAVY = OwnHeavySettings()


class OwnHeavy(FixedShares):
    """A target's own source weighs most, and the others share the rest evenly."""

    Settings = OwnHeavySettings
    settings: OwnHeavySettings

    def __init__(self, settings: OwnHeavySettings = _HEAVY, context: Context = ALONE) -> None:
        super().__init__(settings, context)

    def own_share(self, step: int, sources: int) -> float:
        """See `FixedShares.own_share`."""
        return self.settings.own


@dataclass(frozen=True)
class ScheduleSettings:
    """Settings of `Schedule`.

    Attributes:
        until: Share of the training after which own data alone count, in (0, 1].

    Raises:
        InvalidArgumentError: If it is out of range.
    """

    until: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self, "until", most=1.0, above=True)


_WHOLE = ScheduleSettings()


class Schedule(FixedShares):
    """From uniform weights at the first step to own data alone, along a straight line.

    Late in training, measured weights tend to move the same way whatever the sources are worth:
    where the weighted gradients come near to cancelling, a target's own stays aligned with the
    held-out gradient and the others, which cancel it, turn against it.
    """

    Settings = ScheduleSettings
    settings: ScheduleSettings

    def __init__(self, settings: ScheduleSettings = _WHOLE, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        self._steps = context.steps

    def own_share(self, step: int, sources: int) -> float:
        """See `FixedShares.own_share`.

        Raises:
            InvalidArgumentError: If the context does not know the number of steps.
        """
        if self._steps < 1:
            rule = "must be >= 1 for a schedule, which ends with the training"
            mend = "Build it with Context(steps=...)."
            raise invalid_argument("context.steps", rule, self._steps, mend)
        gone = step / max(1, self._steps - 1)
        begin = 1.0 / sources
        return begin + (1.0 - begin) * min(1.0, gone / self.settings.until)

    def tells(self, step: int) -> bool:
        """See `FixedShares.tells`."""
        return step % max(1, self._steps // _TOLD) == 0 or step == self._steps - 1

"""FAMO: all losses shall fall at the same rate, as seen from the losses alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from auctionsim.errors import invalid_argument
from vao.planners.settings import check_numbers
from vao.weighting.balance.checks import above_floor, check_floor
from vao.weighting.balance.learned import Learned
from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.protocol import ALONE, Context, Samples

__all__ = ["Famo", "FamoSettings"]

_TINY = 1e-8
"""Added to losses beneath logarithms, as the authors do."""


@dataclass(frozen=True)
class FamoSettings:
    """Settings of FAMO; the defaults are the paper's.

    Attributes:
        learning_rate: Of the targets' logits.
        decay: gamma, the weight decay of the logits.
        floor: b, what all losses exceed; it is subtracted from them.

    Raises:
        InvalidArgumentError: If a value breaks its rule.
    """

    learning_rate: float = 0.025
    decay: float = 1e-3
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, "learning_rate", "decay")
        check_floor(self)


_DEFAULT = FamoSettings()


class Famo(LossBalance):
    """Fast adaptive multitask optimisation (Liu et al., NeurIPS 2023, algorithm 1).

    w_k is in proportion to z_k / (l_k - b), z = softmax(logits). After each update the losses of
    the same samples are taken anew, and the logits step by Adam along the gradient of
    sum_k z_k log((l_k - b) before / after): targets whose losses fell more get to weigh less. The
    training has to call `stepped` for that.
    """

    # Own lines in place of torchjd's FAMO, which tests compare with: its logits and moments are
    # private, so that a run could not be resumed.

    Settings = FamoSettings

    def __init__(self, settings: FamoSettings = _DEFAULT, context: Context = ALONE) -> None:
        super().__init__(settings, context)
        self._logits = Learned(settings.learning_rate, settings.decay)
        self._batches: Sequence[Samples] = ()
        self._before: Tensor | None = None
        self._step = 0

    def weigh(self, losses: Tensor, step: int) -> Tensor:
        """See `LossBalance.weigh`.

        Raises:
            InvalidArgumentError: If `stepped` was not called after the update before.
        """
        if self._before is not None:
            rule = "must be called after each update: FAMO learns from how far losses fell"
            mend = "Call `rule.stepped(objective)` after `optimiser.step()`."
            raise invalid_argument("stepped", rule, f"no call before step {step}", mend)
        self._before = above_floor(losses, self.settings.floor, step) + _TINY
        return self._logits.values(len(losses)).softmax(dim=0) / self._before

    def drew(self, batches: Sequence[Samples], step: int) -> None:
        """See `LossBalance.drew`."""
        self._batches, self._step = batches, step

    def stepped(self, objective: nn.Module) -> None:
        """See `Weighting.stepped`.

        Raises:
            DivergedError: If a loss is no longer above its floor.
        """
        if self._before is None:
            return
        losses = self.measure(objective, self._batches)
        after = above_floor(losses, self.settings.floor, self._step) + _TINY
        fall = self._before.log() - after.log()
        shares = self._logits.values(len(fall)).softmax(dim=0)
        self._logits.descend(shares * (fall - (shares * fall).sum()))
        self._before, self._batches = None, ()

    def state(self) -> dict[str, Tensor]:
        """See `Weighting.state`; taken between an update and the next."""
        return self._logits.state()

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """See `Weighting.resume`."""
        self._logits.resume(state)
        self._before, self._batches = None, ()

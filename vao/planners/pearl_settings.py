"""Settings of AIGB-Pearl."""

from __future__ import annotations

from dataclasses import dataclass

from vao.planners.aigb import AigbSettings
from vao.planners.settings import check_counts, check_numbers, check_width

__all__ = ["PearlSettings"]


@dataclass(frozen=True)
class PearlSettings(AigbSettings):
    """Settings of AIGB-Pearl, beside those of AIGB. The paper gives no weights; these are ours.

    Attributes:
        evaluator_steps: Updates of the evaluator.
        evaluator_width: Size of its hidden features, a multiple of `heads`.
        evaluator_blocks: Its Transformer blocks.
        evaluator_blind: Columns of the states that it does not see: what a plan can claim, but
            not bring about.
        partners: Trajectories of the batch that each one is compared with.
        pair: Weight of the evaluator's pair loss (beta_4).
        smooth: Weight of its Lipschitz condition (beta_1).
        steep_quantile: The evaluator may be as steep as this quantile of the data's pairs.
        improvement_steps: Updates that raise the evaluator's score of the plans.
        divergence: Weight of the KL divergence in them (beta_2), in returns a nat: what a plan
            gains has to be worth how unlikely it gets.
        coherence: Weight of the planner's Lipschitz condition (beta_3).
        coherence_factor: The planner may be so many times as steep in the return asked for as
            the data are.
        best_quantile: y_m, the best return in the data given the static features, is this
            quantile of it.
        ambition: Share by which y*, the return asked for, exceeds y_m.
    """

    evaluator_steps: int = 600
    evaluator_width: int = 64
    evaluator_blocks: int = 1
    evaluator_blind: tuple[int, ...] = ()
    partners: int = 4
    pair: float = 1.0
    smooth: float = 1.0
    steep_quantile: float = 0.99
    improvement_steps: int = 100
    divergence: float = 0.1
    coherence: float = 1.0
    coherence_factor: float = 1.3
    best_quantile: float = 0.95
    ambition: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        check_counts(self, "evaluator_steps", "improvement_steps", least=0)
        check_counts(self, "evaluator_width", "evaluator_blocks", "partners")
        check_width(self.evaluator_width, self.heads)
        check_numbers(self, "pair", "smooth", "divergence", "coherence", "ambition")
        check_numbers(self, "coherence_factor", above=True)
        check_numbers(self, "steep_quantile", "best_quantile", most=1.0, above=True)

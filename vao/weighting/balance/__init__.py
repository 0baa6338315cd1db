"""Rules of multi-task optimisation: they weigh the targets against each other, not the sources."""

from __future__ import annotations

from vao.weighting.balance.cagrad import CaGrad
from vao.weighting.balance.dynamic_average import DynamicAverage
from vao.weighting.balance.fairness import FairGrad, NashMtl
from vao.weighting.balance.famo import Famo
from vao.weighting.balance.go4align import Go4Align
from vao.weighting.balance.grad_norm import GradNorm
from vao.weighting.balance.gradient_balance import GradientBalance, GramianBalance
from vao.weighting.balance.imtl import ImtlG
from vao.weighting.balance.loss_balance import LossBalance
from vao.weighting.balance.mgda import Mgda
from vao.weighting.balance.pcgrad import PcGrad
from vao.weighting.balance.random_weights import RandomWeights
from vao.weighting.balance.uncertainty import Uncertainty

__all__ = [
    "CaGrad",
    "DynamicAverage",
    "FairGrad",
    "Famo",
    "Go4Align",
    "GradNorm",
    "GradientBalance",
    "GramianBalance",
    "ImtlG",
    "LossBalance",
    "Mgda",
    "NashMtl",
    "PcGrad",
    "RandomWeights",
    "Uncertainty",
]

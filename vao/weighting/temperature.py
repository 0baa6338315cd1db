"""Lambda set by what it does: by the number of effective sources, or by the alignments' noise."""

from __future__ import annotations

import torch
from torch import Tensor

from vao.weighting.settings import VaoSettings

__all__ = ["effective_sources", "temperature_for_sources", "temperatures"]

_HALVINGS = 60
_RANGE = 1e-6, 1e6
"""Lambda over the largest difference of a target's alignments, at the ends of the search."""


def effective_sources(weights: Tensor) -> Tensor:
    """Return exp of the entropy of each target's weights, (targets,): 1 to the number of sources.

    Args:
        weights: (targets, sources), rows sum to 1.
    """
    return torch.exp(torch.special.entr(weights).sum(dim=1))


def temperature_for_sources(alignment: Tensor, sources: float) -> Tensor:
    """Return the lambda of each target, (targets,), that gives it a number of effective sources.

    The entropy of softmax(m / lambda) grows with lambda, so that bisection finds it. A number that
    cannot be had, for ties or for want of sources, is approached as far as it can be.

    Args:
        alignment: (targets, sources) m_ik, finite.
        sources: Effective sources wanted, >= 1.
    """
    exact = alignment.to(torch.float64)
    gaps = exact - exact.amax(dim=1, keepdim=True)
    spread = -gaps.amin(dim=1).clamp(max=-torch.finfo(torch.float64).tiny)
    low, high = (torch.full_like(spread, end).log() for end in _RANGE)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        weights = (gaps / (middle.exp() * spread)[:, None]).softmax(dim=1)
        few = effective_sources(weights) < sources
        low, high = torch.where(few, middle, low), torch.where(few, high, middle)
    return (0.5 * (low + high)).exp() * spread


def temperatures(settings: VaoSettings, alignment: Tensor, noise: Tensor | None) -> Tensor:
    """Return the lambda of each target, (targets,), as the settings have it set.

    Args:
        settings: See `VaoSettings.adapt`.
        alignment: (targets, sources) what the weights are made of.
        noise: (targets, sources) standard deviations of the alignments; None while not known.
    """
    if settings.adapt == "sources":
        return temperature_for_sources(alignment, settings.effective_sources)
    fixed = torch.full(
        alignment.shape[:1], settings.temperature, dtype=torch.float64, device=alignment.device
    )
    if settings.adapt == "noise" and noise is not None:
        level = noise.to(torch.float64).square().mean(dim=1).sqrt()
        return torch.maximum(fixed, settings.noise_factor * level)
    return fixed

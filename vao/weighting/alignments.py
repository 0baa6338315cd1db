"""How far the gradients of sources point the way that a target wants to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from auctionsim.errors import invalid_argument

__all__ = ["alignments", "begins_with", "compared_columns", "cosines"]


def alignments(pairs: Tensor, wanted: Tensor, compared: Tensor | None, kind: str) -> Tensor:
    """Return m_ik, (targets, sources).

    Args:
        pairs: (targets, sources, numbers) gradients g_ik.
        wanted: (targets, numbers) gradients g_k.
        compared: Which numbers count, their places; None for all.
        kind: "cosine" (VAO paper, app. D) or "inner_product" (eq. 5).
    """
    if compared is not None:
        pairs, wanted = pairs[..., compared], wanted[..., compared]
    if kind == "cosine":
        return cosines(pairs, wanted)
    return torch.einsum("ksp,kp->ks", pairs, wanted)


def cosines(pairs: Tensor, wanted: Tensor) -> Tensor:
    """Cosines (targets, sources) of pairs (targets, sources, n) with wanted (targets, n).

    A gradient of 0 aligns with nothing: its cosine is 0.
    """
    dots = torch.einsum("ksp,kp->ks", pairs, wanted)
    norms = pairs.norm(dim=2) * wanted.norm(dim=1, keepdim=True)
    return torch.where(norms == 0.0, 0.0, dots / norms)


def begins_with(name: str, parts: Sequence[str]) -> bool:
    """Whether a parameter is one of these parts, or in one: "head.bias" is in "head" alone."""
    return any(f"{name}.".startswith(f"{part.rstrip('.')}.") for part in parts)


def compared_columns(
    objective: nn.Module, parameters: Mapping[str, Tensor], which: str
) -> Tensor | None:
    """Return the places of the parameters compared in a flat gradient; None for all.

    Args:
        objective: Its `heads` are the names of its heads' modules or parameters.
        parameters: Those that learn, by name.
        which: "all", or the "trunk": all but the heads.

    Raises:
        InvalidArgumentError: If the trunk is asked for and the objective names no heads, or
            nothing but heads learns.
    """
    if which == "all":
        return None
    heads = tuple(getattr(objective, "heads", ()))
    keep = [not begins_with(name, heads) for name in parameters]
    if not heads or not any(keep) or all(keep):
        rule = "must be 'all' for an objective whose `heads` do not part it from a trunk"
        raise invalid_argument("parameters", rule, "trunk", "Name the heads, or compare all.")
    kept = [
        torch.full((p.numel(),), k, device=p.device)
        for p, k in zip(parameters.values(), keep, strict=True)
    ]
    return torch.cat(kept).nonzero().flatten()

"""Gradients of many batches at once, as rows of a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from auctionsim.errors import invalid_argument
from vao.team import SOLO, Team
from vao.weighting.finite import check_gradients
from vao.weighting.protocol import Samples, trainable

__all__ = [
    "accumulate",
    "batch_gradients",
    "batched",
    "check_learns",
    "joined_means",
    "set_gradients",
]

_NOT_BATCHED = (
    "vmap", "batching rule", "batched", "derivative for", "functorch", "data pointer", "sparse",
)  # fmt: skip
"""What torch says, in small letters, where a module cannot be run for several batches at once."""


def batch_gradients(
    objective: nn.Module,
    parameters: Mapping[str, Tensor],
    batches: Sequence[Samples],
    team: Team = SOLO,
) -> tuple[Tensor, Tensor]:
    """Gradient and value of each batch's mean loss, all batches in one vectorised pass.

    Args:
        objective: Maps samples to their losses, (n,).
        parameters: What to differentiate by, by name in the objective.
        batches: Samples of any number each.
        team: Processes that hold the same batches and share the work.

    Returns:
        Gradients (batches, numbers in the parameters), flattened; mean losses (batches,).
    """
    stacked, used = _stack([team.share(batch) for batch in batches])
    totals = torch.tensor([len(batch[0]) for batch in batches], device=used.device)
    # Each batch has its copy of the parameters, so that one plain backward pass keeps gradients
    # apart; it frees what it has used as it goes, which `torch.func.grad` does not.
    copies = {
        name: parameter.detach().expand(len(batches), *parameter.shape).requires_grad_()
        for name, parameter in parameters.items()
    }

    def losses_of(values: dict[str, Tensor], samples: Samples) -> Tensor:
        losses: Tensor = functional_call(objective, values, (samples,))
        return losses

    with batched():
        losses = vmap(losses_of)(copies, stacked)
        means = (losses * used).sum(dim=1) / totals
        check_learns(objective, means)
        found = torch.autograd.grad(means.sum(), list(copies.values()), materialize_grads=True)
    gradients = torch.cat([gradient.flatten(1) for gradient in found], dim=1)
    return team.add_up(gradients), team.add_up(means.detach())


def joined_means(objective: nn.Module, batches: Sequence[Samples], team: Team = SOLO) -> Tensor:
    """This process's part of the mean loss of each batch, (batches,), by one pass over all."""
    totals = [len(batch[0]) for batch in batches]
    own = [team.share(batch) for batch in batches]
    joined = type(own[0])(*(torch.cat(parts) for parts in zip(*own, strict=True)))
    parts = objective(joined).split([len(batch[0]) for batch in own])
    return torch.stack([p.sum() / total for p, total in zip(parts, totals, strict=True)])


def accumulate(objective: nn.Module, total: Tensor, step: int, team: Team = SOLO) -> None:
    """Leave the gradient of a sum of losses, summed over the team, in the parameters' `.grad`.

    Raises:
        InvalidArgumentError: If nothing learns, or the losses do not depend on what does.
        DivergedError: If the gradient is not finite.
    """
    check_learns(objective, total)
    objective.zero_grad()
    total.backward()  # type: ignore[no-untyped-call]
    team.add_up_gradients(trainable(objective).values())
    check_gradients(objective, step)


def check_learns(objective: nn.Module, total: Tensor) -> None:
    """Raise unless there are parameters that learn, and a sum of losses depends on them.

    Raises:
        InvalidArgumentError: If not.
    """
    trainable(objective)
    if not total.requires_grad:
        rule = "must give losses that depend on its parameters"
        mend = "Return floating-point losses that are not detached."
        raise invalid_argument("objective", rule, f"{total.dtype} without a gradient", mend)


@contextmanager
def batched() -> Iterator[None]:
    """Tell clearly what a module cannot do that rules need which compare gradients.

    Raises:
        InvalidArgumentError: If a pass over several batches fails as `torch.func.vmap` does.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error).lower()
        if not any(sign in text for sign in _NOT_BATCHED):
            raise
        rule = "must be made of what torch.func.vmap can do for a rule that compares gradients"
        mend = (
            "Put layers that draw or keep statistics (dropout, batch norm) into eval mode, "
            "nn.MultiheadAttention into train mode; write recurrent layers as a loop; branch on no "
            "numbers (run all heads and gather), and leave tensors dense and in torch. Or take a "
            "rule that weighs by losses alone."
        )
        found = str(error).strip().partition("\n")[0]
        raise invalid_argument("objective", rule, found, mend) from error


def set_gradients(objective: nn.Module, flat: Tensor, step: int) -> None:
    """Write a flat gradient into the `.grad` of what learns, and take away all there was.

    An optimiser follows any gradient it finds: one left from before its parameter was frozen would
    move it still.

    Args:
        objective: Whose parameters.
        flat: (numbers in the parameters that learn,).
        step: Index of the update, for the message.

    Raises:
        DivergedError: If it is not finite.
    """
    parameters = trainable(objective)
    objective.zero_grad()
    parts = torch.split(flat, [parameter.numel() for parameter in parameters.values()])
    for parameter, part in zip(parameters.values(), parts, strict=True):
        parameter.grad = part.view_as(parameter).to(parameter.dtype)
    check_gradients(objective, step)


def _stack(batches: Sequence[Samples]) -> tuple[Samples, Tensor]:
    """Stack batches of unlike sizes, filled up with copies of their first sample.

    Returns:
        Samples with a leading dimension of batches, and which of them count, (batches, samples).
    """
    counts = [len(batch[0]) for batch in batches]
    longest = max(counts)
    device = batches[0][0].device
    places = torch.arange(longest, device=device)
    used = places < torch.tensor(counts, device=device)[:, None]
    filled = [
        [tensor if count == longest else tensor[torch.where(row, places, 0)] for tensor in batch]
        for batch, row, count in zip(batches, used, counts, strict=True)
    ]
    stacked = type(batches[0])(*(torch.stack(parts) for parts in zip(*filled, strict=True)))
    return stacked, used

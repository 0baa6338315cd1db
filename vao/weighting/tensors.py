"""Weighting on any model and losses: samples from plain tensors, and the objective of a model.

In ten lines, on tensors `x_i` (samples, inputs) and `y_i` (samples,) of three tasks, of which the
first is the target:

    >>> from vao.weighting.registry import make
    >>> from vao.weighting.tensors import Losses, TensorSampler
    >>> rule = make("vao", temperature=0.1)
    >>> sources = [(x_0, y_0), (x_1, y_1), (x_2, y_2)]
    >>> sampler = TensorSampler(sources, targets=[0], validation=[(x_held, y_held)], batch=30)
    >>> objective = Losses(model, lambda out, y: (out.squeeze(1) - y).square())
    >>> optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> for step in range(500):
    ...     report = rule.accumulate(objective, sampler, step)
    ...     optimiser.step()
    ...     rule.stepped(objective)
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from auctionsim.errors import invalid_argument
from vao.tensors import owned_tensor
from vao.weighting.alignments import begins_with
from vao.weighting.protocol import Samples
from vao.weighting.shares import shares

__all__ = ["Losses", "Relabel", "TensorSampler"]

Relabel = Callable[[Samples, int, int], Sequence[Tensor]]
"""Maps samples, their source and the target, both as places in `sources`, to the target's own."""


class Losses(nn.Module):
    """The objective of a model: maps samples to their losses, (n,).

    A sample's loss must not depend on the others beside it (batch statistics, negatives out of the
    batch): batches are joined, and filled up. Rules that compare gradients run it under
    `torch.func.vmap`: dropout and batch norm must be in eval mode, `nn.MultiheadAttention` in train
    mode, nothing may branch on the numbers, and `nn.LSTM` and its like cannot be used.

    Args:
        model: Maps the first of a sample's tensors to outputs.
        loss: Maps outputs and the other tensors to one loss a sample, (n,), such as
            `partial(torch.nn.functional.cross_entropy, reduction="none")`.
        inputs: How many of the tensors the model takes, where it is not one.
        heads: Names, in the model, of modules or parameters that not all targets share (see
            `VaoSettings.parameters`).

    Raises:
        InvalidArgumentError: If the model has no parameters of a head.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[..., Tensor],
        *,
        inputs: int = 1,
        heads: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self.heads = tuple(f"model.{head}" for head in heads)
        self._inputs = inputs
        known = [name for name, _ in model.named_parameters()]
        for head in heads:
            if not any(begins_with(name, [head]) for name in known):
                rule = f"must name modules or parameters of the model, {', '.join(known)}"
                raise invalid_argument("heads", rule, head, "Mend the name.")

    def forward(self, samples: Samples) -> Tensor:
        """Return the loss of each sample, (n,).

        Raises:
            InvalidArgumentError: If the loss gives anything else.
        """
        outputs = self.model(*samples[: self._inputs])
        losses: Any = self.loss(outputs, *samples[self._inputs :])
        found = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        if found != (len(samples[0]),):
            rule = f"must give a tensor of one number a sample, shape ({len(samples[0])},)"
            mend = 'Take reduction="none", and sum over all but the first dimension.'
            raise invalid_argument("loss", rule, found, mend)
        checked: Tensor = losses
        return checked


class TensorSampler:
    """Draws samples of tasks from tensors, with replacement, from seeded streams.

    What a rule draws held-out or for comparison changes nothing in the samples of its steps.

    Args:
        sources: Each task's samples: a tuple or named tuple of tensors whose first dimension
            counts samples. Objectives see a named tuple of the same tensors.
        validation: Held-out samples of each target, in the order of `targets`; none if left out.
        targets: Which of the sources are targets, by their places; all if None.
        batch: n, samples of a target and step.
        pooled: Whether rules that do not weigh sources draw a target's samples from all sources
            together, in proportion to their sizes (naive sharing), rather than from its own alone.
            Without `relabel` pooled targets are copies of each other.
        relabel: Makes samples of a source samples of a target, where tasks differ in labels or in
            a condition among the inputs; called for all samples drawn, the target's own too.
        rng: Stream of the draws, or its seed.

    Raises:
        InvalidArgumentError: If the tensors of a task do not go together, or those of two tasks;
            or there is no such source, or one held-out set a target.
    """

    def __init__(
        self,
        sources: Sequence[Sequence[Tensor]],
        *,
        validation: Sequence[Sequence[Tensor]] = (),
        targets: Sequence[int] | None = None,
        batch: int = 32,
        pooled: bool = False,
        relabel: Relabel | None = None,
        rng: np.random.Generator | int = 0,
    ) -> None:
        self._sources = _checked("sources", sources, sources)
        self._own: Any = range(len(sources)) if targets is None else targets
        self._validation = _checked("validation", validation, sources) if validation else []
        self._batch, self._pooled, self._relabel = batch, pooled, relabel
        streams = np.random.default_rng(rng).spawn(3)
        self._rng, self._validation_rng, self._own_rng = streams
        self._sizes = np.array([len(source[0]) for source in self._sources])
        self._check()

    @property
    def targets(self) -> int:
        """Number of target tasks."""
        return len(self._own)

    @property
    def sources(self) -> int:
        """Number of sources."""
        return len(self._sources)

    def own(self, target: int) -> int:
        """See `Sampler.own`."""
        return int(self._own[target])

    def batch(self, target: int) -> Samples:
        """See `Sampler.batch`."""
        if self._pooled:
            return self.mixed(target, self._sizes / self._sizes.sum())[0]
        return self._draw(self.own(target), target, self._batch)

    def by_source(self, target: int, samples: int | None = None) -> list[Samples]:
        """See `Sampler.by_source`."""
        counts = shares(samples or self._batch, self.sources, self.own(target))
        return [self._draw(source, target, count) for source, count in enumerate(counts)]

    def mixed(self, target: int, chances: NDArray[np.float64]) -> tuple[Samples, NDArray[np.int64]]:
        """See `Sampler.mixed`; samples come in the order of their sources."""
        shape, low = np.shape(chances), np.min(chances)
        if shape != (self.sources,) or not (low >= 0.0 and 0.0 < np.sum(chances) < np.inf):
            rule = f"must be {self.sources} numbers >= 0, not all 0"
            raise invalid_argument("chances", rule, chances, "Pass a row of weights.")
        below = np.cumsum(chances)
        # Sums round: drawn beneath the last of them, no source without a chance is ever drawn.
        drawn = self._rng.random(self._batch) * below[-1]
        counts = np.bincount(np.searchsorted(below, drawn, side="right"), minlength=self.sources)
        parts = [self._draw(i, target, count) for i, count in enumerate(counts) if count]
        joined = type(parts[0])(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
        return joined, np.repeat(np.arange(self.sources), counts)

    def validation(self, target: int, samples: int | None = None) -> Samples:
        """See `Sampler.validation`.

        Raises:
            InvalidArgumentError: If there are no held-out samples.
        """
        if not self._validation:
            mend = "Hold some of each target's samples out and pass them."
            raise invalid_argument("validation", "must be given for this rule", "none", mend)
        held = self._validation[target]
        places = _places(self._validation_rng, held, samples)
        return self._relabelled(held, places, self.own(target), target)

    def own_training(self, target: int, samples: int | None = None) -> Samples:
        """See `Sampler.own_training`; apart means drawn anew, from the same samples."""
        own = self.own(target)
        places = _places(self._own_rng, self._sources[own], samples)
        return self._relabelled(self._sources[own], places, own, target)

    def state(self) -> list[dict[str, Any]]:
        """Return the state of the streams, in plain values, for `resume`."""
        streams = self._rng, self._validation_rng, self._own_rng
        return [dict(stream.bit_generator.state) for stream in streams]

    def resume(self, state: Sequence[dict[str, Any]]) -> None:
        """Go on drawing where a sampler was when it gave this `state`."""
        streams = self._rng, self._validation_rng, self._own_rng
        for stream, saved in zip(streams, state, strict=True):
            stream.bit_generator.state = saved

    def _draw(self, source: int, target: int, count: int) -> Samples:
        held = self._sources[source]
        return self._relabelled(held, _places(self._rng, held, count), source, target)

    def _relabelled(
        self, held: Samples, places: NDArray[np.int64], source: int, target: int
    ) -> Samples:
        taken = owned_tensor(places, held[0].device)
        samples = type(held)(*(tensor[taken] for tensor in held))
        if self._relabel is None:
            return samples
        changed = _named("relabel", self._relabel(samples, source, self.own(target)))
        if len(changed) != len(samples) or len(changed[0]) != len(places):
            rule = f"must give back {len(samples)} tensors of {len(places)} samples"
            found = [tuple(tensor.shape) for tensor in changed]
            raise invalid_argument("relabel", rule, found, "Change them in place of others.")
        return changed

    def _check(self) -> None:
        known = set(range(self.sources))
        if not isinstance(self._own, Sequence) or not self._own or set(self._own) - known:
            rule = f"must be a list of places of sources, 0 to {self.sources - 1}"
            raise invalid_argument("targets", rule, self._own, "Name at least one of them.")
        if self._validation and len(self._validation) != self.targets:
            rule = f"must hold one set for each of {self.targets} targets"
            raise invalid_argument("validation", rule, len(self._validation), "Or leave it out.")
        size: Any = self._batch
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise invalid_argument("batch", "must be whole and >= 1", size, "Try 32.")


def _places(
    rng: np.random.Generator, held: Samples, count: int | np.int64 | None
) -> NDArray[np.int64]:
    size = len(held[0])
    return np.arange(size) if count is None else rng.integers(size, size=count)


@lru_cache
def _plain(tensors: int) -> Any:
    """A named tuple for samples whose tensors have no names; pytrees know no other tuples."""
    make: Any = namedtuple
    return make("Samples", [f"tensor_{place}" for place in range(tensors)])


def _named(argument: str, samples: Any) -> Samples:
    """Return samples as a named tuple, if they are tensors of as many samples."""
    if not isinstance(samples, Sequence):  # a tensor would be taken apart sample by sample
        samples = (type(samples),)
    found = [tuple(t.shape) if isinstance(t, Tensor) else type(t).__name__ for t in samples]
    lengths = {shape[0] if isinstance(shape, tuple) and shape else 0 for shape in found}
    if len(lengths) != 1 or lengths == {0}:
        rule = "must hold, for each task, a tuple of tensors of as many samples, at least one"
        raise invalid_argument(argument, rule, found, "See torch.as_tensor for arrays.")
    return samples if hasattr(samples, "_fields") else _plain(len(samples))(*samples)


def _checked(
    argument: str, tasks: Sequence[Sequence[Tensor]], sources: Sequence[Sequence[Tensor]]
) -> list[Samples]:
    """Return all tasks' samples as named tuples of one kind, alike but in how many they are."""
    named = [_named(argument, samples) for samples in tasks]
    if not named:
        raise invalid_argument(argument, "must hold at least one task", "none", "Add samples.")
    like = [(t.shape[1:], t.dtype, t.device) for t in sources[0]]
    for samples in named:
        found = [(t.shape[1:], t.dtype, t.device) for t in samples]
        if found != like or type(samples) is not type(_named("sources", sources[0])):
            rule = f"must be alike in all tasks: sample shape, dtype and device {like}"
            raise invalid_argument(argument, rule, found, "Convert them.")
    return named

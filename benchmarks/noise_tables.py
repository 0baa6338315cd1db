"""The noise of weights as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.noise_draws import ALL
from benchmarks.noise_estimators import Estimate
from benchmarks.noise_figures import TEMPERATURE, Noise, Pair, SmallSet
from benchmarks.noise_study import HELD_OUT
from benchmarks.power_tables import markdown
from vao.weighting.softmax import alignment_weights

_ALL = "all"


def tables(record: Mapping[str, Sequence[Any]]) -> str:
    """Return all tables, each under its title."""
    noises: Sequence[Noise] = record["noises"]
    parts = {
        f"Cosines of pairs, held-out batches of {HELD_OUT}": pair_table(record["pairs"]),
        f"Weights of pairs, held-out batches of {HELD_OUT}": weight_table(record["pairs"]),
        "Noise of a cosine (signal over the noise of differences)": size_table(
            noises, lambda x: f"{x.noise:.3f} ({_ratio(x.signal, x.differences)})"
        ),
        "Misplaced weight": size_table(noises, lambda x: f"{x.misplaced:.3f}"),
        f"Where it comes from, held-out batches of {HELD_OUT}": cause_table(
            noises, record["pairs"]
        ),
        "Weight that moves from one draw to the next (another source weighs most)": size_table(
            noises, lambda x: f"{x.moved:.3f} ({100.0 * x.another:.0f} %)"
        ),
        "Whose noise it is": share_table(noises),
        "One small held-out set, training gradients exact": set_table(record["sets"]),
        "Misplaced weight of estimators by updates": estimate_table(record["estimates"]),
        "What estimators do, mean over these points": summary_table(record["estimates"]),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def pair_table(pairs: Sequence[Pair]) -> str:
    """Return cosines: one row a pair and update, one column a size of batches."""
    return _pair_table(pairs, "noise scale", lambda x: f"{_plain(x.alignment)} ± {x.deviation:.2f}")


def weight_table(pairs: Sequence[Pair]) -> str:
    """Return weights: one row a pair and update, one column a size of batches."""
    return _pair_table(pairs, "", lambda x: f"{x.weight:.2f} ± {x.weight_deviation:.2f}")


def _pair_table(pairs: Sequence[Pair], extra: str, shown: Callable[[Pair], str]) -> str:
    sizes = [size for size in _sizes(pair.samples for pair in pairs) if size != ALL]
    found = {
        (x.update, x.target, x.source, x.samples): x
        for x in pairs
        if (x.samples == ALL) == (x.held_out == ALL)
    }
    rows = []
    for update, target, source, _ in (key for key in found if key[3] == ALL):
        own = [found[update, target, source, size] for size in (*sizes, ALL)]
        more = [f"{own[-1].scale:,.0f}"] if extra else []
        true = shown(own[-1]).partition(" ")[0]
        cells = [str(update), f"`{target}`", f"`{source}`", *more, true]
        rows.append([*cells, *map(shown, own[:-1])])
    heads = ["updates", "target", "source", *([extra] if extra else []), "truly"]
    return markdown([*heads, *(f"{size} a source" for size in sizes)], rows)


def size_table(noises: Sequence[Noise], shown: Callable[[Noise], str]) -> str:
    """Return one row an update and size of batches, one column a size of held-out batches."""
    held_out = _sizes(noise.held_out for noise in noises)
    found = {(x.update, x.samples, x.held_out): shown(x) for x in noises}
    rows = [
        [str(update), _named(size), *(found[update, size, other] for other in held_out)]
        for update, size in dict.fromkeys((x.update, x.samples) for x in noises)
    ]
    heads = ["updates", "a source", *(f"{_named(size)} held out" for size in held_out)]
    return markdown(heads, rows)


def cause_table(noises: Sequence[Noise], pairs: Sequence[Pair], held_out: int = HELD_OUT) -> str:
    """Return what single draws misplace, their mean weights, and weights of their mean cosines.

    The last is what shrunk cosines do without scatter: the least that averaging draws can reach.
    """
    rows = []
    for noise in noises:
        if noise.held_out == held_out:
            right = _weights_at(pairs, noise.update, ALL, ALL)
            shrunk = _weights_at(pairs, noise.update, noise.samples, held_out)
            figures = noise.misplaced, noise.bias, 0.5 * np.abs(shrunk - right).sum(axis=1).mean()
            cells = [str(noise.update), _named(noise.samples)]
            rows.append([*cells, *(f"{figure:.3f}" for figure in figures)])
    heads = ["updates", "a source", "a draw's weights", "mean weights", "weights of mean cosines"]
    return markdown(heads, rows)


def _weights_at(
    pairs: Sequence[Pair], update: int, samples: int, held_out: int
) -> NDArray[np.float64]:
    """Return the weights of mean cosines, (targets, sources)."""
    wanted = update, samples, held_out
    own = [x for x in pairs if (x.update, x.samples, x.held_out) == wanted]
    rows = {x.target: [y.alignment for y in own if y.target == x.target] for x in own}
    return alignment_weights(list(rows.values()), TEMPERATURE)


def share_table(noises: Sequence[Noise], held_out: int = HELD_OUT) -> str:
    """Return the noise of training and held-out batches each alone, and of both."""
    found = {(x.update, x.samples, x.held_out): x for x in noises}
    rows = []
    for update, size in dict.fromkeys((x.update, x.samples) for x in noises if x.samples != ALL):
        cells = [str(update), str(size)]
        for column in ("noise", "differences"):
            training, held, both = (
                getattr(found[update, *key], column)
                for key in ((size, ALL), (ALL, held_out), (size, held_out))
            )
            share = training**2 / (training**2 + held**2)
            cells += [f"{training:.3f}", f"{held:.3f}", f"{both:.3f}", f"{100.0 * share:.0f} %"]
        rows.append(cells)
    heads = ["updates", "a source"]
    for what in ("cosine", "difference"):
        heads += [f"{what}: training batch alone", f"{held_out} held out alone", "both"]
        heads += ["training batch's share of the variance"]
    return markdown(heads, rows)


def set_table(sets: Sequence[SmallSet]) -> str:
    """Return one row an update and size of the set."""
    rows = [
        [
            str(x.update), "`val_align`" if x.size == ALL else str(x.size), f"{x.alignment:.3f}",
            f"{x.error:.3f}", f"{x.differences:.3f}", f"{x.misplaced:.3f}",
            f"{100.0 * x.another:.0f} %",
        ]
        for x in sets
    ]  # fmt: skip
    heads = [
        "updates", "trajectories", "mean cosine", "error of a cosine", "of differences",
        "misplaced weight", "another source weighs most",
    ]  # fmt: skip
    return markdown(heads, rows)


def estimate_table(estimates: Sequence[Estimate]) -> str:
    """Return misplaced weight: one row an estimator, one column a number of updates."""
    updates = sorted({estimate.update for estimate in estimates})
    rows = []
    for rule in dict.fromkeys(estimate.rule for estimate in estimates):
        found = {x.update: f"{x.misplaced:.3f}" for x in estimates if x.rule == rule}
        rows.append([f"`{rule}`", *(found[update] for update in updates)])
    return markdown(["weights", *map(str, updates)], rows)


def summary_table(estimates: Sequence[Estimate]) -> str:
    """Return one row an estimator: means over the points at which it was judged."""
    rows = []
    for rule in dict.fromkeys(estimate.rule for estimate in estimates):
        own = [x for x in estimates if x.rule == rule]
        # No renewal comes before the first point.
        late = [x.moved for x in own if x.update]
        rows.append(
            [
                f"`{rule}`", f"{_mean([x.misplaced for x in own]):.3f}",
                f"{100.0 * _mean([x.another for x in own]):.0f} %", f"{_mean(late):.3f}",
                f"{_mean([x.own for x in own]):.2f}", f"{_mean([x.truly for x in own]):.2f}",
            ]
        )  # fmt: skip
    heads = [
        "weights", "misplaced", "another source weighs most", "moved at a renewal",
        "own source's weight", "truly",
    ]  # fmt: skip
    return markdown(heads, rows)


def _sizes(found: Any) -> list[int]:
    """Return sizes in order, all there is at last."""
    return sorted(set(found), key=lambda size: (size == ALL, size))


def _named(size: int) -> str:
    return _ALL if size == ALL else str(size)


def _plain(cosine: float) -> str:
    """Return a cosine without a sign before 0."""
    return f"{round(cosine, 2) + 0.0:.2f}"


def _ratio(signal: float, noise: float) -> str:
    return f"{signal / noise:.1f}" if noise > 0.0 else "–"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))

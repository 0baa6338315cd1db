"""Weighting without auctions: few labelled digits, and three other domains to learn from.

    python examples/multi_domain.py --seeds 10 --plot multi_domain.svg

The target has n labelled images of scikit-learn's digits. Three sources have 300 each: alike (more
of the same), related (the images shifted, noisy or inverted), harmful (one alike, two whose labels
are all wrong) or hostile (all labels wrong). Who should be listened to?

All methods train the same network from the same start by the same optimiser for as many steps, and
get the same n labelled images. VAO holds a fifth of them out to measure by, and trains on the rest;
the others train on all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn

from vao.weighting.registry import make
from vao.weighting.tensors import Losses, TensorSampler

SOURCE_IMAGES = 300
TEST_IMAGES = 400
HELD_OUT = 0.2
MOST_LABELLED = 497  # what tests and sources leave of 1,797

Array = NDArray[Any]
Domain = Callable[[Array, Array, np.random.Generator], tuple[Array, Array]]


def as_is(images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return images, labels


def shifted(images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return np.roll(images, 1, axis=2), labels


def noisy(images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return np.clip(images + rng.normal(0.0, 0.5, images.shape), 0.0, 1.0), labels


def inverted(images: Array, labels: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    return 1.0 - images, labels


def wrong(by: int) -> Domain:
    return lambda images, labels, rng: (images, (labels + by) % 10)


KINSHIPS: dict[str, dict[str, Domain]] = {
    "alike": {"first": as_is, "second": as_is, "third": as_is},
    "related": {"shifted": shifted, "noisy": noisy, "inverted": inverted},
    "harmful": {"alike": as_is, "wrong by 3": wrong(3), "wrong by 7": wrong(7)},
    "hostile": {"wrong by 1": wrong(1), "wrong by 3": wrong(3), "wrong by 7": wrong(7)},
}


@dataclass(frozen=True)
class Method:
    """A rule of weighting; whether it learns from the sources; what part it holds out."""

    rule: str
    settings: dict[str, Any] = field(default_factory=dict)
    pooled: bool = True
    held_out: float = 0.0


METHODS = {
    "own data": Method("equal", pooled=False),
    "pooling": Method("equal"),
    "uniform": Method("uniform"),
    "own heavy": Method("own_heavy", {"own": 0.6}),
    "VAO": Method("vao", held_out=HELD_OUT),  # as the paper has it
    # All held-out images at each renewal, and a running mean of what was measured.
    "VAO steady": Method("vao", {"validation_batch": 0, "smoothing": 0.9}, held_out=HELD_OUT),
}


@cache
def digits() -> tuple[Array, Array]:
    """Return all images (n, 8, 8) in [0, 1] and their labels."""
    images, labels = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8) / 16.0, labels


def samples(images: Array, labels: Array) -> tuple[Tensor, Tensor]:
    """Return images as rows of floats, and labels, as tensors."""
    return torch.tensor(images.reshape(-1, 64), dtype=torch.float32), torch.tensor(labels)


def train(method: Method, kinship: str, size: int, seed: int, steps: int) -> tuple[float, Array]:
    """Return the accuracy on test images, and the weights in the last quarter if any are told."""
    rng = np.random.default_rng(seed)
    images, labels = digits()
    order = rng.permutation(len(images))
    test, *others, own = np.split(order, TEST_IMAGES + SOURCE_IMAGES * np.arange(4))
    domains = KINSHIPS[kinship].values()
    sources = [
        samples(*domain(images[part], labels[part], rng))
        for domain, part in zip(domains, others, strict=True)
    ]
    held, learnt = np.split(own[:size], [round(method.held_out * size)])
    validation = [samples(images[held], labels[held])] if len(held) else []
    tasks = [samples(images[learnt], labels[learnt]), *sources]

    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    objective = Losses(model, partial(nn.functional.cross_entropy, reduction="none"))
    sampler = TensorSampler(
        tasks, validation=validation, targets=[0], batch=64, pooled=method.pooled, rng=rng
    )
    rule = make(method.rule, **method.settings)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02, fused=True)
    weights: list[Array] = []
    for step in range(steps):
        report = rule.accumulate(objective, sampler, step)
        optimiser.step()
        rule.stepped(objective)
        if report.weights is not None and step >= 0.75 * steps:
            weights.append(report.weights[0].numpy())
    with torch.no_grad():
        seen, truth = samples(images[test], labels[test])
        right = (model(seen).argmax(dim=1) == truth).float().mean()
    return 100.0 * float(right), np.mean(weights, axis=0) if weights else np.zeros(0)


@dataclass(frozen=True)
class Result:
    """What a method reached in a setting.

    Attributes:
        accuracy: (seeds,) on test images, in percent.
        weights: (seeds, sources) in the last quarter of training; (seeds, 0) if none were told.
    """

    accuracy: Array
    weights: Array


Results = dict[tuple[str, str, int], Result]
"""By kinship, method and number of labelled images."""


def study(kinships: Sequence[str], sizes: Sequence[int], seeds: int, steps: int) -> Results:
    """Train every method in every setting, from the same seeds."""
    results: Results = {}
    for kinship, (name, method), size in product(kinships, METHODS.items(), sizes):
        if not method.pooled and kinship != kinships[0]:  # it learns from no source
            results[kinship, name, size] = results[kinships[0], name, size]
            continue
        found = [train(method, kinship, size, seed, steps) for seed in range(seeds)]
        accuracy, weights = zip(*found, strict=True)
        results[kinship, name, size] = Result(np.array(accuracy), np.array(weights))
    return results


def estimate(values: Array, form: str = ".1f") -> str:
    """Return a mean over seeds with its standard error, in print."""
    return f"{values.mean():{form}} ± {error(values):.1f}"


def error(values: Array) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5)


def show(results: Results, kinships: Sequence[str], sizes: Sequence[int]) -> None:
    """Print accuracies, by how much the last method is ahead of each, and its weights."""
    print("accuracy in %, mean ± standard error over seeds; differences are paired by seed")
    *rivals, last = METHODS
    for kinship in kinships:
        print(f"\n{kinship:10} images" + "".join(f"{name:>13}" for name in METHODS))
        for size in sizes:
            cells = [estimate(results[kinship, name, size].accuracy) for name in METHODS]
            print(f"{size:17}" + "".join(f"{cell:>13}" for cell in cells))
        print(f"{last} is ahead by")
        for size in sizes:
            best = results[kinship, last, size].accuracy
            gains = [best - results[kinship, name, size].accuracy for name in rivals]
            print(f"{size:17}" + "".join(f"{estimate(gain, '+.1f'):>13}" for gain in gains))
        print("and weighs       " + "".join(f"{name:>13}" for name in ["own", *KINSHIPS[kinship]]))
        for size in sizes:
            means = results[kinship, last, size].weights.mean(axis=0)
            print(f"{size:17}" + "".join(f"{weight:13.2f}" for weight in means))


def plot(path: str, results: Results, kinships: Sequence[str], sizes: Sequence[int]) -> None:
    """Draw accuracies (above) and the last method's weights (below) against labelled images."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    last, places = list(METHODS)[-1], range(len(sizes))
    with mpl.rc_context({"svg.hashsalt": "multi_domain", "font.size": 9}):
        figure = Figure(figsize=(3.2 * len(kinships), 5.6), layout="constrained")
        panels = figure.subplots(2, len(kinships), sharex=True, sharey="row", squeeze=False)
        for kinship, above, below in zip(kinships, *panels, strict=True):
            for name in METHODS:
                runs = [results[kinship, name, size].accuracy for size in sizes]
                means, errors = [run.mean() for run in runs], [error(run) for run in runs]
                width = 2.0 if name.startswith("VAO") else 1.0
                above.errorbar(places, means, errors, label=name, marker=".", lw=width)
            shares = [results[kinship, last, size].weights.mean(axis=0) for size in sizes]
            for name, share in zip(["own", *KINSHIPS[kinship]], np.array(shares).T, strict=True):
                below.plot(places, share, marker=".", label=name)
            above.set_title(kinship)
            below.set(xlabel="labelled images of the target", ylim=(0.0, 1.0))
            below.set_xticks(places, [str(size) for size in sizes])
            below.legend(frameon=False)
        panels[0, 0].set_ylabel("accuracy in %")
        panels[1, 0].set_ylabel(f"weights of {last}")
        lines = panels[0, 0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside upper center", ncols=len(METHODS), frameon=False)
        # No date: equal results give an equal file.
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.endswith(".svg") else None)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the study, print its tables, and draw them if asked to."""
    parser = argparse.ArgumentParser(description="Weighting on a problem without auctions.")
    parser.add_argument("--seeds", type=int, default=10, help="two at least")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 100, 300])
    parser.add_argument(
        "--kinships", nargs="+", choices=KINSHIPS, default=["alike", "related", "harmful"]
    )
    parser.add_argument("--steps", type=int, default=100, help="of training")
    parser.add_argument("--plot", metavar="FILE", help="draw a figure, such as multi_domain.svg")
    args = parser.parse_args(argv)
    if args.seeds < 2 or min(args.sizes) < 5 or max(args.sizes) > MOST_LABELLED:
        parser.error(f"two seeds at least, and 5 to {MOST_LABELLED} labelled images")
    torch.set_num_threads(1)  # a second gains small networks nothing

    results = study(args.kinships, args.sizes, args.seeds, args.steps)
    show(results, args.kinships, args.sizes)
    if args.plot:
        plot(args.plot, results, args.kinships, args.sizes)


if __name__ == "__main__":
    main()

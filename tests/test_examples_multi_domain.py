"""The example without auctions: fair to all methods, and its tables say what was measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.test_examples import example

SMALL = ["--seeds", "2", "--sizes", "10", "40", "--steps", "12", "--kinships", "alike", "hostile"]


@pytest.fixture(autouse=True)
def keep_torch_as_it_is() -> Iterator[None]:
    """Undo what the example sets for its own process."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def drawn_from(method: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return the sources and the held-out samples a method is given, of 40 labelled images."""
    module = example("multi_domain")
    given: list[tuple[Any, Any]] = []

    class Watched(module.TensorSampler):  # type: ignore[misc, name-defined]
        def __init__(self, sources: Any, **more: Any) -> None:
            given.append((sources, more["validation"]))
            super().__init__(sources, **more)

    monkeypatch.setattr(module, "TensorSampler", Watched)
    module.train(module.METHODS[method], "harmful", 40, seed=3, steps=6)
    return given[0]


def rows(tensor: torch.Tensor) -> set[bytes]:
    return {row.tobytes() for row in tensor.numpy()}


def test_all_methods_get_the_same_images(monkeypatch: pytest.MonkeyPatch) -> None:
    sources, held = drawn_from("own data", monkeypatch)
    assert held == []
    assert [len(labels) for _, labels in sources] == [40, 300, 300, 300]
    for name in ("VAO", "VAO steady"):
        (learnt, *others), (kept,) = drawn_from(name, monkeypatch)
        assert (len(learnt[1]), len(kept[1])) == (32, 8)
        together = torch.cat([kept[0], learnt[0]])
        torch.testing.assert_close(together, sources[0][0], rtol=0.0, atol=0.0)
        for source, other in zip(sources[1:], others, strict=True):
            torch.testing.assert_close(source, other, rtol=0.0, atol=0.0)


def test_no_image_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    module = example("multi_domain")
    seen: list[torch.Tensor] = []
    forward: Callable[..., torch.Tensor] = torch.nn.Sequential.forward

    def watch(model: Any, inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs) == module.TEST_IMAGES:
            seen.append(inputs)
        return forward(model, inputs)

    monkeypatch.setattr(torch.nn.Sequential, "forward", watch)
    sources, _ = drawn_from("pooling", monkeypatch)
    everything = [*(images for images, _ in sources), *seen]
    assert [len(images) for images in everything] == [40, 300, 300, 300, 400]
    total = sum(len(rows(images)) for images in everything)
    assert len(set.union(*map(rows, everything))) == total


def test_domains_are_what_their_names_say() -> None:
    module = example("multi_domain")
    images, labels = module.digits()
    rng = np.random.default_rng(0)
    for kinship in ("alike", "related"):
        for name, domain in module.KINSHIPS[kinship].items():
            changed, same = domain(images, labels, rng)
            np.testing.assert_array_equal(same, labels, err_msg=name)
            assert (changed == images).all() == (kinship == "alike")
            assert 0.0 <= changed.min() < changed.max() <= 1.0
    wrong = [domain for name, domain in module.KINSHIPS["hostile"].items() if "wrong" in name]
    assert len(wrong) == 3
    for domain in wrong:
        same, changed = domain(images, labels, rng)
        assert (changed != labels).all()
        assert set(changed) == set(range(10))
        np.testing.assert_array_equal(same, images)


def test_tables_and_figure_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = example("multi_domain")
    files = [tmp_path / name for name in ("one.svg", "two.svg")]
    texts = []
    for file in files:
        module.main([*SMALL, "--plot", str(file)])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    one, two = (file.read_bytes() for file in files)
    assert one == two
    assert one.startswith(b"<?xml")
    for kinship in ("alike", "hostile"):
        table = re.split(r"\n\n", texts[0][texts[0].index(f"\n{kinship}") + 1 :])[0]
        lines = [re.findall(r"[-+]?\d+(?:\.\d+)?", line) for line in table.splitlines()]
        names = list(module.METHODS)
        of_ten = [[float(n) for n in line[1:]] for line in lines if line[:1] == ["10"]]
        accuracies, gains = (np.array(cells[::2]) for cells in of_ten[:2])
        assert len(accuracies) == len(names) == len(gains) + 1
        np.testing.assert_allclose(gains, accuracies[-1] - accuracies[:-1], atol=0.1501)
        weights = [[float(n) for n in line[1:]] for line in lines if len(line) == 5]
        assert len(weights) == 2
        np.testing.assert_allclose(np.sum(weights, axis=1), 1.0, atol=0.021)


@pytest.mark.parametrize(
    "asked", [["--seeds", "1"], ["--sizes", "2"], ["--sizes", "10", "498"], ["--kinships", "x"]]
)
def test_sizes_there_is_no_data_for_are_refused(asked: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        example("multi_domain").main(asked)


@pytest.mark.slow
def test_who_wins_depends_on_the_sources() -> None:
    """What the example's text says, by more than two standard errors."""
    module = example("multi_domain")

    def gain(kinship: str, size: int, winner: str, loser: str) -> float:
        def runs(name: str) -> Any:
            method = module.METHODS[name]
            return np.array([module.train(method, kinship, size, i, 100)[0] for i in range(8)])

        difference = runs(winner) - runs(loser)
        return float(difference.mean() / module.error(difference))

    assert gain("alike", 10, "pooling", "own data") > 2.0
    assert gain("alike", 30, "pooling", "VAO") > 2.0
    assert gain("related", 300, "own data", "VAO") > 2.0
    assert gain("harmful", 30, "VAO steady", "pooling") > 2.0
    assert gain("harmful", 100, "VAO steady", "own heavy") > 2.0
    assert gain("hostile", 30, "own data", "VAO steady") > 2.0

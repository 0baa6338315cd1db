"""The README of the weightings: its example runs, and it names every rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from vao.weighting import WEIGHTINGS
from vao.weighting.registry import weighting_class

TEXT = Path(__file__).parents[3].joinpath("vao/weighting/README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ROWS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", TEXT, re.MULTILINE))


def test_the_example_runs_and_shuns_the_harmful_source() -> None:
    torch.manual_seed(0)
    found: dict[str, Any] = {}
    _run(BLOCKS[0], found)
    assert torch.equal(found["weights"], found["rule"].state()["weights"])
    assert found["weights"].shape == (1, 3)
    assert found["weights"][0, 2] < found["weights"][0, :2].max()


def test_the_example_of_two_heads_runs() -> None:
    torch.manual_seed(0)
    found: dict[str, Any] = {}
    for block in BLOCKS:
        _run(block, found)
    assert found["report"].weights.shape == (2, 2)
    trunk, heads = found["model"].trunk, found["model"].heads
    assert trunk.weight.grad.any()
    assert heads.weight.grad.any(dim=1).all()


def _run(block: str, found: dict[str, Any]) -> None:
    exec(compile(block, "README.md", "exec", dont_inherit=True), found)  # noqa: S102 - our own


def test_every_rule_stands_in_the_table_with_what_it_weighs() -> None:
    assert set(ROWS) == set(WEIGHTINGS)
    for name, weighs in ROWS.items():
        assert weighting_class(name).weighs == weighs, name

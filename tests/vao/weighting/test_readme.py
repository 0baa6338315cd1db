"""The README of the weightings: its example runs, and it names every rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from vao.weighting import WEIGHTINGS
from vao.weighting.registry import weighting_class

TEXT = Path(__file__).parents[3].joinpath("vao/weighting/README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", TEXT, re.MULTILINE))


def test_the_example_runs_and_shuns_the_harmful_source() -> None:
    torch.manual_seed(0)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec", dont_inherit=True), found)  # noqa: S102 - our own
    weights = found["rule"].state()["weights"]
    assert weights.shape == (1, 3)
    assert weights[0, 2] < weights[0, :2].max()


def test_every_rule_stands_in_the_table_with_what_it_weighs() -> None:
    assert set(ROWS) == set(WEIGHTINGS)
    for name, weighs in ROWS.items():
        assert weighting_class(name).weighs == weighs, name

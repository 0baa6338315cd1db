"""The wheel: holds everything that is needed, and works in an empty environment and folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the source tree; returns what it printed."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once, from the source tree."""
    out = tmp_path_factory.mktemp("dist")
    options = ("--wheel", "--no-isolation", "--outdir", out)
    run(sys.executable, "-m", "build", *options, ROOT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


def names_under(folder: Path, pattern: str) -> set[str]:
    return {p.relative_to(ROOT).as_posix() for p in folder.rglob(pattern) if p.is_file()}


def test_the_wheel_holds_all_code_configs_and_templates_and_nothing_else(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    packages = [ROOT / name for name in ("auctionsim", "agents", "vao")]
    for pattern in ("*.py", "py.typed", "*.jinja", "*.css"):
        for package in packages:
            assert names_under(package, pattern) <= held
    configs = {f"auctionsim/{name}" for name in names_under(ROOT / "configs", "*.yaml")}
    assert configs
    assert configs <= held
    tops = {name.partition("/")[0] for name in held}
    assert tops - {"auctionsim", "agents", "vao"} == {
        next(top for top in tops if top.endswith(".dist-info"))
    }
    unwanted = (".pyc", ".nbi", ".nbc", ".parquet", ".safetensors")
    assert not [name for name in held if name.endswith(unwanted)]


READ_A_CONFIG = """
import auctionsim, pathlib
from auctionsim.config_files import config_names, config_path
here = pathlib.Path(auctionsim.__file__)
assert "site-packages" in here.parts, here
assert {"paper", "small", "tiny"} <= set(config_names("markets"))
print(config_path("markets", "tiny").read_text())
"""

USE_IT = """
import numpy as np
import agents, auctionsim, vao
clearing = auctionsim.clear(np.array([[3.0, 2.0, 1.0]]), slots=1)
assert clearing.winners.tolist() == [[0]] and clearing.prices.tolist() == [[2.0]]
result = auctionsim.evaluate(agents.make("pid"), task="bcb", market="tiny", episodes=1, seed=0)
print(result.metrics["value"])
weights = vao.alignment_weights(np.zeros((2, 3)), 1.0)
assert np.allclose(np.asarray(weights), 1 / 3)
"""


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    environment, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    venv.create(environment, with_pip=True)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / "python"
    options = ("--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", *options, wheel, cwd=empty)
    run(python, "-m", "pip", "check", cwd=empty)
    assert "simulate ad auctions" in run(binaries / "auctionsim", "--help", cwd=empty).lower()
    assert "usage: vao" in run(binaries / "vao", "--help", cwd=empty)
    assert "name: tiny" in run(python, "-c", READ_A_CONFIG, cwd=empty)
    assert float(run(python, "-c", USE_IT, cwd=empty)) > 0
    simulate = ("simulate", "--market", "tiny", "--episodes", "1", "--quiet", "--json", "-")
    assert json.loads(run(binaries / "auctionsim", *simulate, cwd=empty))
    assert list(empty.iterdir()) == []

"""What holds for the project as a whole: versions, imports, sizes, packaging."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import auctionsim

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("auctionsim", "agents", "vao")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
IDS = [str(path.relative_to(ROOT)) for path in MODULES]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HEAVY = ("torch", "numba", "pyarrow", "pettingzoo", "scipy", "matplotlib", "tyro")

IMPORT_ALL = """
import importlib, pkgutil, sys
for blocked in {blocked!r}:
    sys.modules[blocked] = None
for name in {packages!r}:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.startswith({left_out!r}):
            importlib.import_module(module.name)
"""


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def import_all(packages: tuple[str, ...], blocked: tuple[str, ...], *left_out: str) -> str:
    return IMPORT_ALL.format(packages=packages, blocked=blocked, left_out=left_out)


def test_import_is_light() -> None:
    loaded = run_python("import auctionsim, sys; print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


def test_import_takes_under_a_second() -> None:
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        run_python("import auctionsim")
        best = min(best, time.perf_counter() - start)
    assert best < 1.0, f"best of 5: {best:.2f} s"


def test_simulator_and_bidders_need_no_torch() -> None:
    run_python(import_all(("auctionsim", "agents"), ("torch", "safetensors")))


def test_simulator_and_vao_need_no_environment_libraries_nor_a_command_line() -> None:
    absent = ("gymnasium", "pettingzoo", "tyro", "rich", "matplotlib", "jinja2")
    left_out = ("auctionsim.cli", "auctionsim.envs", "vao.cli", "vao.report", "auctionsim.report")
    run_python(import_all(PACKAGES, absent, *left_out))


def test_every_package_is_typed_and_lists_its_names() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file()
        for folder in [ROOT / package, *(p.parent for p in (ROOT / package).rglob("*.py"))]:
            init = folder / "__init__.py"
            assert init.is_file(), f"{folder} lacks __init__.py"
            assert re.search(r"^__all__\b", init.read_text(), re.MULTILINE), f"{init}: no __all__"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_files_and_functions_stay_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_nothing_loaded_can_run_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            roots = {name.partition(".")[0] for name in names}
            assert not roots & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_kernel_is_parallel_by_numbas_own_threads(path: Path) -> None:
    """Errors in a `prange` are lost, checks of bounds among them; see `auctionsim.threads`."""
    assert not re.search(r"njit\([^)]*parallel=True|\bprange\b", path.read_text(encoding="utf-8"))


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[^\]]*)\] - (\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f"\ndate-released: {newest.group(2)}\n" in citation
    assert auctionsim.__version__ == version


def test_constraints_pin_every_dependency_within_its_bounds() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    project = PROJECT["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} has no pin in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{text} refuses {pinned[name]}"


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [\n")[2].partition("\n]\n")[0]
    assert block.count("# ") == len(block.splitlines()) > 10


def test_bidders_are_found_through_their_entry_points() -> None:
    found = {entry.name: entry for entry in entry_points(group="auctionsim.bidders")}
    assert set(PROJECT["project"]["entry-points"]["auctionsim.bidders"]) <= set(found)
    for entry in found.values():
        assert callable(entry.load())

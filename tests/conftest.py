"""Settings shared by all tests: few threads, no display, reproducible property tests."""

from __future__ import annotations

import os

# Read once, when the libraries load: the workers of a parallel run share the same few cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

from hypothesis import HealthCheck, settings

from auctionsim.threads import set_threads


def drop_stale_kernels() -> None:
    """Delete cached kernels older than any module: Numba sees changes of their own file alone."""
    package = Path(__file__).resolve().parent.parent / "auctionsim"
    newest = max(path.stat().st_mtime for path in package.rglob("*.py"))
    for path in package.rglob("*.nb[ic]"):
        if path.stat().st_mtime < newest:
            path.unlink(missing_ok=True)


if "PYTEST_XDIST_WORKER" not in os.environ:
    drop_stale_kernels()
if "PYTEST_XDIST_WORKER" in os.environ:
    # Two workers on two cores: a second thread each would only make both wait.
    set_threads(1)

# Compiling a kernel or a loaded machine must not fail a test, and CI must not fail by luck.
settings.register_profile(
    "default",
    deadline=None,
    max_examples=50,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

"""A small study and its dataset, made once."""

from __future__ import annotations

import pytest

from auctionsim.generate import generate_dataset, load_dataset_config
from tests.vao.reproduce.small import Small, write_small


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return a small study's configs, its dataset beside them."""
    made = write_small(tmp_path_factory.mktemp("small"))
    generate_dataset(load_dataset_config(made.dataset), made.folder / "data", progress=False)
    return made

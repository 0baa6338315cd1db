"""No change of what an episode brings may slip by: all its numbers are kept, bit for bit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import auctionsim
from tests.golden.trajectory import play
from tests.golden.trajectory.play import FOLDER, MARKETS, Arrays, golden_path, play_golden
from tests.golden.trajectory.regenerate import main as regenerate

REGENERATE = "python -m tests.golden.trajectory.regenerate"


def _kept(name: str) -> Arrays:
    path = golden_path(name)
    if not path.exists():
        pytest.fail(
            f"{path.name} is missing: auctionsim.SEMANTICS is {auctionsim.SEMANTICS}. Run "
            f"`{REGENERATE}`, delete the files of the old semantics and commit the new ones."
        )
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _compare(name: str, played: Arrays, kept: Arrays) -> None:
    changed = [
        key
        for key in sorted(played.keys() | kept.keys())
        if key not in played
        or key not in kept
        or played[key].dtype != kept[key].dtype
        or played[key].tobytes() != kept[key].tobytes()
    ]
    if changed:
        pytest.fail(
            f"The `{name}` market no longer brings what it did under semantics "
            f"{auctionsim.SEMANTICS}: {', '.join(changed)}. If that is not meant, mend the code. "
            f"If it is, raise auctionsim.SEMANTICS, run `{REGENERATE}`, delete the old files, and "
            "say in the changelog what changed."
        )


@pytest.mark.parametrize("name", MARKETS)
def test_an_episode_brings_what_it_always_brought(name: str) -> None:
    _compare(name, play_golden(name), _kept(name))


@pytest.mark.parametrize("name", MARKETS)
def test_the_kept_episode_uses_what_could_change(name: str) -> None:
    kept = _kept(name)
    assert kept["semantics"] == auctionsim.SEMANTICS
    assert (~kept["active"][-1]).sum() >= 4
    assert kept["active"][-1].sum() >= 4
    assert set(kept["campaign_task"].tolist()) == {0, 1, 2}
    assert kept["conversions"].sum() > 20
    assert kept["remaining_budget"].min() >= 0.0
    assert not np.array_equal(kept["value"], kept["conversions"])


def test_only_files_of_the_present_semantics_are_kept() -> None:
    found = {path.name for path in FOLDER.glob("*.npz")}
    assert found == {golden_path(name).name for name in MARKETS}
    assert all(re.fullmatch(rf"\w+-semantics-{auctionsim.SEMANTICS}\.npz", n) for n in found)


def test_a_change_is_told_with_the_mend() -> None:
    kept = _kept("default")
    played = {**kept, "cost": np.nextafter(kept["cost"], np.inf)}
    with pytest.raises(pytest.fail.Exception, match=r"cost\. .*raise auctionsim.SEMANTICS, run"):
        _compare("default", played, kept)


def test_raised_semantics_ask_for_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auctionsim, "SEMANTICS", auctionsim.SEMANTICS + 1)
    with pytest.raises(pytest.fail.Exception, match=REGENERATE):
        _kept("default")


def test_regeneration_does_not_overwrite_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(play, "FOLDER", tmp_path)
    assert regenerate([]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == len(MARKETS)
    assert regenerate([]) == 2
    assert "raise auctionsim.SEMANTICS" in capsys.readouterr().err
    assert regenerate(["--replace"]) == 0
    with np.load(tmp_path / golden_path("default").name) as file:
        _compare("default", dict(file), _kept("default"))

from __future__ import annotations

from pathlib import Path

import pytest

from auctionsim.dataset.log_tasks import read_tasks
from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS
from tests.auctionsim.dataset.samples import LOGS


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tasks.yaml"
    path.write_text(text)
    return path


def test_the_example_is_the_papers_split() -> None:
    codes = read_tasks(LOGS / "tasks.yaml").codes(range(48)).tolist()
    counts = [codes.count(code) for code in (CPA_MCB, TARGET_ROAS, BCB)]
    assert counts == [2, 6, 40]
    assert codes[24] == CPA_MCB
    assert codes[9] == TARGET_ROAS


def test_without_a_file_all_play_cpa_mcb() -> None:
    assert set(read_tasks(None).codes([0, 5])) == {CPA_MCB}


def test_without_a_default_all_must_be_named(tmp_path: Path) -> None:
    plan = read_tasks(write(tmp_path, "bcb: [0, 1]"))
    assert plan.codes([1, 0]).tolist() == [BCB, BCB]
    with pytest.raises(InvalidArgumentError, match="must name advertiser 2, or give a `default`"):
        plan.codes([0, 2])


def test_an_advertiser_that_the_log_lacks_is_named(tmp_path: Path) -> None:
    plan = read_tasks(write(tmp_path, "bcb: [0, 7, 9]"))
    plan.check_all_met({0, 7, 9, 11})
    with pytest.raises(InvalidArgumentError, match="found '7, 9'"):
        plan.check_all_met({0, 1})


def test_equal_plans_have_one_form(tmp_path: Path) -> None:
    first = read_tasks(write(tmp_path, "bcb: [1, 0]\ntarget_roas: []\ndefault: cpa_mcb"))
    second = read_tasks(write(tmp_path, "default: cpa_mcb\nbcb: [0, 1]"))
    assert first.as_config() == second.as_config() == {"bcb": [0, 1], "default": "cpa_mcb"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpa_mbc: [0]", "Did you mean 'cpa_mcb'"),
        ("default: bcv", r"`tasks.default` must be one of .* Did you mean 'bcb'"),
        ("default: [bcb]", r"tasks\.default"),
        ("bcb: [0]\ncpa_mcb: [0]", "must name an advertiser once; found '0 in bcb and cpa_mcb'"),
        ("bcb: [0, 0]", "must name an advertiser once"),
        ("bcb: [0]\nbcb: [1]", "given twice"),
        ("bcb: 0", "must be a list of advertiser numbers; found 0"),
        ("bcb: {0: 1}", "must be a list"),
        ("bcb:", "must be a list .* found None"),
        ("bcb: [true]", "must hold integers >= 0; found 'True'"),
        ("bcb: [1.0]", "must hold integers"),
        ("bcb: ['1']", "must hold integers"),
        ("bcb: [-1]", "must hold integers"),
        ("- bcb", "must hold `key: value` lines"),
        ("bcb: [0", "must be YAML"),
        ("", "must name tasks"),
        ("!!python/object/apply:os.system ['true']", "must be YAML"),
        ("0: [1]", "found '0'"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        read_tasks(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"`tasks` must be a YAML file.*absent\.yaml"):
        read_tasks(tmp_path / "absent.yaml")

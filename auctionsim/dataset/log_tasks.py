"""Which advertiser of a log plays which task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.config_files import read_mapping
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.tasks import TASKS, task_code

#: What a dataset's own logs name their tasks in, beside them.
TASKS_NAME = "tasks.yaml"

_DEFAULT = "default"


@dataclass(frozen=True)
class TaskPlan:
    """Tasks by advertiser.

    Attributes:
        advertisers: Task names by advertiser number.
        default: Task of all others; None allows no others.
    """

    advertisers: dict[int, str]
    default: str | None

    def codes(self, advertisers: Iterable[int]) -> NDArray[np.int8]:
        """Return the task codes of advertisers.

        Raises:
            InvalidArgumentError: If one has no task and there is no default.
        """
        return np.array([task_code(self._task(int(a))) for a in advertisers], np.int8)

    def check_all_met(self, met: set[int]) -> None:
        """Raise `InvalidArgumentError` if the plan names an advertiser that the log lacks."""
        lacking = sorted(set(self.advertisers) - met)
        if lacking:
            rule = f"must name advertisers of the log ({_few(sorted(met))})"
            raise invalid_argument("tasks", rule, _few(lacking), "Remove them.")

    def as_config(self) -> dict[str, Any]:
        """Return the plan as JSON values, in one form for all equal plans."""
        lists = {t: sorted(a for a, of in self.advertisers.items() if of == t) for t in TASKS}
        return {task: found for task, found in lists.items() if found} | {_DEFAULT: self.default}

    def _task(self, advertiser: int) -> str:
        task = self.advertisers.get(advertiser, self.default)
        if task is None:
            rule = f"must name advertiser {advertiser}, or give a `{_DEFAULT}`"
            raise invalid_argument("tasks", rule, "neither", f"Add `{_DEFAULT}: bcb`, say.")
        return task


def read_tasks(path: Path | str | None) -> TaskPlan:
    """Read a tasks file; without one, all advertisers play cpa_mcb, as in AuctionNet.

    The file is YAML: task names, each with a list of advertiser numbers, and `default` with the
    task of all others.

    Raises:
        InvalidArgumentError: For a file that cannot be read, an unknown task, an advertiser named
            twice, or other types.
    """
    if path is None:
        return TaskPlan({}, "cpa_mcb")
    file = Path(path)
    if not file.is_file():
        raise invalid_argument("tasks", "must be a YAML file", str(path), "Check the path.")
    content = read_mapping(file)
    if not content:
        mend = "Write `cpa_mcb: [0, 1]`, say."
        raise invalid_argument("tasks", f"must name tasks in {path}", "nothing", mend)
    for name in content:
        if name not in (*TASKS, _DEFAULT):
            raise unknown_name("tasks", str(name), (*TASKS, _DEFAULT))
    default = content.pop(_DEFAULT, None)
    if default is not None and default not in TASKS:
        raise unknown_name(f"tasks.{_DEFAULT}", str(default), TASKS)
    advertisers: dict[int, str] = {}
    for task, numbers in content.items():
        for number in _numbers(task, numbers):
            if number in advertisers:
                found = f"{number} in {advertisers[number]} and {task}"
                raise invalid_argument(
                    "tasks", "must name an advertiser once", found, "Remove one."
                )
            advertisers[number] = task
    return TaskPlan(advertisers, default)


def tasks_beside(logs: Sequence[Path]) -> Path:
    """Return the tasks file beside logs of our own.

    Raises:
        InvalidArgumentError: If there is none, or not the same one everywhere.
    """
    files = list(dict.fromkeys(path.parent / TASKS_NAME for path in logs))
    rule = f"must be given where no {TASKS_NAME} lies beside logs that `auctionsim generate` made"
    lacking = next((file for file in files if not file.is_file()), None)
    if lacking is not None:
        mend = "Put it back, or name it by `--tasks`."
        raise invalid_argument("tasks", rule, f"no {lacking}", mend)
    if len({file.read_bytes() for file in files}) > 1:
        rule = "must be given where logs of several datasets have different tasks"
        found = ", ".join(map(str, files[:2]))
        raise invalid_argument("tasks", rule, found, "Convert them one by one.")
    return files[0]


def _numbers(task: str, numbers: object) -> list[int]:
    if not isinstance(numbers, list):
        rule = "must be a list of advertiser numbers"
        raise invalid_argument(f"tasks.{task}", rule, numbers, "Write `[0, 1]`, say.")
    for number in numbers:
        if type(number) is not int or number < 0:
            rule = "must hold integers >= 0"
            raise invalid_argument(f"tasks.{task}", rule, repr(number), "Give advertiser numbers.")
    return numbers


def _few(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return shown if len(numbers) <= 8 else f"{shown}, … ({len(numbers)} in all)"

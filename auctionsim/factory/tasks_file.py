"""The tasks file beside logs, by which `convert` reads them back as the tasks they were."""

from __future__ import annotations

import numpy as np

from auctionsim.dataset.card import LOG_FOLDER
from auctionsim.dataset.log_tasks import TASKS_NAME
from auctionsim.factory.config import LogsConfig
from auctionsim.market import MarketConfig
from auctionsim.simulator.seats import assign_tasks
from auctionsim.tasks import TASKS

TASKS_FILE = f"{LOG_FOLDER}/{TASKS_NAME}"


def tasks_text(market: MarketConfig, logs: LogsConfig) -> str:
    """Return the file's text: the tasks of the advertisers that are logged."""
    codes = assign_tasks(market)
    logged = logs.advertisers or tuple(range(market.advertisers))
    lines = ["# Which advertiser plays which task, for `auctionsim convert --tasks`."]
    for code, task in enumerate(TASKS):
        numbers = [str(i) for i in logged if codes[i] == np.int8(code)]
        if numbers:
            lines.append(f"{task}: [{', '.join(numbers)}]")
    return "".join(f"{line}\n" for line in lines)

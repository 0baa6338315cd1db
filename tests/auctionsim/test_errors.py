"""The message that all errors share, for what may be found in an argument's place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim.errors import describe, unknown_name


class Mute:
    """Fails to say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("a\nb", "found 'a\\nb'."),
        (np.zeros((2, 2)), "found [[0. 0.] [0. 0.]]."),
        (10**5000, "found a int that cannot be shown."),
        (Mute(), "found a Mute that cannot be shown."),
        (None, "found None."),
    ],
    ids=["text", "array", "digits", "mute", "none"],
)
def test_a_message_is_one_line_whatever_was_found(found: Any, shown: str) -> None:
    assert describe("it", "must be 3", found, "Mend it.") == f"`it` must be 3; {shown} Mend it."


@pytest.mark.parametrize("found", [None, 3, b"bcb", np.zeros(2), ["bcb"], {}, float("nan")])
def test_what_is_no_name_gets_no_suggestion(found: Any) -> None:
    message = str(unknown_name("task", found, ["bcb", "cpa_mcb"]))
    assert message.startswith("`task` must be one of bcb, cpa_mcb; found ")
    assert "Did you mean" not in message


def test_a_wrong_name_gets_the_nearest() -> None:
    assert "Did you mean 'bcb'?" in str(unknown_name("task", "bbc", ["bcb", "cpa_mcb"]))

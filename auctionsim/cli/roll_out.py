"""What the commands that let bidders play have in common: what happens when one misbehaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from auctionsim.cli.command import Command

if TYPE_CHECKING:
    from rich.console import Console

    from auctionsim.conduct import Conduct

__all__ = ["RollOutCommand", "show_incidents"]

_IN_FULL = 3


@dataclass(frozen=True, kw_only=True)
class RollOutCommand(Command):
    """Base of commands in which bidders play.

    Attributes:
        on_error: When a bidder raises, answers nonsense or takes too long: end with an error
            (raise), or let its seat bid 0 in that step and list the incident (sit-out).
        time_limit: Seconds a call of a bidder may take for each seat; no limit without it.
        isolate: Let --bidder play in a process of its own, where it is stopped at the time limit.
    """

    own_classes: ClassVar[bool] = True

    on_error: Literal["raise", "sit-out"] = "raise"
    time_limit: Annotated[float | None, tyro.conf.arg(metavar="SECONDS")] = None
    isolate: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def conduct(self) -> Conduct:
        """Return the flags as the library takes them.

        Raises:
            InvalidArgumentError: If the time limit is out of range.
        """
        from auctionsim.conduct import Conduct

        return Conduct(self.on_error, self.time_limit, self.isolate)


def show_incidents(incidents: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print how often each rule was broken, and the first cases, one line each.

    Args:
        incidents: Mappings of the fields of `auctionsim.conduct.Incident`.
        console: Where to.
    """
    if not incidents:
        return
    rules = Counter(incident["cause"].partition("; found ")[0] for incident in incidents)
    lines = [f"{len(incidents):,} incident(s) in which a bidder broke its contract:"]
    lines += [f"  {count:,} x {rule}" for rule, count in rules.most_common()]
    lines += [f"  {_in_full(incident)}" for incident in incidents[:_IN_FULL]]
    lines += ["  ..."] if len(incidents) > _IN_FULL else []
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _in_full(incident: Mapping[str, Any]) -> str:
    when = "reset" if incident["step"] is None else f"step {incident['step']}"
    return (
        f"{incident['bidder']}, episode {incident['episode']}, "
        f"advertiser {incident['advertiser']}, {when}: {incident['cause']}"
    )

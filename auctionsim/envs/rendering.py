"""Rendering: what environments keep of the day, and how they show it."""

from __future__ import annotations

from typing import Any

import gymnasium

from auctionsim.campaigns import Campaign
from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.infos import Info
from auctionsim.simulator import StepOutcome


def begin_day(market: str, campaign: Campaign, info: Info) -> DayRecord:
    """Return an empty record of a campaign's day.

    Args:
        market: Name of the market.
        campaign: The campaign.
        info: What `reset` tells of the episode.
    """
    day = f"seed {info['seed']}, episode {info['episode_number']}"
    title = f"{market}: advertiser {campaign.advertiser}, {day}"
    targets = {"cpa_mcb": campaign.cpa_target, "target_roas": campaign.roas_target}
    return DayRecord(
        title=title,
        steps=campaign.steps,
        budget=campaign.budget,
        reference=campaign.reference,
        task=campaign.task,
        target=targets.get(campaign.task),
    )


def keep_step(record: DayRecord, outcome: StepOutcome, seat: int) -> None:
    """Keep what a step brought a flat seat."""
    run = seat // outcome.cost.shape[1]
    record.add(
        multiplier=outcome.multiplier.item(seat),
        market_price=outcome.market_price.item(run),
        cost=outcome.cost.item(seat),
        wins=outcome.wins.item(seat),
        exposed_wins=outcome.exposed_wins.item(seat),
        conversions=outcome.conversions.item(seat),
        value=outcome.value.item(seat),
        volume=outcome.volume.item(run),
    )


def show_day(record: DayRecord, mode: str) -> Any:
    """Return a day as text ("ansi") or as a picture ("rgb_array", uint8 (height, width, 3))."""
    if mode == "ansi":
        from auctionsim.envs.text import describe_day

        return describe_day(record)
    from auctionsim.envs.drawing import draw_day

    return draw_day(record)


def show_market(record: MarketRecord, mode: str) -> Any:
    """Return the day of all advertisers, in the forms of `show_day`."""
    if mode == "ansi":
        from auctionsim.envs.text import describe_market

        return describe_market(record)
    from auctionsim.envs.drawing import draw_market

    return draw_market(record)


def warn_not_rendering() -> None:
    """Warn, as Gymnasium's own environments do, that there is nothing to show."""
    gymnasium.logger.warn(
        "`render` was called on an environment without a render mode. "
        "Make it with render_mode='ansi' or 'rgb_array'."
    )

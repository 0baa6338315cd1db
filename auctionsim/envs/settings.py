"""What the environments are asked for: checked arguments, shared by all of them."""

from __future__ import annotations

from dataclasses import dataclass

from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_integer, check_name
from auctionsim.tasks import TASKS, task_code

REWARDS: tuple[str, ...] = ("value", "expected_value", "score_strict", "score_paper")
BIDDING: tuple[str, ...] = ("multiplier", "opportunities")
OBSERVATIONS: tuple[str, ...] = ("scaled", "natural")
RENDER_MODES: tuple[str, ...] = ("ansi", "rgb_array")
RENDER_FPS = 4


@dataclass(frozen=True)
class Settings:
    """How an environment is set up.

    Attributes:
        market: The market.
        task: Code of the task that the outside seats play, or None for their own.
        reward: One of `REWARDS`.
        bidding: One of `BIDDING`.
        observation: One of `OBSERVATIONS`.
        render_mode: One of `RENDER_MODES`, or None for no rendering.
    """

    market: MarketConfig
    task: int | None
    reward: str
    bidding: str
    observation: str
    render_mode: str | None

    @property
    def one_by_one(self) -> bool:
        """Whether an action is a bid for every opportunity."""
        return self.bidding == "opportunities"


def check_settings(
    *,
    market: MarketConfig | str,
    task: str | None,
    reward: str,
    bidding: str,
    observation: str,
    render_mode: str | None,
) -> Settings:
    """Return the settings that all environments have.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """
    return Settings(
        market=load_market(market),
        task=None if task is None else task_code(check_name("task", task, TASKS)),
        reward=check_name("reward", reward, REWARDS),
        bidding=check_name("bidding", bidding, BIDDING),
        observation=check_name("observation", observation, OBSERVATIONS),
        render_mode=(
            None if render_mode is None else check_name("render_mode", render_mode, RENDER_MODES)
        ),
    )


def check_opponents(opponents: LineupConfig | str) -> LineupConfig:
    """Return the line-up of the other seats, all of its bidders built once.

    Raises:
        InvalidArgumentError: If there is no such line-up, or a bidder cannot be built.
    """
    lineup = load_lineup(opponents)
    lineup.check()
    return lineup


def check_advertiser(advertiser: int | None, market: MarketConfig) -> int | None:
    """Return the advertiser that acts; None for one drawn in every episode."""
    if advertiser is None:
        return None
    mend = "Use an advertiser's id, or None to draw one in every episode."
    return check_integer("advertiser", advertiser, 0, market.advertisers - 1, mend)

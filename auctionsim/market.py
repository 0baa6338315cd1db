"""What a market is: sizes, rules, traffic, and the distributions of budgets and targets."""

from __future__ import annotations

import itertools
import math
import os
from dataclasses import dataclass, field
from typing import Any

from auctionsim.day_conditions import DayConditions, largest_day
from auctionsim.errors import unknown_name
from auctionsim.market_checks import (
    LARGEST_AMOUNT,
    LARGEST_NUMBER,
    LARGEST_SUM,
    SMALLEST_AMOUNT,
    as_row,
    check_by_task,
    check_limits,
    check_name,
    check_number,
    check_shares,
    check_text,
    check_whole,
    require,
)
from auctionsim.rules import BIAS, EXPOSURE, MECHANISMS, RULES, is_reference

# Blocks of a day have counters of their own among an advertiser's draws: so many fit in.
MOST_BLOCKS = 2**20

# Share of a day's opportunities in each half hour, in ten-thousandths: AuctionNet's base profile
# (alimama-tech/AuctionNet, NeurIPSPvGen), rounded.
DAILY_PROFILE: tuple[float, ...] = (
    230, 108, 88, 48, 48, 33, 34, 30, 43, 49, 111, 124, 185, 173, 261, 241,
    364, 331, 381, 324, 372, 329, 335, 255, 237, 222, 262, 201, 222, 205, 227, 208,
    241, 206, 200, 165, 175, 169, 204, 198, 250, 251, 311, 286, 301, 257, 254, 253,
)  # fmt: skip


_BELOW_ONE = math.nextafter(1.0, 0.0)
_ABOVE_ZERO = math.ulp(0.0)


def _keep(config: object, **checked: Any) -> None:
    """Set fields of a frozen dataclass to their plain forms."""
    for name, value in checked.items():
        object.__setattr__(config, name, value)


@dataclass(frozen=True)
class Traffic:
    """How many opportunities each step brings, and what they are worth to whom.

    The probability that opportunity j converts for advertiser i is a normal around the
    advertiser's mean of the step, cut to [0, 1]. Means are `mean_probability` times a factor of the
    category and one of the advertiser, each uniform around 1 and constant within a block of the day
    (the shape of AuctionNet's NeurIPSPvGen).

    Attributes:
        daily_profile: Relative share of opportunities over the day, resampled to the steps.
        volume_spread: Volumes vary by a factor uniform in 1 +- this, one a volume block.
        volume_blocks: Blocks of the day with a volume factor of their own.
        mean_probability: Mean conversion probability of an opportunity.
        category_spread: Half-width of the category's factor.
        advertiser_spread: Half-width of the advertiser's factor within its category.
        profile_blocks: Blocks of the day with probability factors of their own.
        deviation_mean: Mean over advertisers of deviation / mean within a step, at most 1e30, as
            are the numbers that follow.
        deviation_spread: Standard deviation of that ratio over advertisers.
        deviation_step_spread: Relative standard deviation of that ratio over an advertiser's steps.
        error_mean: Mean over advertisers of the prediction error sigma / probability.
        error_spread: Standard deviation of that ratio over advertisers.
        prediction_bias: Size of the bias of true against predicted probabilities; 0 for none, 1 for
            AuctionNet's (mean of a normal cut at random points within two prediction errors); null
            for what the market's rules say.
    """

    daily_profile: tuple[float, ...] = DAILY_PROFILE
    volume_spread: float = 0.4
    volume_blocks: int = 12
    mean_probability: float = 0.0005
    category_spread: float = 0.7
    advertiser_spread: float = 0.5
    profile_blocks: int = 6
    deviation_mean: float = 0.5
    deviation_spread: float = 0.1
    deviation_step_spread: float = 0.2
    error_mean: float = 0.15
    error_spread: float = 0.06
    prediction_bias: float | None = None

    def __post_init__(self) -> None:
        _keep(self, daily_profile=check_shares("traffic.daily_profile", self.daily_profile))
        for name in ("volume_spread", "category_spread", "advertiser_spread"):
            self._check(name, 0.0, _BELOW_ONE, "must be a number in [0, 1)")
        for name in ("volume_blocks", "profile_blocks"):
            blocks = check_whole(f"traffic.{name}", getattr(self, name), 1, MOST_BLOCKS + 1)
            _keep(self, **{name: blocks})
        self._check("mean_probability", _ABOVE_ZERO, 1.0, "must be a number in (0, 1]")
        for name in (
            "deviation_mean",
            "deviation_spread",
            "deviation_step_spread",
            "error_mean",
            "error_spread",
        ):
            self._check(name, 0.0, LARGEST_AMOUNT)
        if self.prediction_bias is not None:
            self._check("prediction_bias", 0.0, LARGEST_AMOUNT)

    def _check(self, name: str, low: float, high: float, rule: str = "") -> None:
        number = check_number(f"traffic.{name}", getattr(self, name), low, high, rule)
        _keep(self, **{name: number})


@dataclass(frozen=True)
class CampaignTerms:
    """Distributions of what advertisers want; drawn once an advertiser, the same in all episodes.

    Attributes:
        seed: Seed of these draws; apart from the seed of episodes.
        budget: Lowest and highest budget, log-uniform between, in currency; from 1e-30 to 1e30, as
            are all amounts of money here.
        budget_step: Budgets are rounded to multiples of this, in currency.
        cpa_target: Lowest and highest CPA target, log-uniform, rounded to 1 % of the lowest.
        inverse_roas_target: The same for 1 / ROAS target, in currency a unit of value.
        task_shares: Relative number of advertisers a task.
        reference_price: Multiplier that scales a bcb campaign's actions, in currency a unit of
            value.
    """

    seed: int = 0
    budget: tuple[float, float] = (2000.0, 4850.0)
    budget_step: float = 50.0
    cpa_target: tuple[float, float] = (60.0, 130.0)
    inverse_roas_target: tuple[float, float] = (60.0, 130.0)
    task_shares: dict[str, float] = field(
        default_factory=lambda: {"cpa_mcb": 2.0, "target_roas": 6.0, "bcb": 40.0}
    )
    reference_price: float = 90.0

    def __post_init__(self) -> None:
        _keep(self, seed=check_whole("campaigns.seed", self.seed, 0, 2**64))
        for name in ("budget", "cpa_target", "inverse_roas_target"):
            _keep(self, **{name: check_limits(f"campaigns.{name}", getattr(self, name))})
        step, rule = self.budget_step, f"must be a number in [{SMALLEST_AMOUNT:g}, lowest budget]"
        low, high = SMALLEST_AMOUNT, self.budget[0]
        _keep(self, budget_step=check_number("campaigns.budget_step", step, low, high, rule))
        shares = check_by_task("campaigns.task_shares", self.task_shares, LARGEST_NUMBER)
        total, rule = sum(shares.values()), f"must have a positive sum of at most {LARGEST_SUM:g}"
        require(0 < total <= LARGEST_SUM, "campaigns.task_shares", rule, total)
        price = self.reference_price
        price = check_number("campaigns.reference_price", price, SMALLEST_AMOUNT, LARGEST_AMOUNT)
        _keep(self, task_shares=shares, reference_price=price)


@dataclass(frozen=True)
class ValueSpreads:
    """Spread of a conversion's worth, as standard deviations of logarithms.

    Attributes:
        known: By task: spread of the mean value e, known before bidding (lognormal, E[e] = 1).
        realised: Spread of the realised value around its known mean (lognormal, mean 1).
    """

    known: dict[str, float] = field(
        default_factory=lambda: {"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.0}
    )
    realised: float = 0.0

    def __post_init__(self) -> None:
        known = check_by_task("values.known", self.known, 3.0)
        _keep(self, known=known, realised=check_number("values.realised", self.realised, 0.0, 3.0))


@dataclass(frozen=True)
class MarketConfig:
    """A market, whole. Every size is a parameter; the rules are those of `auctionsim.SEMANTICS`.

    Attributes:
        name: What the market is called in cards and results.
        opportunities: Impression opportunities an episode, from 0.
        steps: Steps an episode, from 1.
        advertisers: Advertisers, from 1; ids are 0 .. advertisers - 1.
        categories: Categories; advertiser i is in category i * categories // advertisers.
        slots: Ad slots an opportunity, from 1.
        mechanism: "gsp", "second_price" (one slot), "first_price", or `module:function` for a Numba
            function of your own (see `auctionsim.mechanism.pricing`).
        rules: "default", or "auctionnet": a slot whose price is the reserve is unsold, winners who
            over-spend in a step are dropped at random and the step is auctioned again, and
            exposure and bias of the probabilities are AuctionNet's unless given.
        exposure: Probability that slot k is seen, falling; one look per opportunity decides all.
            Empty for the rules' own: 1, 0.8, 0.6 by default, 1, 0.8, 0.48 in AuctionNet.
        reserve_price: Lowest price of a slot, in currency, at most 1e30.
        min_remaining_budget: Who begins a step with less sits it out, in currency.
        traffic: Opportunities and probabilities.
        campaigns: Budgets, targets and tasks.
        values: Spread of the worth of conversions.
        days: How days differ, and what changes within them; nothing by default.
    """

    name: str = "paper"
    opportunities: int = 500_000
    steps: int = 48
    advertisers: int = 48
    categories: int = 6
    slots: int = 3
    mechanism: str = "gsp"
    rules: str = "default"
    exposure: tuple[float, ...] = ()
    reserve_price: float = 0.0001
    min_remaining_budget: float = 0.1
    traffic: Traffic = field(default_factory=Traffic)
    campaigns: CampaignTerms = field(default_factory=CampaignTerms)
    values: ValueSpreads = field(default_factory=ValueSpreads)
    days: DayConditions = field(default_factory=DayConditions)

    def __post_init__(self) -> None:
        check_text("name", self.name)
        self._check_sizes()
        check_text("mechanism", self.mechanism)
        if self.mechanism not in MECHANISMS and not is_reference(self.mechanism):
            raise unknown_name("mechanism", self.mechanism, MECHANISMS)
        check_name("rules", self.rules, RULES)
        if self.mechanism == "second_price":
            require(self.slots == 1, "slots", "must be 1 for second_price", self.slots, "Use gsp.")
        self._check_exposure()
        reserve = check_number("reserve_price", self.reserve_price, 0.0, LARGEST_AMOUNT)
        least, rule = self.min_remaining_budget, "must be a finite number >= 0"
        least = check_number("min_remaining_budget", least, 0.0, LARGEST_NUMBER, rule)
        _keep(self, reserve_price=reserve, min_remaining_budget=least)
        for name, kind in _PARTS.items():
            part, rule = getattr(self, name), f"must be of class {kind.__name__}"
            mend = f"Build it: auctionsim.market.{kind.__name__}()."
            require(isinstance(part, kind), name, rule, part, mend)
        rule = "must leave the largest day below 2^31 opportunities"
        most = largest_day(self.opportunities, self.days)
        require(most < 2**31, "days.volume_by_day", rule, self.days.volume_by_day)

    @property
    def slot_exposure(self) -> tuple[float, ...]:
        """Probability that each slot is seen: as given, or the rules' own."""
        return self.exposure or EXPOSURE[self.rules][: self.slots]

    @property
    def prediction_bias(self) -> float:
        """Size of the bias of true against predicted probabilities: as given, or the rules' own."""
        given = self.traffic.prediction_bias
        return BIAS[self.rules] if given is None else given

    def _check_sizes(self) -> None:
        limits = {"opportunities": (0, 2**31), "slots": (1, 1001)}
        for name in ("opportunities", "steps", "advertisers", "categories", "slots"):
            size = check_whole(name, getattr(self, name), *limits.get(name, (1, 2**31)))
            _keep(self, **{name: size})

    def _check_exposure(self) -> None:
        given: object = self.exposure
        own = isinstance(given, tuple) and not given
        seen = as_row(self.slot_exposure if own else given)
        rule = "must hold one probability a slot, in [0, 1] and falling"
        ok = seen is not None and len(seen) == self.slots and all(0 <= x <= 1 for x in seen)
        ok = ok and all(a >= b for a, b in itertools.pairwise(seen or ()))
        found = seen if own else given
        require(ok, "exposure", rule, found, f"Give {self.slots} falling probabilities.")
        if not own:
            _keep(self, exposure=seen)


_PARTS: dict[str, type] = {
    "traffic": Traffic, "campaigns": CampaignTerms, "values": ValueSpreads,
    "days": DayConditions,
}  # fmt: skip


def load_market(name_or_path: str | os.PathLike[str] | MarketConfig) -> MarketConfig:
    """Return a market by name (a file in configs/markets), by path to a YAML file, or as given."""
    if isinstance(name_or_path, MarketConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(MarketConfig, "markets", name_or_path)

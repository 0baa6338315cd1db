"""What a market is: sizes, rules, traffic, and the distributions of budgets and targets."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.tasks import TASKS

MECHANISMS: tuple[str, ...] = ("gsp", "second_price", "first_price")
RULES: tuple[str, ...] = ("default", "auctionnet")

# Share of a day's opportunities in each half hour, in ten-thousandths: AuctionNet's base profile
# (alimama-tech/AuctionNet, NeurIPSPvGen), rounded.
DAILY_PROFILE: tuple[float, ...] = (
    230, 108, 88, 48, 48, 33, 34, 30, 43, 49, 111, 124, 185, 173, 261, 241,
    364, 331, 381, 324, 372, 329, 335, 255, 237, 222, 262, 201, 222, 205, 227, 208,
    241, 206, 200, 165, 175, 169, 204, 198, 250, 251, 311, 286, 301, 257, 254, 253,
)  # fmt: skip


def _require(ok: bool, argument: str, rule: str, found: object, mend: str = "") -> None:
    if not ok:
        raise invalid_argument(argument, rule, found, mend or "Change it in the market's config.")


def _finite(value: float) -> bool:
    return math.isfinite(value)


@dataclass(frozen=True)
class Traffic:
    """How many opportunities each step brings, and what they are worth to whom.

    The probability that opportunity j converts for advertiser i is a normal around the
    advertiser's mean of the step, cut to [0, 1]. Means are `mean_probability` times a factor of the
    category and one of the advertiser, each uniform around 1 and constant within a block of the day
    (the shape of AuctionNet's NeurIPSPvGen).

    Attributes:
        daily_profile: Relative share of opportunities over the day, resampled to the market's steps.
        volume_spread: Volumes vary by a factor uniform in 1 +- this, one a volume block.
        volume_blocks: Blocks of the day with a volume factor of their own.
        mean_probability: Mean conversion probability of an opportunity.
        category_spread: Half-width of the category's factor.
        advertiser_spread: Half-width of the advertiser's factor within its category.
        profile_blocks: Blocks of the day with probability factors of their own.
        deviation_mean: Mean over advertisers of deviation / mean within a step.
        deviation_spread: Standard deviation of that ratio over advertisers.
        deviation_step_spread: Relative standard deviation of that ratio over an advertiser's steps.
        error_mean: Mean over advertisers of the prediction error sigma / probability.
        error_spread: Standard deviation of that ratio over advertisers.
        prediction_bias: Size of the bias of true against predicted probabilities; 0 for none, 1 for
            AuctionNet's (mean of a normal cut at random points within two prediction errors).
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
    prediction_bias: float = 0.0

    def __post_init__(self) -> None:
        profile = self.daily_profile
        ok = len(profile) > 0 and all(_finite(x) and x >= 0 for x in profile) and sum(profile) > 0
        _require(ok, "traffic.daily_profile", "must hold shares >= 0 with a positive sum", profile)
        for name in ("volume_spread", "category_spread", "advertiser_spread"):
            spread = getattr(self, name)
            _require(0 <= spread < 1, f"traffic.{name}", "must lie in [0, 1)", spread)
        for name in ("volume_blocks", "profile_blocks"):
            blocks = getattr(self, name)
            _require(blocks >= 1, f"traffic.{name}", "must be at least 1", blocks)
        mean = self.mean_probability
        _require(0 < mean <= 1, "traffic.mean_probability", "must lie in (0, 1]", mean)
        for name in (
            "deviation_mean",
            "deviation_spread",
            "deviation_step_spread",
            "error_mean",
            "error_spread",
            "prediction_bias",
        ):
            number = getattr(self, name)
            _require(_finite(number) and number >= 0, f"traffic.{name}", "must be >= 0", number)


@dataclass(frozen=True)
class CampaignTerms:
    """Distributions of what advertisers want; drawn once an advertiser, the same in all episodes.

    Attributes:
        seed: Seed of these draws; apart from the seed of episodes.
        budget: Lowest and highest budget, log-uniform between, in currency.
        budget_step: Budgets are rounded to multiples of this, in currency.
        cpa_target: Lowest and highest CPA target, log-uniform, rounded to 1 % of the lowest.
        inverse_roas_target: The same for 1 / ROAS target, in currency a unit of value.
        task_shares: Relative number of advertisers a task.
        reference_price: Multiplier a bcb campaign's actions are scaled by, in currency a unit of value.
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
        _require(0 <= self.seed < 2**64, "campaigns.seed", "must lie in [0, 2^64)", self.seed)
        for name in ("budget", "cpa_target", "inverse_roas_target"):
            low, high = getattr(self, name)
            ok = 0 < low <= high and _finite(high)
            _require(ok, f"campaigns.{name}", "must be (lowest, highest), both > 0", (low, high))
        step, low = self.budget_step, self.budget[0]
        _require(0 < step <= low, "campaigns.budget_step", "must lie in (0, lowest budget]", step)
        for task, share in self.task_shares.items():
            if task not in TASKS:
                raise unknown_name("campaigns.task_shares", task, TASKS)
            ok = _finite(share) and share >= 0
            _require(ok, f"campaigns.task_shares.{task}", "must be >= 0", share)
        total = sum(self.task_shares.values())
        _require(total > 0, "campaigns.task_shares", "must have a positive sum", total)
        price = self.reference_price
        _require(_finite(price) and price > 0, "campaigns.reference_price", "must be > 0", price)


@dataclass(frozen=True)
class ValueSpreads:
    """Spread of a conversion's worth, as standard deviations of logarithms.

    Attributes:
        known: By task: spread of the mean value e a bidder knows before bidding (lognormal, E[e] = 1).
        realised: Spread of the realised value around its known mean (lognormal, mean 1).
    """

    known: dict[str, float] = field(
        default_factory=lambda: {"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.0}
    )
    realised: float = 0.0

    def __post_init__(self) -> None:
        for task, spread in self.known.items():
            if task not in TASKS:
                raise unknown_name("values.known", task, TASKS)
            _require(0 <= spread <= 3, f"values.known.{task}", "must lie in [0, 3]", spread)
        _require(0 <= self.realised <= 3, "values.realised", "must lie in [0, 3]", self.realised)


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
        mechanism: "gsp", "second_price" (one slot) or "first_price".
        rules: "default", or "auctionnet": a slot whose price is the reserve is unsold, and winners
            who over-spend in a step are dropped at random and the step is auctioned again.
        exposure: Probability that slot k is seen, falling; one look per opportunity decides all.
        reserve_price: Lowest price of a slot, in currency.
        min_remaining_budget: Who begins a step with less sits it out, in currency.
        traffic: Opportunities and probabilities.
        campaigns: Budgets, targets and tasks.
        values: Spread of the worth of conversions.
    """

    name: str = "paper"
    opportunities: int = 500_000
    steps: int = 48
    advertisers: int = 48
    categories: int = 6
    slots: int = 3
    mechanism: str = "gsp"
    rules: str = "default"
    exposure: tuple[float, ...] = (1.0, 0.8, 0.6)
    reserve_price: float = 0.0001
    min_remaining_budget: float = 0.1
    traffic: Traffic = field(default_factory=Traffic)
    campaigns: CampaignTerms = field(default_factory=CampaignTerms)
    values: ValueSpreads = field(default_factory=ValueSpreads)

    def __post_init__(self) -> None:
        limit = 2**31
        for name, low in (
            ("opportunities", 0),
            ("steps", 1),
            ("advertisers", 1),
            ("categories", 1),
        ):
            size = getattr(self, name)
            _require(low <= size < limit, name, f"must lie in [{low}, 2^31)", size)
        _require(1 <= self.slots <= 1000, "slots", "must lie in [1, 1000]", self.slots)
        if self.mechanism not in MECHANISMS:
            raise unknown_name("mechanism", self.mechanism, MECHANISMS)
        if self.rules not in RULES:
            raise unknown_name("rules", self.rules, RULES)
        if self.mechanism == "second_price":
            _require(self.slots == 1, "slots", "must be 1 for second_price", self.slots, "Use gsp.")
        self._check_exposure()
        for name in ("reserve_price", "min_remaining_budget"):
            price = getattr(self, name)
            _require(_finite(price) and price >= 0, name, "must be finite and >= 0", price)

    def _check_exposure(self) -> None:
        seen = self.exposure
        rule = "must hold one probability a slot, in [0, 1] and falling"
        ok = len(seen) == self.slots and all(0 <= x <= 1 for x in seen)
        ok = ok and all(a >= b for a, b in zip(seen, seen[1:], strict=False))
        _require(ok, "exposure", rule, seen, f"Give {self.slots} falling probabilities.")


def market_from_mapping(mapping: dict[str, Any]) -> MarketConfig:
    """Build a market from a mapping as read from a file; unknown keys and wrong types are errors."""
    from auctionsim.config_files import build

    return build(MarketConfig, mapping)


def load_market(name_or_path: str | MarketConfig) -> MarketConfig:
    """Return a market by name (a file in configs/markets), by path to a YAML file, or as given."""
    if isinstance(name_or_path, MarketConfig):
        return name_or_path
    from auctionsim.config_files import load

    return load(MarketConfig, "markets", name_or_path)

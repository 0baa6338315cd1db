"""Seats: which advertisers take part, with what campaigns, in which runs of which episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.market import MarketConfig
from auctionsim.random_numbers import PURPOSE_BEHAVIOUR, PURPOSE_CAMPAIGN, derive_key, uniforms
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from auctionsim.traffic.day import largest_remainder

# Counters of the campaign draws of one advertiser: terms, and place in the assignment of tasks.
_TERMS, _ASSIGNMENT = 0, 1


def assign_tasks(market: MarketConfig) -> NDArray[np.int8]:
    """Return each advertiser's task code: the market's shares, dealt to a shuffled row, (A,)."""
    terms = market.campaigns
    shares = np.array([terms.task_shares.get(task, 0.0) for task in TASKS])
    counts = largest_remainder(shares, market.advertisers)
    ids = np.arange(market.advertisers)
    draws = uniforms(terms.seed, _ASSIGNMENT, ids, PURPOSE_CAMPAIGN)[:, 0]
    tasks = np.empty(market.advertisers, np.int8)
    tasks[np.argsort(draws, kind="stable")] = np.repeat(np.arange(len(TASKS)), counts)
    return tasks


def _log_uniform(
    draws: NDArray[np.float64], limits: tuple[float, float], step: float
) -> NDArray[np.float64]:
    low, high = limits
    return np.clip(np.rint(low * (high / low) ** draws / step) * step, low, high)


def market_campaigns(market: MarketConfig, episode_keys: Sequence[int]) -> Campaigns:
    """Return the campaigns of all advertisers in several episodes, flat: episode by episode.

    Budgets, targets and tasks are the advertisers' own, the same in every episode; only the key of
    private randomness differs.

    Args:
        market: The market.
        episode_keys: 64-bit keys of the episodes.
    """
    terms, ids = market.campaigns, np.arange(market.advertisers)
    draws = uniforms(terms.seed, _TERMS, ids, PURPOSE_CAMPAIGN)
    episodes = len(episode_keys)
    keys = np.array(episode_keys, np.uint64)[:, None]
    base = Campaigns(
        advertiser=np.tile(ids, episodes),
        category=np.tile(ids * market.categories // market.advertisers, episodes),
        task=np.tile(assign_tasks(market), episodes),
        budget=np.tile(_log_uniform(draws[:, 0], terms.budget, terms.budget_step), episodes),
        cpa_target=np.zeros(episodes * len(ids)),
        roas_target=np.zeros(episodes * len(ids)),
        reference=np.zeros(episodes * len(ids)),
        key=derive_key(keys, 0, ids[None, :], PURPOSE_BEHAVIOUR).ravel(),
        steps=market.steps,
    )
    return with_tasks(market, base, base.task)


def with_tasks(market: MarketConfig, campaigns: Campaigns, task: NDArray[np.int8]) -> Campaigns:
    """Return the campaigns with other tasks, targets drawn from the market's distribution.

    An advertiser's target for a task is the same whenever it is asked for.

    Args:
        market: The market the campaigns belong to.
        campaigns: Campaigns, n.
        task: Task codes, (n,).
    """
    terms = market.campaigns
    draws = uniforms(terms.seed, _TERMS, campaigns.advertiser, PURPOSE_CAMPAIGN)
    cpa = _log_uniform(draws[:, 1], terms.cpa_target, terms.cpa_target[0] / 100)
    inverse_roas = _log_uniform(
        draws[:, 2], terms.inverse_roas_target, terms.inverse_roas_target[0] / 100
    )
    task = np.asarray(task, np.int8)
    reference = np.full(len(task), terms.reference_price)
    reference = np.where(task == CPA_MCB, cpa, reference)
    reference = np.where(task == TARGET_ROAS, inverse_roas, reference)
    return replace(
        campaigns,
        task=task,
        cpa_target=np.where(task == CPA_MCB, cpa, np.nan),
        roas_target=np.where(task == TARGET_ROAS, 1.0 / inverse_roas, np.nan),
        reference=reference,
    )


def known_spreads(market: MarketConfig, campaigns: Campaigns) -> NDArray[np.float32]:
    """Return the spread of each campaign's known values, by its task, (n,)."""
    by_task = [market.values.known.get(TASKS[code], 0.0) for code in (CPA_MCB, TARGET_ROAS, BCB)]
    return np.array(by_task, np.float32)[campaigns.task]

"""The columns of the opportunity-level logs we write, and what each means.

The first 18 are AuctionNet's: same names, order and type (all float64), same semantics. Those that
follow hold what AuctionNet does not log and trajectories need; `auctionsim convert` reads them.
"""

from __future__ import annotations

from auctionsim.dataset.log_columns import OWN_COLUMNS

#: AuctionNet's columns, in its order, with what stands in them in a log of ours.
AUCTIONNET_COLUMNS: dict[str, str] = {
    "deliveryPeriodIndex": "Episode.",
    "advertiserNumber": "Advertiser.",
    "advertiserCategoryIndex": "Category of the advertiser.",
    "budget": "Budget of the episode, in currency.",
    "CPAConstraint": "CPA target; 1 / ROAS target for target_roas; the reference price for bcb.",
    "timeStepIndex": "Step.",
    "remainingBudget": "What is left of the budget at the beginning of the step, in currency.",
    "pvIndex": "Opportunity, counted from 0 in every step.",
    "pValue": "Conversion probability as the bidder is told it.",
    "pValueSigma": "Standard error of that prediction.",
    "bid": "Bid as placed: at most what was left of the budget; 0 where it was dropped.",
    "xi": "1 if a slot was won, seen or not.",
    "adSlot": "Slot won, from 1; 0 for none.",
    "cost": "Price of the slot won, paid only if it was seen; 0 for none.",
    "isExposed": "1 if the slot won was seen.",
    "conversionAction": "1 if it converted.",
    "leastWinningCost": "Market price: the (slots + 1)-th bid or the reserve.",
    "isEnd": "1 in the last step, and where too little of the budget was left to take part.",
}

#: All columns, in order.
COLUMNS: tuple[str, ...] = (*AUCTIONNET_COLUMNS, *OWN_COLUMNS)

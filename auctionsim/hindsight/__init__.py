"""Bounds in hindsight: what a seat could have had on a day, against the prices it met."""

from auctionsim.hindsight.bounds import DayBounds, bounds_of_run, bounds_of_runs
from auctionsim.hindsight.constants import BestConstant, best_constant
from auctionsim.hindsight.curves import response_curve
from auctionsim.hindsight.day import SeatDay, strict_score
from auctionsim.hindsight.optimum import Optimum, linear_optimum

__all__ = [
    "BestConstant",
    "DayBounds",
    "Optimum",
    "SeatDay",
    "best_constant",
    "bounds_of_run",
    "bounds_of_runs",
    "linear_optimum",
    "response_curve",
    "strict_score",
]

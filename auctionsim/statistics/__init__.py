"""Statistics of crossed results: intervals, paired differences, variance components, power."""

from auctionsim.statistics.components import VarianceComponents, variance_components
from auctionsim.statistics.families import holm
from auctionsim.statistics.intervals import Interval, Sample, interval, paired_difference
from auctionsim.statistics.power import detectable_difference, episodes_needed, power
from auctionsim.statistics.rates import rate_interval

__all__ = [
    "Interval",
    "Sample",
    "VarianceComponents",
    "detectable_difference",
    "episodes_needed",
    "holm",
    "interval",
    "paired_difference",
    "power",
    "rate_interval",
    "variance_components",
]

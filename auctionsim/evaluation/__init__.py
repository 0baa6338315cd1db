"""Scoring bidders: by roll-outs seat by seat, with intervals, differences and bounds."""

from auctionsim.evaluation.comparison import compare
from auctionsim.evaluation.league import League, LeagueConfig, load_league, play_league
from auctionsim.evaluation.result import METRICS, Evaluation, summarise
from auctionsim.evaluation.roll_outs import evaluate
from auctionsim.evaluation.takeover import PROTOCOLS, Takeover, alone, task_seats
from auctionsim.tasks import TASKS

__all__ = [
    "METRICS",
    "PROTOCOLS",
    "TASKS",
    "Evaluation",
    "League",
    "LeagueConfig",
    "Takeover",
    "alone",
    "compare",
    "evaluate",
    "load_league",
    "play_league",
    "summarise",
    "task_seats",
]

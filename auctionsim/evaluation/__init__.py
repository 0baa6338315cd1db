"""Scoring bidders: by roll-outs seat by seat, with intervals, differences and bounds."""

from auctionsim.evaluation.comparison import compare
from auctionsim.evaluation.league import League, LeagueConfig, load_league, play_league
from auctionsim.evaluation.result import METRICS, Evaluation, Setting, summarise
from auctionsim.evaluation.roll_outs import evaluate, evaluate_budgets
from auctionsim.evaluation.takeover import FIRST_EPISODE, PROTOCOLS, Takeover, task_seats
from auctionsim.tasks import TASKS

__all__ = [
    "FIRST_EPISODE",
    "METRICS",
    "PROTOCOLS",
    "TASKS",
    "Evaluation",
    "League",
    "LeagueConfig",
    "Setting",
    "Takeover",
    "compare",
    "evaluate",
    "evaluate_budgets",
    "load_league",
    "play_league",
    "summarise",
    "task_seats",
]

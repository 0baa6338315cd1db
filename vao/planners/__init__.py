"""Planners: families of policies learned from relabelled trajectories, behind one interface."""

from __future__ import annotations

from vao.planners.protocol import Memory, Planner, Shape, Stage, mean_over_active
from vao.planners.registry import PLANNERS, new_planner, planner_class, planner_settings
from vao.planners.state_planner import StatePlanner, StatePlannerSettings

__all__ = [
    "PLANNERS",
    "Memory",
    "Planner",
    "Shape",
    "Stage",
    "StatePlanner",
    "StatePlannerSettings",
    "mean_over_active",
    "new_planner",
    "planner_class",
    "planner_settings",
]

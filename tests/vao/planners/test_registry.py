"""Planners by name, and settings from plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from auctionsim.errors import InvalidArgumentError
from tests.vao.planners.samples import SHAPE
from vao.planners import PLANNERS, Planner, new_planner, planner_class, planner_settings
from vao.planners.aigb import Aigb
from vao.planners.direct import Direct


@dataclass(frozen=True)
class OwnSettings:
    size: int = 3


class Own(Direct):
    """A planner from outside the registry."""


@pytest.mark.parametrize("name", PLANNERS)
def test_every_name_leads_to_a_planner(name: str) -> None:
    found = planner_class(name)
    assert issubclass(found, Planner)
    assert f"{found.__module__}:{found.__name__}" == PLANNERS[name]
    assert planner_settings(name, {}) == found.Settings()


def test_names_are_plain() -> None:
    assert all(name.isidentifier() and name.islower() for name in PLANNERS)


def test_a_planner_of_ones_own_needs_no_registration() -> None:
    assert planner_class(f"{__name__}:Own") is Own
    planner = new_planner(f"{__name__}:Own", {"width": 8, "heads": 2}, SHAPE, seed=0)
    assert isinstance(planner, Own)
    assert planner.settings.width == 8


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aigp", "aigb"),
        ("", "aigb"),
        ("no_such_module:Planner", "importable"),
        (f"{__name__}:NoSuchClass", "importable"),
        (f"{__name__}:", "importable"),
        (f"{__name__}:OwnSettings", "subclass of Planner"),
        (f"{__name__}:SHAPE", "subclass of Planner"),
        ("vao.planners:new_planner", "subclass of Planner"),
    ],
)
def test_what_is_no_planner_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as raised:
        planner_class(name)
    assert str(raised.value).startswith("`planner`")


@pytest.mark.parametrize("name", PLANNERS)
def test_unknown_settings_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="widht"):
        planner_settings(name, {"widht": 8})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, r"settings\.width.*>= 1.*0"),
        ({"blocks": -1}, r"settings\.blocks.*>= 1.*-1"),
        ({"heads": 0}, r"settings\.heads.*>= 1.*0"),
        ({"width": 10, "heads": 4}, r"settings\.width.*multiple of heads = 4.*10"),
        ({"width": 8.5}, r"width.*8\.5"),
        ({"width": "wide"}, "width.*wide"),
    ],
)
@pytest.mark.parametrize("name", ["aigb", "decision_transformer", "direct"])
def test_broken_rules_name_the_setting(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        planner_settings(name, settings)


@pytest.mark.parametrize("name", ["aigb", "direct"])
def test_the_spread_is_one_of_two(name: str) -> None:
    assert planner_settings(name, {"spread": "learned"}).spread == "learned"
    with pytest.raises(InvalidArgumentError, match="spread"):
        planner_settings(name, {"spread": "wide"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inverse_steps": -1}, r"settings\.inverse_steps.*>= 0"),
        ({"inverse_width": 0}, r"settings\.inverse_width.*>= 1"),
        ({"consistency": -0.1}, r"settings\.consistency.*>= 0"),
        ({"consistency": float("nan")}, "consistency.*nan"),
    ],
)
def test_planners_of_states_check_the_inverse_dynamics(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        planner_settings("aigb", settings)


@pytest.mark.parametrize("name", PLANNERS)
def test_initial_weights_come_from_the_seed_alone(name: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = new_planner(name, {}, SHAPE, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again, other = (new_planner(name, {}, SHAPE, seed=seed).state_dict() for seed in (1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_the_planner_keeps_its_settings_and_shape() -> None:
    planner = new_planner("aigb", {"width": 16}, SHAPE, seed=0)
    assert isinstance(planner, Aigb)
    assert (planner.settings.width, planner.shape) == (16, SHAPE)

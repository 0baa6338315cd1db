"""Names of methods: settings and rules, what they share, and which do not go together."""

from __future__ import annotations

from itertools import product

import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.factories import tiny_config
from vao.config import METHODS
from vao.methods import SETTINGS, Method
from vao.weighting.registry import WEIGHTINGS, weighting_class


@pytest.mark.parametrize(
    ("short", "whole"),
    [("none", "mdmm-equal"), ("naive", "odom-equal"), ("vao", "odom-vao")],
)
def test_short_names_stand_for_the_three_that_all_are_compared_with(short: str, whole: str) -> None:
    one, other = Method.of(short), Method.of(whole)
    assert (one.setting, one.weighting) == (other.setting, other.weighting)
    assert (one.name, other.name) == (short, whole)
    assert short in METHODS


@pytest.mark.parametrize(
    ("setting", "pooled", "joint"),
    [
        ("mdmm", False, False),
        ("odmm", True, False),
        ("mdom", False, True),
        ("odom", True, True),
    ],
)
def test_a_setting_says_whose_data_train_which_model(
    setting: str, pooled: bool, joint: bool
) -> None:
    method = Method.of(f"{setting}-equal")
    assert (method.setting, method.weighting) == (setting, "equal")
    assert (method.pooled, method.joint) == (pooled, joint)


@pytest.mark.parametrize(("setting", "rule"), list(product(SETTINGS, sorted(WEIGHTINGS))))
def test_a_rule_goes_where_there_is_something_for_it_to_weigh(setting: str, rule: str) -> None:
    name, weighs = f"{setting}-{rule}", weighting_class(rule).weighs
    fits = {
        "sources": setting in ("odmm", "odom"),
        "targets": setting in ("mdom", "odom"),
    }.get(weighs, True)
    if fits:
        assert Method.of(name).weighting == rule
        assert tiny_config(method=name, weighting={}).method == name
        return
    with pytest.raises(InvalidArgumentError, match=f"found {setting!r}.*Try odom-{rule}") as error:
        Method.of(name)
    assert name in str(error.value)
    assert Method.of(f"odom-{rule}").weighting == rule


def test_a_rule_of_ones_own_is_named_by_module_and_class() -> None:
    name = "vao.weighting.equal:EqualWeights"
    assert Method.of(f"mdom-{name}").weighting == name


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("", "method"),
        ("vaoo", "Did you mean 'vao'"),
        ("equal", "SETTING-WEIGHTING"),
        ("odom", "method"),
        ("odom-", "weighting"),
        ("-equal", "setting"),
        ("odmo-equal", "Did you mean 'odom'"),
        ("ODOM-equal", "setting"),
        ("odom-equall", "Did you mean 'equal'"),
        ("odom-none", "weighting"),
        ("odom-vao-train", "weighting"),
        ("odom-nowhere:Class", "weighting"),
        ("odom-vao.methods:Method", "weighting"),
        ("odom-equal\n", "weighting"),
    ],
)
def test_mistakes_are_named(name: str, named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named) as error:
        Method.of(name)
    assert "\n" not in str(error.value)

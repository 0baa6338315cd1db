from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.cast import Cast
from auctionsim.config_files import build, config_names
from auctionsim.errors import InvalidArgumentError
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.simulator import Simulation, market_campaigns
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import LINEUP, WORLD, campaigns_of

ALL_PID = {task: {"pid": 1.0} for task in TASKS}


def lineup_of(shares: dict[str, float], **parameters: dict[str, Any]) -> LineupConfig:
    return LineupConfig("test", {task: dict(shares) for task in TASKS}, parameters)


def test_shares_are_respected() -> None:
    names = lineup_of({"pid": 3.0, "fixed": 1.0}).assign(campaigns_of(4000))
    counts = Counter(names.tolist())
    assert set(counts) == {"pid", "fixed"}
    # Four standard deviations of a binomial of 4000 draws.
    assert abs(counts["pid"] / 4000 - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 4000)


def test_each_task_has_its_own_shares() -> None:
    lineup = LineupConfig(
        "test", {"cpa_mcb": {"pid": 1}, "target_roas": {"fixed": 1}, "bcb": {"limit_aware": 1}}
    )
    for task, name in enumerate(["pid", "fixed", "limit_aware"]):
        assert set(lineup.assign(campaigns_of(20, task))) == {name}


def test_a_share_of_0_is_never_drawn_and_scale_does_not_matter() -> None:
    names = lineup_of({"fixed": 0.0, "limit_aware": 1.0, "pid": 0.0}).assign(campaigns_of(500))
    assert set(names) == {"limit_aware"}
    many = campaigns_of(300)
    small, large = lineup_of({"pid": 0.5, "fixed": 1.5}), lineup_of({"pid": 2.0, "fixed": 6.0})
    assert small.assign(many).tolist() == large.assign(many).tolist()


def test_the_order_in_which_bidders_are_written_does_not_matter() -> None:
    # A card holds its line-up with sorted keys: both must deal the same seats.
    many = campaigns_of(300)
    one = lineup_of({"pid": 1.0, "fixed": 2.0, "limit_aware": 3.0})
    other = lineup_of({"fixed": 2.0, "limit_aware": 3.0, "pid": 1.0})
    assert one.assign(many).tolist() == other.assign(many).tolist()


def test_a_seats_bidder_depends_on_its_own_campaign_alone() -> None:
    many = campaigns_of(50)
    names = LINEUP.assign(many)
    order = np.random.default_rng(0).permutation(50)[:20]
    assert LINEUP.assign(many.take(order)).tolist() == names[order].tolist()


def test_seats_draw_anew_in_every_episode() -> None:
    first, second = (LINEUP.assign(market_campaigns(WORLD, [key] * 8)) for key in (1, 2))
    assert first.tolist() != second.tolist()


SLIPS: list[tuple[Any, Any, str]] = [
    ({"cpa_mcb": {"pid": 1}, "bcb": {"pid": 1}}, {}, r"`bidders\.target_roas` must name at least"),
    ({**ALL_PID, "bcb": {}}, {}, r"`bidders\.bcb` must name at least one bidder"),
    ({**ALL_PID, "bcb": {"pid": 0.0}}, {}, r"`bidders\.bcb`"),
    ({**ALL_PID, "bcb": {"pid": -1.0, "fixed": 2.0}}, {}, r"`bidders\.bcb\.pid` must be a rel"),
    ({**ALL_PID, "bcb": {"pid": float("nan")}}, {}, r"`bidders\.bcb\.pid` must be a rel"),
    ({**ALL_PID, "bcb": {"pid": float("inf")}}, {}, r"`bidders\.bcb\.pid` must be a rel"),
    ({**ALL_PID, "bbc": {"pid": 1.0}}, {}, "found 'bbc'. Did you mean 'bcb'"),
    (ALL_PID, {"pidd": {}}, "found 'pidd'. Did you mean 'pid'"),
    (None, {}, "`bidders` must map tasks to bidders .*; found 'NoneType None'"),
    (["pid"], {}, "`bidders` must map tasks to bidders"),
    ({**ALL_PID, "bcb": None}, {}, r"`bidders\.bcb` must map names of bidders to frequencies"),
    ({**ALL_PID, "bcb": "pid"}, {}, r"`bidders\.bcb` must map names of bidders to frequencies"),
    ({**ALL_PID, "bcb": {1: 1.0}}, {}, r"`bidders\.bcb` must map names .* 'int 1'"),
    ({**ALL_PID, "bcb": {"pid": "1.0"}}, {}, r"`bidders\.bcb\.pid` must be a relative frequency"),
    ({**ALL_PID, "bcb": {"pid": None}}, {}, r"`bidders\.bcb\.pid` must be a relative frequency"),
    ({**ALL_PID, "bcb": {"pid": True}}, {}, r"`bidders\.bcb\.pid` must be a relative frequency"),
    ({**ALL_PID, "bcb": {"pid": 1e308, "fixed": 1e308}}, {}, r"`bidders\.bcb`"),
    (ALL_PID, None, "`parameters` must map bidders to their parameters"),
    (ALL_PID, {"pid": [1]}, r"`parameters\.pid` must map bidders to their parameters"),
]


@pytest.mark.parametrize(("bidders", "parameters", "message"), SLIPS)
def test_slips_are_named(bidders: Any, parameters: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        LineupConfig("test", bidders, parameters)


def test_unknown_bidders_and_parameters_show_before_the_work() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^bidders\.\w+: .*found 'pidd'"):
        lineup_of({"pid": 1e9, "pidd": 1e-9}).check()
    with pytest.raises(InvalidArgumentError, match="found 'strat'"):
        lineup_of({"pid": 1.0}, pid={"strat": 1.0}).check()
    lineup_of({"pid": 1.0, "pidd": 0.0}).check()


def with_advertisers(advertisers: Any, **parameters: dict[str, Any]) -> LineupConfig:
    return LineupConfig("test", {t: {"pid": 1.0} for t in TASKS}, parameters, advertisers)


def test_named_advertisers_are_played_by_whom_the_lineup_names() -> None:
    campaigns = market_campaigns(WORLD, [1, 2])
    lineup = replace(LINEUP, advertisers={3: "fixed", 0: "limit_aware"})
    for episode in np.split(lineup.assign(campaigns), 2):
        assert (episode[0], episode[3]) == ("limit_aware", "fixed")
    others = ~np.isin(campaigns.advertiser, [0, 3])
    drawn = LINEUP.assign(campaigns)
    assert lineup.assign(campaigns)[others].tolist() == drawn[others].tolist()


def test_named_advertisers_keep_their_bidder_in_other_tasks() -> None:
    lineup = with_advertisers({1: "fixed"})
    for task in range(3):
        assert lineup.assign(campaigns_of(3, task)).tolist() == ["pid", "fixed", "pid"]


def test_ids_read_from_json_mean_the_same() -> None:
    own = with_advertisers({3: "fixed", 10: "pid"})
    assert build(LineupConfig, json.loads(json.dumps(asdict(own)))) == own
    assert list(own.advertisers) == [3, 10]


def test_parameters_reach_bidders_that_only_advertisers_name() -> None:
    lineup = with_advertisers({3: "fixed"}, fixed={"factor": 2.0})
    campaigns = market_campaigns(WORLD, [1])
    cast = Cast(campaigns, lineup)
    simulation = Simulation(WORLD, [0], 0, campaigns=campaigns)
    multipliers, _ = cast.decide(simulation, simulation.observe())
    assert multipliers[3] == 2.0 * campaigns.reference[3]


ADVERTISER_SLIPS: list[tuple[Any, str]] = [
    ({-1: "pid"}, "`advertisers` must be an integer from 0"),
    ({0.5: "pid"}, "`advertisers` must be an integer"),
    ({True: "pid"}, "`advertisers` must be an integer"),
    ({"first": "pid"}, "`advertisers` must be an integer"),
    ({"\u00b2": "pid"}, "`advertisers` must be an integer"),
    ({"9" * 5000: "pid"}, "`advertisers` must be an integer"),
    ({0: "pid", "0": "fixed"}, "`advertisers` must name each id once; found 0"),
    ({0: {"pid": 1.0}}, r"`advertisers\.0` must be the name of one bidder"),
    ({0: None}, r"`advertisers\.0` must be the name of one bidder"),
    (["pid"], "`advertisers` must map advertiser ids to names"),
]


@pytest.mark.parametrize(("advertisers", "message"), ADVERTISER_SLIPS)
def test_slips_among_advertisers_are_named(advertisers: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        with_advertisers(advertisers)


def test_advertisers_bidders_are_checked_too() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^advertisers\.3: .*found 'pidd'"):
        with_advertisers({3: "pidd"}).check()
    everywhere = with_advertisers({1: "fixed", 2: "pid"}, fixed={"strat": 1.0})
    with pytest.raises(InvalidArgumentError, match=r"^advertisers\.1: .*found 'strat'"):
        everywhere.check()
    with pytest.raises(InvalidArgumentError, match=r"found 'fixedd'\. Did you mean 'fixed'"):
        with_advertisers({3: "fixed"}, fixedd={})
    with_advertisers({3: "fixed"}).check(4)
    with pytest.raises(InvalidArgumentError, match=r"advertisers of the market, 0 to 2; found 3"):
        with_advertisers({3: "fixed"}).check(3)


def test_advertisers_are_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    shares = "".join(f"  {task}: {{pid: 1}}\n" for task in TASKS)
    file.write_text(f"name: own\nbidders:\n{shares}advertisers: {{0: fixed, 7: limit_aware}}\n")
    assert load_lineup(str(file)).advertisers == {0: "fixed", 7: "limit_aware"}
    file.write_text(f"name: own\nbidders:\n{shares}advertisers: {{0: [fixed]}}\n")
    with pytest.raises(InvalidArgumentError, match=r"own\.yaml: .*advertisers"):
        load_lineup(str(file))


def test_auctionnets_lineup_has_its_classes_in_its_order() -> None:
    table = Path(__file__).parents[2] / "benchmarks" / "auctionnet_lineup.csv"
    with table.open(newline="") as file:
        classes = {int(row["advertiser"]): row["strategy"] for row in csv.DictReader(file)}
    played = load_lineup("auctionnet").advertisers
    assert list(played) == list(range(48))
    for ours in ("pid", "online_lp"):
        assert {i for i, c in classes.items() if c == ours} <= {
            i for i, name in played.items() if name == ours
        }
    stand_ins = {(c, played[i]) for i, c in classes.items()}
    assert len(stand_ins) == len(set(classes.values()))
    counts = Counter(played.values())
    assert all(shares == counts for shares in load_lineup("auctionnet").bidders.values())


def test_lineups_are_loaded_by_name_and_path(tmp_path: Path) -> None:
    for name in config_names("lineups"):
        assert load_lineup(name).name == name
        load_lineup(name).check()
    file = tmp_path / "own.yaml"
    shares = "".join(f"  {task}: {{pid: 1}}\n" for task in TASKS)
    file.write_text(f"name: own\nbidders:\n{shares}parameters: {{pid: {{kp: [1.0, 2.0]}}}}\n")
    own = load_lineup(str(file))
    assert own.parameters == {"pid": {"kp": [1.0, 2.0]}}
    own.check()
    file.write_text(f"name: own\nbiders:\n{shares}")
    with pytest.raises(InvalidArgumentError, match=r"own\.yaml: .*`bidders`"):
        load_lineup(str(file))
    assert load_lineup(own) is own

"""Settings in words: no Python, nothing unset."""

from __future__ import annotations

from dataclasses import asdict

from vao.config import TrainingConfig
from vao.report.settings import facts_of, pairs_in_words, weighting_in_words


def test_what_is_unset_or_off_is_left_out() -> None:
    facts = facts_of(asdict(TrainingConfig()))
    for name in ("features", "share above", "train on validation", "settings", "weighting"):
        assert name not in facts
    assert not {"ema", "patience", "groups"} & set(facts)
    assert facts["seed"] == "0"
    assert facts["learning rate"] == "0.001"


def test_what_is_set_is_shown_in_words() -> None:
    told = {"steps": 0, "settings": {"width": 32, "inverse_steps": 400}, "features": ("a", "b")}
    assert facts_of({**told, "train_on_validation": True, "ema": 0.99}) == {
        "steps": "0",
        "settings": "width 32, inverse steps 400",
        "features": "a, b",
        "train on validation": "yes",
        "ema": "0.99",
    }
    assert pairs_in_words({"film": False, "last": None}) == "film no, last none"


def test_the_weighting_is_told_with_its_rule() -> None:
    told = {"temperature": 0.1, "validation_batch": 16}
    some = weighting_in_words("vao", told, 3)
    assert some == "vao: temperature 0.1, validation batch 16; all else at its default"
    assert weighting_in_words("vao", told, 2) == "vao: temperature 0.1, validation batch 16"
    assert weighting_in_words("vao", {}, 3) == "vao: all settings at their defaults"
    assert weighting_in_words("equal", {}, 0) == "equal: nothing to set"

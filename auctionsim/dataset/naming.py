"""What a dataset is called."""

from __future__ import annotations

from auctionsim.dataset.card import Card


def given_name(card: Card) -> str | None:
    """Return the name a dataset was given when it was made; None if it was given none."""
    settings = card.config.get("dataset")
    name = settings.get("name") if isinstance(settings, dict) else None
    return name if isinstance(name, str) and name else None

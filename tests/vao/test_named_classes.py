"""Classes by name: ours, one's own, and what is none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import pytest

from auctionsim.errors import InvalidArgumentError
from vao.named_classes import named_class


class Shape(ABC):
    """What is looked for."""

    @abstractmethod
    def area(self) -> float:
        """Anything."""


class Square(Shape):
    """A whole one."""

    @dataclass(frozen=True)
    class Settings:
        """Of its own."""

        side: float = 1.0

    def area(self) -> float:
        """Return what there is."""
        return 1.0


class Unsettled(Shape):
    """One without settings."""

    def area(self) -> float:
        """Return nothing."""
        return 0.0


class Half(Shape):
    """One that lacks a method."""

    Settings: ClassVar[type] = Square.Settings


HOMES = {"square": f"{__name__}:Square", "lost": "no_such_module:Lost"}


def _found(name: str) -> type[Shape]:
    return named_class("shape", name, HOMES, Shape)  # type: ignore[type-abstract]


@pytest.mark.parametrize("name", ["square", HOMES["square"]])
def test_ours_and_own_ones_are_found(name: str) -> None:
    assert _found(name) is Square


def test_a_slip_is_shown_the_nearest_name() -> None:
    with pytest.raises(InvalidArgumentError, match=r"shape.*Did you mean 'square'"):
        _found("sqare")


@pytest.mark.parametrize("name", ["lost", "no_such_module:A", f"{__name__}:Absent", ":A", "math:"])
def test_what_is_not_there_is_named(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="`shape` must name a class"):
        _found(name)


@pytest.mark.parametrize("attribute", ["Shape", "Half", "Unsettled", "HOMES", "dataclass"])
def test_what_is_no_whole_subclass_is_refused(attribute: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"subclass of Shape.*See {__name__}.Shape"):
        _found(f"{__name__}:{attribute}")

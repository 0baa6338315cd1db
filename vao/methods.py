"""How a method shares data: whose data train which model, and what weighs what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from auctionsim.errors import invalid_argument, unknown_name
from vao.weighting.registry import weighting_class

__all__ = ["SETTINGS", "Method", "Setting"]

Setting = Literal["mdmm", "odmm", "mdom", "odom"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)

_SHORT = {"none": "mdmm-equal", "naive": "odom-equal", "vao": "odom-vao"}
"""Names for the three ways that everything else is compared with."""


@dataclass(frozen=True)
class Method:
    """A setting of the VAO paper (sec. 5.1) and a rule of weighting in it.

    Attributes:
        name: As given: "SETTING-WEIGHTING", or short for it.
        setting: "mdmm": a model a task, on its own data; "odmm": a model a task, on all tasks' data
            relabelled for it; "mdom": one model for all tasks, each learned on its own data;
            "odom": one model, each task learned on all tasks' data relabelled for it.
        weighting: Name of the rule (see `vao.weighting.WEIGHTINGS`), or `module:Class`.
    """

    name: str
    setting: Setting
    weighting: str

    @classmethod
    def of(cls, name: str) -> Method:
        """Parse a name such as "odom-famo", "mdmm-equal", "none", "naive" or "vao".

        Raises:
            InvalidArgumentError: If there is no such setting or rule, or they do not go together.
        """
        setting, dash, weighting = _SHORT.get(name, name).partition("-")
        if not dash:
            raise unknown_name("method", name, (*_SHORT, "SETTING-WEIGHTING"))
        if setting not in SETTINGS:
            raise unknown_name("setting of the method", setting, SETTINGS)
        method = cls(name, next(s for s in SETTINGS if s == setting), weighting)
        method._check(weighting_class(weighting).weighs)
        return method

    @property
    def pooled(self) -> bool:
        """Whether a target learns from all tasks' data."""
        return self.setting.startswith("od")

    @property
    def joint(self) -> bool:
        """Whether one model learns all targets."""
        return self.setting.endswith("om")

    def _check(self, weighs: str) -> None:
        if weighs == "sources" and not self.pooled:
            rule, mend = "must be odmm or odom for a rule that weighs sources", "odom"
        elif weighs == "targets" and not self.joint:
            rule, mend = "must be mdom or odom for a rule that weighs targets", "odom"
        else:
            return
        fix = f"Try {mend}-{self.weighting}."
        raise invalid_argument(f"setting of method {self.name!r}", rule, self.setting, fix)

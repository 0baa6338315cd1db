"""From the records of how data were weighed to the figures that show it."""

from __future__ import annotations

from vao.sharing_findings.targets import balance_of, sharing_of, weights_of

__all__ = ["balance_of", "sharing_of", "weights_of"]

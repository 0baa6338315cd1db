"""YAML that refuses a key given twice, and reads numbers like 3e-4 as the numbers they are."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from auctionsim.errors import invalid_argument

__all__ = ["parse"]


class _StrictLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing duplicate keys (PyYAML keeps the last silently)."""
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key in seen:
                problem = f"the key {key!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.2 has numbers without a point or a sign in the exponent; PyYAML, which follows 1.1, reads
# them as text.
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def parse(text: str, name: str) -> Any:
    """Parse YAML text; an empty text is an empty mapping.

    Args:
        text: What to parse.
        name: What to call it in errors.

    Raises:
        InvalidArgumentError: Not YAML, or a key given twice; names the line.
    """
    try:
        parsed = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - derives from SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        found = f"{error.problem}{where}"
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        found = str(error) or type(error).__name__
    else:
        return {} if parsed is None else parsed
    raise invalid_argument(name, "must be YAML", found, "Correct it there.")

"""From flags and an optional YAML file to a command; every slip is one line."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import tyro

from auctionsim.cli.command import Command
from auctionsim.config_files import SUFFIXES, build, config_path, read_mapping
from auctionsim.errors import InvalidArgumentError, invalid_argument

__all__ = ["parse"]

C = TypeVar("C", bound=Command)

ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HELP_INDENT = " " * 9
# How tyro passes on Python's own words, and how we put them.
REWORDED = (
    (re.compile(r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)"),
     r"`\1` must be a whole number; found \2."),
    (re.compile(r"Error parsing (\S+): could not convert string to float: (.*)"),
     r"`\1` must be a number; found \2."),
    (re.compile(r"Error parsing (\S+): no type matching \{None\}\|FLOAT .* from \['(.*)'\]\."),
     r"`\1` must be a number, or None; found '\2'."),
    (re.compile(r"invalid choice (.*) for argument '(.*?)'\. Expected one of \((.*)\)\."),
     r"`\2` must be one of \3; found \1."),
    (re.compile(r"Missing from .*?: (.*)"), r"Missing: \1."),
    (re.compile(r"Missing value for argument '(.*?)'\. Expected (.*?) values\."),
     r"`\1` must have a value (\2); found none."),
    (re.compile(r"Unrecognized options: (.*)"), r"Not understood: \1."),
)  # fmt: skip


def parse(command: type[C], program: str, arguments: Sequence[str]) -> C:
    """Build a command from its flags; `--config FILE` fills in those that are not given.

    Args:
        command: The command's class.
        program: How the command was called, for help and errors ("auctionsim convert").
        arguments: What followed that on the command line.

    Raises:
        InvalidArgumentError: An unknown flag, a wrong or missing value, or a slip in the file.
        SystemExit: After `--help`, with code 0.
    """
    _refuse_unknown_flags(command, program, arguments)
    default = _default(command, _config_argument(arguments))
    complaints = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaints):
            return tyro.cli(command, prog=program, args=arguments, default=default)
    except SystemExit as stop:
        if not stop.code:
            raise
        message = f"{_one_line(complaints.getvalue())} See `{program} --help`."
        raise InvalidArgumentError(message) from None


def _refuse_unknown_flags(command: type, program: str, arguments: Sequence[str]) -> None:
    known = ["--help", *(f"--{name}" for name in _flag_names(command))]
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-") not in known:
            near = difflib.get_close_matches(flag, known, n=1)
            mend = f"Did you mean `{near[0]}`?" if near else f"See `{program} --help`."
            raise invalid_argument(flag, f"is not a flag of `{program}`", argument, mend)


def _flag_names(cls: type, prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        name, hint = prefix + field.name.replace("_", "-"), hints[field.name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from _flag_names(hint, f"{name}.")
        elif hint is bool:
            head, dot, last = name.rpartition(".")
            yield from (name, f"{head}{dot}no-{last}")
        else:
            yield name


def _config_argument(arguments: Sequence[str]) -> str | None:
    found = None
    for index, argument in enumerate(arguments):
        if argument.startswith("--config="):
            found = argument.partition("=")[2]
        elif argument == "--config" and index + 1 < len(arguments):
            found = arguments[index + 1]
    return found


def _default(command: type[C], config: str | None) -> C:
    """Return a command that holds the file's values and else the defaults; not yet validated."""
    given = {} if config is None else _read_config(command, config)
    # Made without __init__: required flags are still missing, so a rule over fields would fail.
    default = object.__new__(command)
    for field in dataclasses.fields(command):
        value = given[field.name] if field.name in given else _field_default(field)
        object.__setattr__(default, field.name, value)
    return default


def _field_default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return tyro.MISSING if field.default is dataclasses.MISSING else field.default


def _read_config(command: type[Command], config: str) -> dict[str, Any]:
    if command.config_kind is not None:
        path = config_path(command.config_kind, config)
    elif config.endswith(SUFFIXES) and Path(config).is_file():
        path = Path(config)
    else:
        mend = "Name an existing .yaml file."
        raise invalid_argument("--config", "must be a YAML file", config, mend)
    mapping = read_mapping(path)
    hints = get_type_hints(command)
    names = [field.name for field in dataclasses.fields(command) if field.name != "config"]
    fields = [(name, hints[name], dataclasses.field(default=None)) for name in names]
    try:
        built: Any = build(dataclasses.make_dataclass("Given", fields), mapping)
    except InvalidArgumentError as error:
        raise type(error)(f"{path.name}: {error}") from None
    return {name: getattr(built, name) for name in mapping}


def _one_line(box: str) -> str:
    """Reduce tyro's framed message to its first paragraph, without help texts, in one line.

    The frame is of lines on a UTF-8 terminal (in colour), and of spaces and dashes elsewhere.
    """
    lines: list[str] = []
    for row in ANSI_COLOUR.sub("", box).splitlines()[1:]:
        text = row.strip("│╭╮╰╯ ")
        is_rule = set(text) <= {"─", "-"}
        if lines and is_rule:
            break
        if not is_rule and not row[1:].startswith(HELP_INDENT):
            lines.append(text)
    line = " ".join(" ".join(lines).split()) or " ".join(box.split())
    for pattern, replacement in REWORDED:
        line = pattern.sub(replacement, line)
    return line if line.endswith((".", "?", "!")) else f"{line}."

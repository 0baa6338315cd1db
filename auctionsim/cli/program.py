"""A program of several commands: finds the command, runs it, and turns errors into exit codes."""

from __future__ import annotations

import contextlib
import errno
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import auctionsim
from auctionsim.cli.command import Command
from auctionsim.cli.imports import working_directory
from auctionsim.cli.output import STANDARD_OUTPUT, check_json_target, write_json
from auctionsim.errors import AuctionSimError, invalid_argument, unknown_name
from auctionsim.stopping import Stopped, ending_when_told

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Program"]

OK, USER_ERROR, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141
MENDS = {
    errno.ENOSPC: "Free some space, or choose another disk.",
    errno.EACCES: "Change its permissions, or choose another path.",
    errno.EROFS: "Choose a path that can be written.",
    errno.EEXIST: "Remove it, or choose another path.",
    errno.ENOENT: "Check the path.",
}


@dataclass(frozen=True)
class Program:
    """Several commands under one name.

    Attributes:
        name: How it is called.
        summary: One sentence for `--help`.
        commands: Command names to "module:Class", the class deriving from `Command`.
    """

    name: str
    summary: str
    commands: Mapping[str, str]

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run a command line.

        Args:
            arguments: What follows the program's name; by default the process's own.

        Returns:
            0, or 2 after one line on standard error for what the user can mend, or 130 after
            Ctrl-C, or 128 and the signal's number after SIGTERM or SIGHUP, or 141 where the reader
            of standard output has left. A fault of the program itself keeps its traceback.
        """
        # PyTorch's threads (GNU OpenMP) wait by spinning for milliseconds, which costs dear on a
        # machine that others use too. Read when the libraries load, hence here.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        closed = _open_closed_streams()
        arguments = list(sys.argv[1:] if arguments is None else arguments)
        first = arguments[0] if arguments else ""
        if first in ("-h", "--help"):
            return _guarded(self.name, self._print_help)
        if first == "--version":
            return _guarded(self.name, self._print_version)
        label = f"{self.name} {first}" if first in self.commands else self.name
        return _guarded(label, lambda: self._run(first, arguments[1:], closed))

    def _run(self, name: str, arguments: Sequence[str], closed: bool = False) -> None:
        from auctionsim.cli.parsing import parse

        if name not in self.commands:
            raise unknown_name("command", name, self.commands)
        command = parse(self._class(name), f"{self.name} {name}", arguments)
        check_json_target(command.json)
        if closed and command.json == STANDARD_OUTPUT:
            mend = "Name a file, or leave standard output open."
            raise invalid_argument("--json", "must not be -", "standard output is closed", mend)
        alone = command.json == STANDARD_OUTPUT
        with (
            _set_aside_output() if alone else contextlib.nullcontext(),
            # No other command could be made to import a file that happens to lie there.
            working_directory() if command.own_classes else contextlib.nullcontext(),
        ):
            result = command.run()
        if command.json is not None:
            write_json(command.json, result)
        # Standard output then holds the JSON alone.
        command.show(result, _console(stderr=command.json == STANDARD_OUTPUT))

    def _class(self, name: str) -> type[Command]:
        module, _, attribute = self.commands[name].partition(":")
        return cast(type[Command], getattr(importlib.import_module(module), attribute))

    def _print_help(self) -> None:
        lines = [
            f"usage: {self.name} [-h] [--version] COMMAND ...",
            "",
            self.summary,
            "",
            "commands:",
        ]
        width = max(map(len, self.commands), default=0)
        for name in self.commands:
            summary = (inspect.getdoc(self._class(name)) or "").partition("\n")[0]
            lines.append(f"  {name:<{width}}  {summary}")
        lines += ["", f"`{self.name} COMMAND --help` explains a command's flags."]
        sys.stdout.write("\n".join(lines) + "\n")

    def _print_version(self) -> None:
        sys.stdout.write(f"{self.name} {auctionsim.__version__}\n")


def _open_closed_streams() -> bool:
    """Open those of the standard streams that were closed (`>&-`) to nowhere.

    A file of ours would get their number else, and what bidders print.

    Returns:
        Whether standard output was closed.
    """
    closed = sys.stdout is None
    if closed or sys.stderr is None:
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
        sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    return closed


def _console(stderr: bool) -> Console:
    """Return a console that leaves it to us what a reader who has left means."""
    from rich import console

    class Plain(console.Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(stderr=stderr)


@contextlib.contextmanager
def _set_aside_output() -> Iterator[None]:
    """Send to standard error what bidders print, here and in processes started meanwhile.

    Standard output is then for the JSON alone.
    """
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(output, 1)
        os.close(output)


def _guarded(label: str, action: Callable[[], None]) -> int:
    """Run `action`; returns the exit code."""
    try:
        with ending_when_told():
            action()
            sys.stdout.flush()
    except AuctionSimError as error:
        return _complain(label, str(error), USER_ERROR)
    except BrokenPipeError:
        # The reader has left (`| head`); keep Python from complaining once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return _complain(label, _describe_os_error(error), USER_ERROR)
    except KeyboardInterrupt:
        return _complain(label, "interrupted", INTERRUPTED)
    except MemoryError as error:
        return _complain(label, _describe_memory_error(error), USER_ERROR)
    except Stopped as stop:
        return _complain(label, f"ended by {stop.signal}", int(str(stop.code)))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else OK
    return OK


def _complain(label: str, message: str, code: int) -> int:
    sys.stderr.write(f"{label}: {' '.join(message.split())}\n")
    return code


def _describe_memory_error(error: MemoryError) -> str:
    said = f" ({error})" if str(error) else ""
    return f"memory ran out{said}. Ask for less at a time, or use a machine with more."


def _describe_os_error(error: OSError) -> str:
    what = f"`{error.filename}`" if error.filename else "a file or device"
    mend = MENDS.get(error.errno or 0, "Check the path and the disk.")
    return f"{what} cannot be used: {error.strerror or error}. {mend}"

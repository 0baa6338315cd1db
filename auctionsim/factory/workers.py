"""Workers: processes on this machine that make parts side by side."""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import connection as connections
from multiprocessing.connection import Connection

from auctionsim.errors import AuctionSimError, describe, invalid_argument
from auctionsim.factory.parts import Part
from auctionsim.factory.worker import Failed, Made, Orders, Ready, serve
from auctionsim.stopping import signals_held_back

#: How often a part is given to a worker before the work is given up: once more than once, as a
#: worker may be ended by chance (somebody else's program took the memory), but not for ever.
ATTEMPTS = 2

_MAIN_MEND = (
    'See what it wrote, if anything. A script must do its work under `if __name__ == "__main__":`.'
)


class Worker:
    """One process, and the part it is making.

    Args:
        orders: What it is told.
        starts: How often its start was tried, with this one.

    Attributes:
        part: What it is making; None while it is idle.
        ready: Whether it has begun.
        starts: As given.
        connection: To it; readable when it has answered, or ended.
    """

    def __init__(self, orders: Orders, starts: int = 1) -> None:
        self.part: Part | None = None
        self.ready = False
        self.starts = starts
        self.connection, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=serve, args=(theirs, orders), daemon=True)
        try:
            with signals_held_back():
                self._process.start()
        except (AssertionError, RuntimeError) as error:
            # A daemon, or a script that runs once more in the new process and came here again.
            raise _not_started(str(error).strip().partition("\n")[0]) from None
        except BaseException:  # told to stop: nobody else knows of it yet
            self.kill()
            self.join()
            raise
        finally:
            theirs.close()

    def give(self, part: Part) -> None:
        """Have it make a part."""
        self.part = part
        with suppress(OSError):  # it has just ended, which its connection will tell
            self.connection.send(part)

    def answer(self) -> Ready | Made | Failed | None:
        """Return what it said; None if it ended instead."""
        try:
            answer: Ready | Made | Failed = self.connection.recv()
        except (EOFError, OSError):
            return None
        return answer

    def end(self) -> int | None:
        """End it at once, if it has not ended; returns the exit code with which it had."""
        self.connection.close()
        self._process.join(1.0 if not self.ready else 0.2)  # its connection closes a little earlier
        code = self._process.exitcode
        self.kill()
        self._process.join()
        return code

    def kill(self) -> None:
        """End it at once, without waiting until it is gone."""
        if self._process.pid is not None:
            self._process.kill()

    def join(self) -> None:
        """Wait until it is gone."""
        if self._process.pid is not None:
            self._process.join()
        self.connection.close()


class Workers:
    """Some processes that make parts side by side; close it, and all of them end.

    Args:
        orders: What each is told.
        count: How many there are at most.
    """

    def __init__(self, orders: Orders, count: int) -> None:
        self._orders, self._count = orders, count
        self._workers: list[Worker] = []

    def close(self) -> None:
        """End all of them at once; what they were making is left to be made."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.join()
        self._workers.clear()

    def make(self, parts: Iterable[Part]) -> Iterator[tuple[Part, Made]]:
        """Make parts; yields each as it is complete, in any order.

        Raises:
            InvalidArgumentError: If workers do not start by a fault of their own.
            AuctionSimError: If a part's worker was ended, and the next one that tried it as well;
                or what the making of a part raised.
        """
        waiting, attempts = deque(parts), Counter[Part]()
        while len(self._workers) < min(self._count, len(waiting)):
            self._workers.append(Worker(self._orders))
        for worker in self._workers:
            if worker.ready and waiting:
                worker.give(waiting.popleft())
        while waiting or any(worker.part for worker in self._workers):
            for worker in self._told():
                answer, part = worker.answer(), worker.part
                worker.part = None
                if isinstance(answer, Failed):
                    raise _of_start(answer) if not worker.ready else answer.error()
                if answer is None:
                    how = self._replace(worker)
                    if part is not None:
                        attempts[part] += 1
                        _check_attempts(part, attempts[part], how)
                        waiting.appendleft(part)
                    continue
                worker.ready = True
                if waiting:
                    worker.give(waiting.popleft())
                if isinstance(answer, Made):
                    assert part is not None
                    yield part, answer

    def _told(self) -> list[Worker]:
        """Wait until workers have said something, or ended; returns these."""
        by_connection: dict[object, Worker] = {w.connection: w for w in self._workers}
        found = connections.wait([worker.connection for worker in self._workers])
        return [by_connection[item] for item in found if isinstance(item, Connection)]

    def _replace(self, worker: Worker) -> str:
        """Start a worker in the place of one that ended; returns how that did.

        One that ended by itself while it started would do so again; one that was ended would not.
        """
        code = worker.end()
        starts = 1
        if not worker.ready:
            if code is None or code >= 0:
                raise _not_started(_ending(code))
            if worker.starts >= ATTEMPTS:
                raise _ended_at_start(_ending(code), worker.starts)
            starts += worker.starts
        self._workers.remove(worker)
        self._workers.append(Worker(self._orders, starts))
        return _ending(code)


def _check_attempts(part: Part, attempts: int, how: str) -> None:
    if attempts >= ATTEMPTS:
        raise ended_workers(part, how, attempts)


def ended_workers(part: Part, how: str, attempts: int) -> AuctionSimError:
    """Return the error for a part whose workers were ended again and again."""
    rule = f"must not be ended while they make {part.file}"
    mend = (
        "All finished files are kept: give the same command again, which goes on from there; with "
        "fewer workers, if memory ran out."
    )
    return AuctionSimError(describe("workers", rule, f"{how}, {attempts} times", mend))


def _of_start(failed: Failed) -> Exception:
    rule = "must be able to make the line-up's bidders in processes of their own"
    mend = "Name the class as `module:Class`, or use 1 worker."
    return invalid_argument("workers", rule, failed.message, mend)


def _not_started(found: str) -> Exception:
    return invalid_argument("workers", "must be able to start", found, f"{_MAIN_MEND} Or use 1.")


def _ended_at_start(how: str, attempts: int) -> AuctionSimError:
    rule = "must not be ended while they start"
    mend = (
        "All finished files are kept: give the same command again, which goes on from there; with "
        "fewer workers, if memory ran out."
    )
    return AuctionSimError(describe("workers", rule, f"{how}, {attempts} times", mend))


def _ending(code: int | None) -> str:
    if code is None:
        return "a closed connection"
    if code >= 0:
        return f"an end with exit code {code}"
    known = {number.value: number.name for number in signal.Signals}
    return f"an end by signal {known.get(-code, -code)}"

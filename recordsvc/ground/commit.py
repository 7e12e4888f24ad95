"""Group commit: many callers, one transaction, one fsync. One of the two places where speed bends the style.

The requests of a process queue here; whoever finds no leader leads: it waits for the gate, takes all that
queued during the commits before (no timer), runs the jobs in one transaction, commits, and wakes the others.
Nothing is answered before the commit. `tests/ground/test_commit.py` holds this against a plain
one-transaction-per-job twin.
"""

import collections
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import Connection

from recordsvc.ground.ports import Clock

Handler = Callable[["Turn", Sequence[Any]], Sequence[Any]]
MAX_WEIGHT = 4_000
"""How much one transaction takes at most, so that nobody waits behind a mountain."""

MAX_TRIES = 5
"""How often a transaction that lost a deadlock is run before its callers are told."""


class CommitUnknown(RuntimeError):
    """The commit was sent and its fate is not known: maybe it is there. Repeat the same request."""


class Part(Protocol):
    """Something that takes part in a turn: it may write last, and it must forget when jobs run again."""

    def before_commit(self) -> None:
        """Write what the whole turn amounts to."""
        ...


P = TypeVar("P", bound=Part)


class Turn:
    """The writer's turn: one transaction shared by the jobs of several callers."""

    def __init__(self, conn: Connection, now_ms: int) -> None:
        """Start a turn on an open transaction at UTC instant `now_ms`."""
        self.conn = conn
        self.now_ms = now_ms
        self._parts: dict[type, Part] = {}
        self._blamed: int | None = None

    def part(self, kind: type[P], make: Callable[[], P]) -> P:
        """Return this turn's part of a kind, made at first use."""
        part = self._parts.get(kind)
        if not isinstance(part, kind):
            part = self._parts[kind] = make()
        return part

    def joined(self, kind: type[P]) -> P | None:
        """Return this turn's part of a kind if there is one yet."""
        part = self._parts.get(kind)
        return part if isinstance(part, kind) else None

    def blame(self, index: int) -> None:
        """Say which payload of the running handler raised."""
        self._blamed = index

    def take_blame(self) -> int | None:
        """Return and forget which payload raised; None blames the handler's whole group."""
        blamed, self._blamed = self._blamed, None
        return blamed

    def finish(self) -> None:
        """Let the parts write last, in the order they joined; those that say `last` behind all others."""
        for part in sorted(self._parts.values(), key=lambda one: getattr(one, "last", False)):
            part.before_commit()


class _Job:
    __slots__ = ("after", "error", "handler", "lead", "payload", "turn", "value", "wake", "weight")

    def __init__(self, handler: Handler, payload: object, after: Any, weight: int) -> None:
        self.handler = handler
        self.payload = payload
        self.after = after
        self.weight = weight
        self.wake = threading.Event()
        self.lead = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.turn: Turn | None = None


class _Refused(Exception):
    """Carries the jobs whose error leaves the transaction."""

    def __init__(self, jobs: list[_Job], error: Exception) -> None:
        super().__init__()
        self.jobs = jobs
        self.error = error


class GroupCommit:
    """The queue and its leader."""

    def __init__(
        self,
        clock: Clock,
        gate: Callable[[], AbstractContextManager[Connection]],
        transient: Callable[[Exception], bool] = lambda _error: False,
    ) -> None:
        """Queue jobs for transactions opened by `gate`, which commits when left without an error.

        `transient` tells errors that say nothing against a job (a deadlock's victim): all run again.
        """
        self._transient = transient
        self._clock = clock
        self._gate = gate
        self._lock = threading.Lock()
        self._queue: collections.deque[_Job] = collections.deque()
        self._led = False

    def submit(
        self,
        handler: Handler,
        payload: object,
        after: Callable[[Any, Turn], Any] | None = None,
        weight: int = 1,
    ) -> Any:
        """Queue a payload, wait until it is durable, and return its value or raise its error."""
        job = _Job(handler, payload, after, weight)
        with self._lock:
            self._queue.append(job)
            leads = not self._led
            self._led = True
        if not leads:
            job.wake.wait()
            leads = job.lead
        if leads:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.value if job.after is None else job.after(job.value, job.turn)

    def _lead(self) -> None:
        """Run one transaction, wake its callers, and hand the lead to the first who queued meanwhile."""
        jobs: list[_Job] = []
        try:
            self._run(jobs)
        finally:
            with self._lock:
                heir = self._queue[0] if self._queue else None
                self._led = heir is not None
            if heir is not None:
                heir.lead = True
                heir.wake.set()
            for job in jobs:
                job.wake.set()

    def _take(self, jobs: list[_Job]) -> None:
        """Move what waits from the queue to `jobs`: at least one, at most MAX_WEIGHT."""
        weight = 0
        with self._lock:
            while self._queue and (not jobs or weight + self._queue[0].weight <= MAX_WEIGHT):
                job = self._queue.popleft()
                weight += job.weight
                jobs.append(job)

    def _run(self, jobs: list[_Job]) -> None:
        """Run what waits, filling `jobs`; one that raises gets its error, the others run again without it.

        The jobs are taken when the gate is open: who queued while another process wrote comes along.
        """
        remaining, tries = jobs, 1
        while True:
            try:
                turn = self._turn(jobs, remaining)
            except _Refused as refused:
                if self._transient(refused.error) and tries < MAX_TRIES:
                    tries += 1
                    continue
                for job in refused.jobs:
                    job.error = refused.error
                remaining = [job for job in remaining if job.error is None]
                if not remaining:
                    return
            except BaseException as error:
                # Gate, finish or commit failed: the whole transaction shares the fate.
                self._fail(jobs, remaining, error)
                if not isinstance(error, Exception):
                    raise
                return
            else:
                # Commit point: every job that is left is durable.
                for job in remaining:
                    job.turn = turn
                return

    def _fail(self, jobs: list[_Job], remaining: list[_Job], error: BaseException) -> None:
        if not jobs:  # the gate did not open
            self._take(jobs)
        for job in remaining:
            job.error = error

    def _turn(self, jobs: list[_Job], remaining: list[_Job]) -> Turn:
        """Run the jobs that remain in one transaction; committed when this returns."""
        with self._gate() as conn:
            if not jobs:
                self._take(jobs)
            turn = Turn(conn, self._clock.now_ms())
            self._apply(turn, remaining)
            turn.finish()
        return turn

    @staticmethod
    def _apply(turn: Turn, jobs: list[_Job]) -> None:
        groups: dict[Handler, list[_Job]] = {}
        for job in jobs:
            groups.setdefault(job.handler, []).append(job)
        for handler, group in groups.items():
            try:
                values = handler(turn, [job.payload for job in group])
            except Exception as error:
                blamed = turn.take_blame()
                raise _Refused(group if blamed is None else [group[blamed]], error) from error
            for job, value in zip(group, values, strict=True):
                job.value = value

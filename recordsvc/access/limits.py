"""How much one caller may ask (调用额度): units in a window of time, and requests at once for machines.

The counts stand in the database, so that they hold over all processes and hosts; a loss of power may set
them back by a moment, so that nobody waits for the disk. So that not every request costs a commit, a process
takes units in portions and slots for two seconds, and spends those from memory.
Nothing beyond the limit is ever handed out; what a process took and did not use is lost to its caller, at
most one portion a process and window. Who is over the limit waits as `Retry-After` says; nobody is locked
out.
"""

import datetime as dt
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from recordsvc import dated
from recordsvc.access import usage
from recordsvc.access.clients import Client, ClientKind, Clients
from recordsvc.access.grants import Actor, Kind, Way
from recordsvc.access.usage import LEASE_MS
from recordsvc.ground import observe
from recordsvc.ground.database import Database
from recordsvc.ground.ports import Random, beijing_date
from recordsvc.ground.problems import TooMany

TABLE: Final = "request_limits"
PORTIONS: Final = (16, 64)
"""Least and most units that a process takes at once: a twentieth of the limit within these."""
DAY_MS: Final = 86_400_000
BEIJING_MS: Final = 8 * 3_600_000
_COUNTED: Final = frozenset({Kind.CLIENT, Kind.WORKER, Kind.STAFF, Kind.OFFICIAL})
_IDLE_ROUNDS: Final = 30
_FORGET_AT: Final = 4096
"""Callers a process remembers before it forgets those whose window is over."""


def check(today: str) -> None:
    """See to it that whoever is counted has a limit from a day on, so that no request finds none.

    Raises `dated.NoRuleInForce`: the service does not start.
    """
    table = dated.table(TABLE)
    ends = [dt.date.fromisoformat(row["valid_to"]) for row in table.rows if row["valid_to"]]
    after = {(one + dt.timedelta(days=1)).isoformat() for one in ends}
    people = sorted(_COUNTED - {Kind.CLIENT})
    for code in (*ClientKind, *people):
        for day in (today, *sorted(one for one in after if one > today), dated.OPEN_END):
            table.rule(code, day)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a caller may use: `units` in every `window_ms`, and requests at once (0: not limited)."""

    name: str
    units: int
    window_ms: int
    at_once: int = 0

    def begins(self, now_ms: int) -> int:
        """When the window that holds this instant began; days are Beijing days."""
        return now_ms - (now_ms + BEIJING_MS) % self.window_ms


@dataclass(slots=True)
class _Account:
    """What this process holds of one caller's limit."""

    window_ms: int = 0
    units: int = 0
    """The limit under which it was taken: under another, what is left of it is given up."""
    left: int = 0
    used: int = 0
    """What the database had handed out when this process last asked."""
    active: int = 0
    peak: int = 0
    slots: int = 0
    until_ms: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Limits:
    """Counts requests of this process against limits shared by all."""

    def __init__(self, db: Database, clients: Clients, random: Random) -> None:
        check(beijing_date(db.clock.now_ms()).isoformat())
        self._db = db
        self._clients = clients
        self._holder = random.bytes(16)
        self._accounts: dict[str, _Account] = {}
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None

    def enter(self, who: Actor, *, ends: bool = False) -> "Passing | None":
        """Count one request of this caller; None where nothing is counted. Raises `TooMany`.

        Who stands in a worker's place is counted under their own name. What a person ends (`ends`) is counted
        apart, as much again: nothing else that is done in their name uses it up.
        """
        if who.through is not None:
            kind = Kind.OFFICIAL if who.through.way is Way.WINDOW else Kind.WORKER
            who = Actor(kind, who.through.id)
        if who.kind not in _COUNTED:
            return None
        limit = self._limit(who)
        if limit is None:
            return None
        subject = f"{who.kind}:{who.id}" + ("/end" if ends and who.kind is not Kind.CLIENT else "")
        account = self._account(subject)
        passing = Passing(self, subject, account, limit)
        if limit.at_once:
            self._take_slot(subject, account, limit)
        try:
            self.spend(subject, account, limit, 1)
        except BaseException:
            passing.release()
            raise
        return passing

    def spend(self, subject: str, account: _Account, limit: Limit, units: int) -> None:
        """Take units of the window that runs now. Raises `TooMany`."""
        now = self._db.clock.now_ms()
        with account.lock:
            begun = limit.begins(now)
            if (account.window_ms, account.units) != (begun, limit.units):
                account.window_ms, account.units, account.left, account.used = begun, limit.units, 0, 0
            if account.left < units:
                wanted = units - account.left
                portion = max(wanted, min(max(PORTIONS[0], limit.units // 20), PORTIONS[1]))
                asked = usage.Asked(subject, begun, wanted, portion, limit.units)
                taken, account.used = self._db.count_grouped(usage.reserve, asked)
                if not taken:
                    raise _wait(limit, begun + limit.window_ms - now)
                account.left += taken
            account.left -= units

    def now_ms(self) -> int:
        """The service's clock, UTC."""
        return self._db.clock.now_ms()

    def leave(self, account: _Account) -> None:
        """Give a slot back to this process."""
        with account.lock:
            account.active -= 1

    def _take_slot(self, subject: str, account: _Account, limit: Limit) -> None:
        with account.lock:
            now = self._db.clock.now_ms()
            # Renewed at half time, down to what was in use at most: an idle process holds nothing for long.
            if account.active >= account.slots or now >= account.until_ms - LEASE_MS // 2:
                wanted = max(account.active + 1, min(account.peak, account.slots))
                lease = usage.Lease(subject, self._holder, account.active + 1, wanted, limit.at_once)
                granted = self._db.count_grouped(usage.lease, lease)
                if not granted:
                    raise _wait(limit, 1000)
                account.slots, account.until_ms, account.peak = granted, now + LEASE_MS, account.active
            account.active += 1
            account.peak = max(account.peak, account.active)
        self._keep()

    def _keep(self) -> None:
        """See to it that slots of requests that run long are not lent to another process meanwhile."""
        if self._keeper is None or not self._keeper.is_alive():
            with self._lock:
                if self._keeper is None or not self._keeper.is_alive():
                    self._keeper = threading.Thread(target=self._renew, name="slots", daemon=True)
                    self._keeper.start()

    def _renew(self) -> None:
        """Renew every half lease, until nothing has been in use for a while."""
        idle = 0
        while idle < _IDLE_ROUNDS:
            time.sleep(LEASE_MS / 2000)
            idle = 0 if self.renew() else idle + 1

    def renew(self) -> bool:
        """Hold on to the slots of requests that run; tells whether there were any."""
        running = [(subject, account) for subject, account in list(self._accounts.items()) if account.active]
        for subject, account in running:
            self._renew_one(subject, account)
        return bool(running)

    def _renew_one(self, subject: str, account: _Account) -> None:
        with account.lock:
            if not account.active:
                return
            # Its own slots are never another's, so what runs is always granted.
            lease = usage.Lease(subject, self._holder, 0, account.active, account.slots)
            try:
                self._db.count_grouped(usage.renew, lease)
            except Exception as error:  # noqa: BLE001 - the database is away; the requests will find out
                observe.log("slots_not_renewed", cause=observe.place(error))
                return
            account.slots, account.until_ms = account.active, self._db.clock.now_ms() + LEASE_MS

    def _account(self, subject: str) -> _Account:
        found = self._accounts.get(subject)
        if found is None:
            with self._lock:
                if len(self._accounts) >= _FORGET_AT:
                    oldest = self._db.clock.now_ms() - DAY_MS
                    self._accounts = {
                        name: one
                        for name, one in self._accounts.items()
                        if one.active or one.window_ms >= oldest
                    }
                found = self._accounts.setdefault(subject, _Account())
        return found

    def _limit(self, who: Actor) -> Limit | None:
        client = self._clients.known(who.id) if who.kind is Kind.CLIENT else None
        kind = str(who.kind) if client is None else client.kind
        rule = dated.table(TABLE).rule(kind, beijing_date(self._db.clock.now_ms()).isoformat())
        return _of(rule, client)


def _of(rule: Mapping[str, Any], client: Client | None) -> Limit:
    units, at_once = int(rule["units"]), int(rule["at_once"])
    if client is not None:
        units = client.units_a_day or units
        at_once = client.at_once or at_once
    return Limit(str(rule["code"]), units, int(rule["minutes"]) * 60_000, at_once)


class Passing:
    """One request inside its caller's limits (`Permit`)."""

    __slots__ = ("_account", "_held", "_limit", "_limits", "_subject")

    def __init__(self, limits: Limits, subject: str, account: _Account, limit: Limit) -> None:
        self._limits = limits
        self._subject = subject
        self._account = account
        self._limit = limit
        self._held = limit.at_once > 0

    def charge(self, units: int) -> None:
        """Count more units. Raises `TooMany`; nothing is counted then."""
        self._limits.spend(self._subject, self._account, self._limit, units)

    def headers(self) -> dict[str, str]:
        """Tell what is left, as far as this process knows: other processes may have taken of it since."""
        limit, account = self._limit, self._account
        left = max(0, limit.units - account.used) + account.left
        ends = account.window_ms + limit.window_ms - self._limits.now_ms()
        return _headers(limit, left, ends)

    def release(self) -> None:
        """Give the slot back, once."""
        if self._held:
            self._held = False
            self._limits.leave(self._account)


def _headers(limit: Limit, left: int, ends_ms: int) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.units};w={limit.window_ms // 1000}',
        "RateLimit": f'"{limit.name}";r={left};t={max(1, -(-ends_ms // 1000))}',
    }


def _wait(limit: Limit, wait_ms: int) -> TooMany:
    seconds = max(1, -(-wait_ms // 1000))
    return TooMany(headers={"Retry-After": str(seconds), **_headers(limit, 0, wait_ms)})

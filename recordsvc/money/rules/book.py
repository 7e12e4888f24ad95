"""Which rule holds (现行规则): published versions by the day they are for and by when they were known.

Two axes of time. The *valid* one is the basis date of a case: a version holds for the days from its `from` to
its `until`. The *known* one is the instant of its publication: of several versions for one day the newest
known counts, so that a correction for the past is a later version and nothing is rewritten.

A decision is explained and worked out again by the text that made it, whatever holds by now: that of a sample
is kept (`rule_text`) when the first decision is made by it.

Until an authority has published anything under a code, the sample of that code holds, marked as one; in the
environment `production` there are no samples.
"""

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.money.rules import checking, pack
from recordsvc.money.rules.errors import RuleUnknown
from recordsvc.money.rules.pack import RuleAltered
from recordsvc.money.rules.rule import Rule
from recordsvc.money.rules.tables import rule_text, rule_version

REGISTER: Final = "rules"
PUBLISHED: Final = ("PUBLISHED", "SUPERSEDED")


@dataclass(frozen=True, slots=True)
class Published:
    """A published version: for which days, since when (UTC ms) it is known, and the rule itself."""

    rule: Rule
    known_ms: int
    published_by: str

    def holds(self, day: str) -> bool:
        """Whether it is for cases of this Beijing day."""
        return self.rule.head.first <= day <= self.rule.head.last


Shelf = Mapping[str, tuple[Published, ...]]
"""By code; the newest known first."""


class Book:
    """The rules of one process."""

    def __init__(self, db: Database, *, samples: bool) -> None:
        """Read from `db`; with `samples` the pack holds where nothing was published."""
        self._db = db
        self._samples = samples
        self._register = versions.Register(db, REGISTER, load)

    def on(self, code: str, day: str, known_ms: int | None = None) -> Rule | None:
        """Return the version for cases of a day, as known at an instant (None: now); None: no rule holds."""
        shelf = self._register.get()
        for one in shelf.get(code, ()):
            if one.holds(day) and (known_ms is None or one.known_ms <= known_ms):
                return one.rule
        return None if code in shelf else self.sample(code)

    def sample(self, code: str) -> Rule | None:
        """Return the sample of a code, where samples may hold."""
        return pack.samples().get(code) if self._samples else None

    def codes(self) -> list[str]:
        """Return every code under which a rule is or was published, or holds as a sample."""
        return sorted({*self._register.get(), *(pack.samples() if self._samples else ())})

    def in_force(self, day: str, known_ms: int | None = None) -> list[Rule]:
        """Return every rule whose own period covers a day, by code."""
        found = (self.on(code, day, known_ms) for code in self.codes())
        return [one for one in found if one is not None and one.head.first <= day <= one.head.last]

    def history(self, code: str) -> tuple[Published, ...]:
        """Return the published versions of a code, the newest known first."""
        return self._register.get().get(code, ())

    def version(self, sha256: str) -> Rule:
        """Return a rule by the hash of its text, published or sample. Raises `RuleUnknown`."""
        for some in self._register.get().values():
            for one in some:
                if one.rule.sha256 == sha256:
                    return one.rule
        # Decided by a sample once, a case is explained by it for ever.
        for rule in pack.samples().values():
            if rule.sha256 == sha256:
                return rule
        with self._db.read() as conn:
            text = conn.scalar(sa.select(rule_text.c.text).where(rule_text.c.sha256 == sha256))
        if text is None:
            raise RuleUnknown
        return _pinned(sha256, text)

    def keep(self, turn: Turn, sha256: str) -> None:
        """Keep the text of a sample by which something is decided: a later release may bring another."""
        own = rule_text.c
        sample = next((one for one in pack.samples().values() if one.sha256 == sha256), None)
        if sample is None or turn.conn.scalar(sa.select(own.sha256).where(own.sha256 == sha256)):
            return
        row = {"sha256": sha256, "text": sample.text.decode(), "kept_ms": turn.now_ms}
        # Another process may keep it in the same instant: one of the two rows is enough.
        with contextlib.suppress(sa.exc.IntegrityError):
            with turn.conn.begin_nested():
                turn.conn.execute(rule_text.insert().values(row))
            bound.wrote(turn, rule_text, row)


def load(conn: Connection) -> Shelf:
    """Read every published version. Raises `RuleAltered`."""
    own = rule_version.c
    query = sa.select(own.sha256, own.rule, own.text, own.published_ms, own.published_by)
    rows = conn.execute(query.where(own.state.in_(PUBLISHED)).order_by(own.published_ms.desc(), own.sha256))
    found: dict[str, list[Published]] = defaultdict(list)
    for sha256, code, text, known_ms, published_by in rows:
        found[code].append(Published(_pinned(sha256, text), known_ms, published_by))
    return {code: tuple(some) for code, some in found.items()}


def check_start(db: Database) -> None:
    """Refuse to start on rules that are not what was published. Raises `RuleAltered`."""
    pack.texts(pack.FOLDER)
    own = rule_version.c
    with db.read() as conn:
        published = sa.select(own.sha256, own.text).where(own.state.in_(PUBLISHED))
        for query in (published, sa.select(rule_text.c.sha256, rule_text.c.text)):
            for sha256, text in conn.execute(query):
                _same(sha256, text)


def _same(sha256: str, text: str) -> None:
    if hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise RuleAltered(f"rule_version {sha256[:12]}…: the text is not what was published")


@lru_cache(maxsize=1024)
def _pinned(sha256: str, text: str) -> Rule:
    _same(sha256, text)
    return checking.load(text.encode())

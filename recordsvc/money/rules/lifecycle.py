"""From a draft to a rule in force (规则的起草与发布): by two people, and never changed afterwards.

    DRAFT ──check──> CHECKED ──simulate──> SIMULATED ──proposed by its author; a second official approves──┐
                                                                                                           │
                 SUPERSEDED <──a newer version for all its days── PUBLISHED <──── REVIEWED <───────────────┘

The second official reviews by approving: who wrote a version can neither review nor publish it, which is a
constraint of the row. The text is what is pinned: its hash is the version's name.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from recordsvc.access.grants import Role, Thing
from recordsvc.ground import bound, two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal, SamePerson
from recordsvc.money.rules import checking, parsing
from recordsvc.money.rules.book import REGISTER
from recordsvc.money.rules.errors import RuleKnown, RuleStateWrong, RuleUnknown
from recordsvc.money.rules.tables import rule_version

PUBLISH: Final = "rule.publish"
DECIDERS: Final = frozenset({Role.REVIEWER.value})


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it stands; instants are UTC ms."""

    sha256: str
    rule: str
    title: str
    first: str
    last: str
    state: str
    author: str
    drafted_ms: int
    published_by: str | None
    published_ms: int | None
    superseded_ms: int | None


def draft(turn: Turn, text: bytes, by: str) -> str:
    """Enter a new text; return its hash. Raises `RuleRefused`, `RuleKnown`."""
    rule = parsing.parse(text)
    if turn.conn.execute(sa.select(rule_version.c.rule).where(_named(rule.sha256))).first() is not None:
        raise RuleKnown
    turn.conn.execute(
        rule_version.insert().values(
            sha256=rule.sha256,
            rule=rule.code,
            title=rule.title,
            text=text.decode(),
            first=rule.head.first,
            last=rule.head.last,
            author=by,
            drafted_ms=turn.now_ms,
            state="DRAFT",
        )
    )
    bound.touch(turn, rule_version, (rule.sha256,))
    return rule.sha256


def check(turn: Turn, sha256: str) -> str:
    """Hold a draft against everything `checking` knows, its own tests included.

    Raises `RuleRefused`, `RuleUnknown`, `RuleStateWrong`.
    """
    checking.load(text_of(turn.conn, sha256))
    _move(turn, sha256, "DRAFT", "CHECKED", checked_ms=turn.now_ms)
    return sha256


def simulated(turn: Turn, sha256: str) -> None:
    """Say that a checked version was tried on what was decided; again changes nothing."""
    if state_of(turn.conn, sha256) == "CHECKED":
        _move(turn, sha256, "CHECKED", "SIMULATED", simulated_ms=turn.now_ms)


def propose(turn: Turn, sha256: str, reason: str, by: str) -> bytes:
    """Propose to publish a simulated version. Raises `RuleUnknown`, `RuleStateWrong`."""
    if state_of(turn.conn, sha256) != "SIMULATED":
        raise RuleStateWrong
    row = read(turn.conn, sha256)
    subject = f"发布规则 {row.rule} {row.title}，{row.first} 起，文本 {sha256[:12]}"
    payload = {"sha256": sha256, "rule": row.rule, "reason": reason}
    return two_person.propose(turn, PUBLISH, subject[:200], payload, by)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    """What the act rests on: the text as it lies there, and that nothing was published under it meanwhile."""
    text = text_of(conn, payload["sha256"])
    return f"{state_of(conn, payload['sha256'])} {hashlib.sha256(text).hexdigest()}"


def _about(_conn: Connection, _subject: str, _payload: dict[str, Any]) -> Thing:
    """A rule is for the whole region and concerns nobody in particular."""
    return Thing("", frozenset())


@two_person.executor(PUBLISH, deciders=DECIDERS, basis=_basis, about=_about, fresh=True)
def _publish(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> str:
    sha256, by = str(payload["sha256"]), str(proposal.decided_by)
    row = read(turn.conn, sha256)
    if row.author == by:
        raise SamePerson
    # Checked once more as the bytes lie there: what was approved is what decides from now on.
    checking.load(text_of(turn.conn, sha256))
    versions.bump(turn, REGISTER)
    _move(turn, sha256, "SIMULATED", "REVIEWED", reviewed_by=by, reviewed_ms=turn.now_ms)
    own = rule_version.c
    older = sa.select(own.sha256).where(
        own.rule == row.rule, own.state == "PUBLISHED", own.first >= row.first, own.last <= row.last
    )
    for (other,) in turn.conn.execute(older).all():
        _move(turn, other, "PUBLISHED", "SUPERSEDED", superseded_ms=turn.now_ms)
    _move(turn, sha256, "REVIEWED", "PUBLISHED", published_by=by, published_ms=turn.now_ms)
    return sha256


def read(conn: Connection, sha256: str) -> Row[Any]:
    """Return the row of a version. Raises `RuleUnknown`."""
    found = conn.execute(sa.select(rule_version).where(_named(sha256))).one_or_none()
    if found is None:
        raise RuleUnknown
    return found


def text_of(conn: Connection, sha256: str) -> bytes:
    """Return the text of a version. Raises `RuleUnknown`."""
    return str(read(conn, sha256).text).encode()


def state_of(conn: Connection, sha256: str) -> str:
    """Return the state of a version. Raises `RuleUnknown`."""
    return str(read(conn, sha256).state)


def listed(conn: Connection, limit: int = 200) -> list[Version]:
    """Return versions, the newest first."""
    own = rule_version.c
    columns = [own[name] for name in Version.__slots__]
    rows = conn.execute(sa.select(*columns).order_by(own.drafted_ms.desc(), own.sha256).limit(limit))
    return [Version(*row) for row in rows]


def _named(sha256: str) -> sa.ColumnElement[bool]:
    return rule_version.c.sha256 == sha256


def _move(turn: Turn, sha256: str, before: str, after: str, **more: Any) -> None:
    """Change the state, if it is what it was; of two who try at once one does."""
    changing = rule_version.update().where(_named(sha256), rule_version.c.state == before)
    if turn.conn.execute(changing.values(state=after, **more)).rowcount != 1:
        raise RuleStateWrong
    bound.touch(turn, rule_version, (sha256,))

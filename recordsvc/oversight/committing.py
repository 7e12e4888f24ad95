"""Committing to a draw (承诺) and revealing it (揭示): before and after an event that nobody here decides.

Before it the office fixes both lists, how many are drawn, and the hash of a salt; after it another official
adds what came out. With the event alone outsiders could reckon before the notice; with the salt alone the
office could try salts until it pleases. The salt is kept nowhere: it follows from a key of this service and
the draw's id, and stands in the reveal.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.access.grants import Actor, prefix, reach
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.oversight import documents, drawing, draws, events, roster
from recordsvc.oversight.documents import COMMIT, OBJECTS, REVEAL, ROSTER
from recordsvc.oversight.errors import (
    DrawKnown,
    DrawNotThere,
    EventNotYet,
    RevealSamePerson,
    RevealTooLate,
    SaltLost,
    TooFewInspectors,
)
from recordsvc.oversight.events import refused
from recordsvc.oversight.subjects import rule, weighed
from recordsvc.oversight.tables import draw, draw_inspector, draw_stratum

if TYPE_CHECKING:
    from recordsvc.house import House

WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What an inspector commits to; `percent` and `inspectors` None: as the rules ask at least."""

    subject: str
    area: str
    source: str
    issue: str
    event_on: str
    opens_on: str | None = None
    percent: int | None = None
    inspectors: int | None = None


def commit(house: "House", turn: Turn, asked: Asked, who: Actor, by: str) -> bytes:
    """Commit to a draw; its id. Nothing of it can be changed any more.

    Raises `DrawRefused`, `DrawKnown`, `TooFewInspectors`, `NoRuleInForce`.
    """
    # The log's head is locked from here to the commit: of two draws bound to one event one sees the other.
    house.log.turn(turn)
    day = beijing_date(turn.now_ms).isoformat()
    subjects = house.draw_subjects.get(asked.subject)
    if subjects is None:
        raise refused("/subject", "没有这类抽查对象")
    area = prefix(asked.area)
    if not any(area.startswith(held) for held in reach(who, "draw.commit").areas):
        raise refused("/area", "不在您的管辖区划之内")
    event = events.named(asked.source, asked.issue, asked.event_on, asked.opens_on, turn.now_ms)
    percent = _at_least("/percent", asked.percent, rule("share-percent", day), WHOLE)
    seats = _at_least("/inspectors", asked.inspectors, rule("inspectors", day), None)
    found = weighed(turn.conn, asked.subject, subjects.candidates(turn.conn, area, day), day)
    if not found:
        raise refused("/area", "该区划内没有可以抽取的对象")
    ids = [one.id for one in found]
    draw_id = uuid7(FixedClock(turn.now_ms), house.random)
    people = roster.able(house, turn.conn, area, turn.now_ms)
    coded = roster.coded(house, turn.conn, draw_id, people.values(), subjects, ids)
    if not roster.enough(coded, ids, seats):
        raise TooFewInspectors
    strata = _strata(Counter(one.stratum for one in found), rule("share-percent", day), percent)
    objects, inspectors = drawing.text(found), drawing.text(coded.values())
    row = {
        "draw_id": draw_id, "subject": asked.subject, "area": area, "source": event.source,
        "issue": event.issue, "event_ms": event.at_ms, "reveal_by_ms": event.reveal_by_ms,
        "opens_on": event.opens_on, "inspectors": seats, "committed_by": by, "committed_ms": turn.now_ms,
        "state": draws.COMMITTED,
    }  # fmt: skip
    _check_new(turn, row)
    turn.conn.execute(draw.insert().values(**row))
    bound.touch(turn, draw, (draw_id,))
    documents.keep(turn, draw_id, OBJECTS, objects)
    documents.keep(turn, draw_id, ROSTER, inspectors)
    _keep(turn, draw_stratum, [{"draw_id": draw_id, **one} for one in strata])
    _keep(
        turn,
        draw_inspector,
        [{"draw_id": draw_id, "code": one.code, "official_id": id_} for id_, one in coded.items()],
    )
    said = {
        "algorithm": drawing.ALGORITHM,
        "area": area,
        "audience": house.settings.audience,
        "committed_ms": turn.now_ms,
        "environment": house.settings.environment,
        "event": {"issue": event.issue, "ms": event.at_ms, "on": asked.event_on, "source": event.source},
        "inspectors_each": seats,
        "objects": {"root": drawing.root(objects), "size": len(found)},
        "opens_on": event.opens_on,
        "region": house.settings.region,
        "reveal_by_ms": event.reveal_by_ms,
        "roster": {"root": drawing.root(inspectors), "size": len(coded)},
        "salt_sha256": hashlib.sha256(salt(house, draw_id).encode()).hexdigest(),
        "strata": strata,
        "subject": asked.subject,
    }
    documents.say(turn, house, draw_id, COMMIT, said)
    return draw_id


def reveal(house: "House", turn: Turn, draw_id: bytes, value: str, by: str) -> None:
    """Add the event's value and the salt, and draw.

    Raises `DrawUnknown`, `DrawNotThere`, `RevealSamePerson`, `EventNotYet`, `RevealTooLate`, `DrawRefused`,
    `SaltLost`.
    """
    found = draws.one(turn.conn, draw_id, turn.now_ms)
    came = events.result(found.source, value, beijing_date(found.committed_ms).isoformat())
    own = draw.c
    moved = draw.update().where(
        own.draw_id == draw_id,
        own.state == draws.COMMITTED,
        own.committed_by != by,
        own.event_ms <= turn.now_ms,
        own.reveal_by_ms > turn.now_ms,
    )
    values = {"state": "revealed", "revealed_by": by, "revealed_ms": turn.now_ms}
    if turn.conn.execute(moved.values(**values)).rowcount != 1:
        raise _why_not(found, by, turn.now_ms)
    bound.touch(turn, draw, (draw_id,))
    said = documents.of(turn.conn, draw_id)[COMMIT]
    secret = salt(house, draw_id)
    if hashlib.sha256(secret.encode()).hexdigest() != said.said["salt_sha256"]:
        raise SaltLost
    objects = drawing.objects(documents.lines(turn.conn, draw_id, OBJECTS))
    seed = drawing.seed(said.said["objects"]["root"], secret, came)
    drawn = drawing.draw(objects, seed, {one.stratum: one.number for one in found.strata})
    content = {
        "commit_sha256": said.sha256,
        "drawn": [one.id for one in drawn],
        "revealed_ms": turn.now_ms,
        "salt": secret,
        "seed": seed,
        "value": came,
    }
    documents.say(turn, house, draw_id, REVEAL, content)


def salt(house: "House", draw_id: bytes) -> str:
    """Return a draw's salt: 64 hexadecimal digits that nobody knows without the service's keys."""
    return house.keys.hmac("dedupe", b"draw-salt/v1" + draw_id).hex()


def _why_not(found: draws.Draw, by: str, now_ms: int) -> Exception:
    if found.state == draws.FAILED:
        return RevealTooLate()
    if found.state != draws.COMMITTED:
        return DrawNotThere()
    if found.committed_by == by:
        return RevealSamePerson()
    return EventNotYet() if now_ms < found.event_ms else DrawNotThere()


def _check_new(turn: Turn, row: dict[str, Any]) -> None:
    same = [draw.c[name] == row[name] for name in ("subject", "area", "source", "issue")]
    if turn.conn.execute(sa.select(draw.c.draw_id).where(*same)).first() is not None:
        raise DrawKnown


def _strata(sizes: Counter[str], least: int, percent: int) -> list[dict[str, Any]]:
    return [
        {
            "least": _share(size, least),
            "number": _share(size, percent),
            "size": size,
            "stratum": stratum,
        }
        for stratum, size in sorted(sizes.items())
    ]


def _share(size: int, percent: int) -> int:
    """Return a share of a class, rounded up: of any class at least one."""
    return max(1, -(-size * percent // WHOLE))


def _at_least(pointer: str, asked: int | None, least: int, most: int | None) -> int:
    if asked is None:
        return least
    if asked < least or (most is not None and asked > most):
        raise refused(pointer, f"不得低于 {least}" + (f"，不得高于 {most}" if most is not None else ""))
    return asked


def _keep(turn: Turn, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    turn.conn.execute(table.insert(), rows)
    bound.wrote(turn, table, *rows)

"""Judging a decided claim anew (重新认定): the facts it was decided on, with what the archive says now.

Only what changed in the archive counts. What registers said, and which rule held, stays as it was on the day
of the decision: nobody owes money back because the world went on. A record that is contested or waits for
its issuer's word is not yet wrong; one that was erased on its worker's wish says nothing.

What tops another claim up (补差) is judged as that one is, less what had been kept of it.
"""

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy.engine import Connection

from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.persons import Place
from recordsvc.archive.states import Life
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import apprentices, facts
from recordsvc.money.claims.values import Claim, decision_of, find
from recordsvc.money.rules import archive_facts, catalogue
from recordsvc.money.rules.decision import Decision, Verdict
from recordsvc.money.rules.facts import Fact, Facts
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

_OF_PLACE: Final = ("occupation", "level")


@dataclass(frozen=True, slots=True)
class Finding:
    """What would be due on the facts as they are now, and the ground on which less than granted would be."""

    due_fen: int
    ground: str
    made: Decision | None = None


def judge(house: "House", conn: Connection, one: Claim) -> Finding | None:
    """Judge a claim that was decided; None: nothing can be said (sealed, erased, never decided)."""
    if one.tops is not None:
        found = judge(house, conn, find(conn, one.tops))
        return found and replace(found, due_fen=max(found.due_fen - one.before_fen, 0))
    row = decision_of(conn, one)
    if row is None or not row.sha256:
        return None
    taken = apprentices.seat_of(conn, one)
    if taken is not None and taken[1] == apprentices.ADVANCE and taken[0].ended:
        return _unearned(house, one, row)
    if taken is not None and taken[1] == apprentices.ADVANCE and apprentices.settled(conn, taken[0]):
        return None  # what of it was due was told by the settlement
    return _on_record(house, conn, one, row)


def _on_record(house: "House", conn: Connection, one: Claim, row: Any) -> Finding | None:
    """Judge by what the archive says of the record now."""
    try:
        archives = persons.read(house, merges.person_id(conn, one.worker_id), house.db.cursor(conn))
    except ArchiveRestricted:
        return None
    place = None if archives is None else archives.find(uuid.UUID(one.certificate).bytes)
    if place is None or place.state is None or place.state.life is Life.ERASED:
        return None
    if place.state.life is Life.REVOKED or place.state.moved:
        return Finding(0, "record-revoked")
    return _decided(house, conn, one, place, row)


def _unearned(house: "House", one: Claim, row: Any) -> Finding:
    """Return what is left of an advance whose place nobody finished: what the rule does not recover of it."""
    now = {"planned": 1, "finished": 0}
    on = beijing_date(row.decided_ms).isoformat()
    then = Facts.of(orjson.loads(row.document)["facts"])
    found = then.joined(Facts.plain(now, apprentices.SOURCE, on))
    made = house.claims.rules.version(row.sha256).decide(found, apprentices.RECOVER)
    back = made.amount_fen if made.verdict is Verdict.GRANT else one.amount_fen
    return Finding(max(one.amount_fen - back, 0), apprentices.UNEARNED, made)


def _decided(house: "House", conn: Connection, one: Claim, place: Place, row: Any) -> Finding | None:
    document = orjson.loads(row.document)
    then = Facts.of(document["facts"])
    of_record = facts.of_record(place, one, beijing_date(row.decided_ms).isoformat())
    if of_record is None:
        return None  # contested, unconfirmed, superseded: not wrong, only unsettled
    now = _now(house, conn, one, place, then, of_record)
    rule = house.claims.rules.version(row.sha256)
    day = now.values.get(rule.head.basis)
    if day is not None and day != row.basis_date:
        moved = house.claims.rules.on(one.kind, str(day))
        rule = rule if moved is None else moved
    made = rule.decide(now, document["event"])
    if made.verdict in (Verdict.NEED_INFO, Verdict.NO_RULE_IN_FORCE):
        return Finding(0, "facts-missing", made)
    due = made.amount_fen if made.verdict is Verdict.GRANT else 0
    twice = now.values["prior"] != then.values.get("prior", []) and _same_record(then, now)
    return Finding(due, "claimed-twice" if twice else "record-corrected", made)


def _now(house: "House", conn: Connection, one: Claim, place: Place, then: Facts, of_record: Facts) -> Facts:
    """Return the facts of then, those of the archive replaced by what it says now."""
    kept = {
        name: fact
        for name, fact in then.told.items()
        if facts.ARCHIVE not in fact.source and name not in catalogue.names()
    }
    found = Facts(kept).joined(of_record)
    # What an enterprise filed stands above what a record says of the same: one plan, one standard.
    filed = {name: fact for name, fact in kept.items() if fact.source.startswith(apprentices.SOURCE)}
    found = found.joined(Facts(filed)).joined(apprentices.finished(conn, one, place))
    day = next(
        (
            str(found.values[name])
            for name in ("certificate_issued_on", "training_ended_on")
            if name in found.values
        ),
        beijing_date(one.filed_ms).isoformat(),
    )
    found = archive_facts.of_groups(place.archive, day).joined(found)
    found = found.joined(_standard(house, then, found, day))
    before = [it for it in facts.prior(conn, one.worker_id, place.archive, one.claim_id) if _earlier(it, one)]
    on = beijing_date(one.filed_ms).isoformat()
    return found.joined(Facts({"prior": Fact(before, "本系统补贴台账", on)}))


def _standard(house: "House", then: Facts, now: Facts, day: str) -> Facts:
    """Return the standard as it was, or the one of another occupation, level or group."""
    if any(then.values.get(name) != now.values.get(name) for name in _OF_PLACE):
        return house.catalogue.facts(now, day)
    if catalogue.memberships(then, day).keys() != catalogue.memberships(now, day).keys():
        return house.catalogue.facts(now, day)
    return Facts({name: fact for name, fact in then.told.items() if name in catalogue.names()})


def _earlier(prior: dict[str, Any], one: Claim) -> bool:
    """Tell whether another claim was filed before this one: ids are in the order of time."""
    return uuid.UUID(str(prior["claim"])).bytes < one.claim_id


def _same_record(then: Facts, now: Facts) -> bool:
    """Tell whether the archive says of the record itself what it said then."""
    names = {name for name, fact in then.told.items() if fact.source.startswith(facts.ARCHIVE)}
    return all(then.values.get(name) == now.values.get(name) for name in names)

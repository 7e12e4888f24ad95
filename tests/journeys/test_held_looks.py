"""Who opened a record while it waited is read by whose it turns out to be; alarms count it from the start."""

import json
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import erasures, fsck
from recordsvc.access import looked
from recordsvc.access.looked_tables import looked_detail
from recordsvc.archive import looked_alarms, tables
from recordsvc.archive.held import Releaser
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_audit_packs import erased

OLD = {"started_on": "2019-03-04", "ended_on": "2019-04-02"}
HOUR = 3_600_000


def waiting(journey: Journey, count: int = 1) -> list[bytes]:
    """Records that came too late, each of another person, and wait."""
    centre = journey.centre()
    for n in range(count):
        record = journey.completion(centre, journey.person(n + 1), **OLD)
        assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 202
    items = journey.read("handler", "/v1/desk/held")["items"]
    return [uuid.UUID(one["held_id"]).bytes for one in items]


def opened(journey: Journey, held_id: bytes, who: str = "handler", purpose: str = "record-held") -> Any:
    path = f"/v1/desk/held/{uuid.UUID(bytes=held_id)}?purpose={purpose}&case_ref=K-7"
    return journey.read(who, path)


def released(journey: Journey, held_id: bytes) -> bytes:
    """Let it in by two; whose it is."""
    body = {"held": [str(uuid.UUID(bytes=held_id))], "reason": "已核对台账"}
    journey.decide("reviewer", journey.act("handler", "/v1/desk/held/release", body)["proposal_id"])
    assert Releaser(journey.house).run() == 1
    with journey.house.db.read() as conn:
        key = sa.select(tables.held.c.key).where(tables.held.c.held_id == held_id).scalar_subquery()
        return bytes(conn.scalar(sa.select(tables.dedupe.c.worker_id).where(tables.dedupe.c.key == key)))


def looks(journey: Journey, subject: bytes) -> list[Any]:
    with journey.house.db.read() as conn:
        return looked.of_worker(conn, subject)


def alarms(journey: Journey) -> list[str]:
    for make in (looked_alarms.follower, looked_alarms.relation_follower):
        make(journey.house).run()
    with journey.house.db.read() as conn:
        return [one.kind for one in looked_alarms.waiting(conn)]


def test_the_worker_reads_who_opened_a_record_before_it_came_into_the_archive(journey: Journey) -> None:
    (held_id,) = waiting(journey)
    opened(journey, held_id)
    (first,) = looks(journey, held_id)
    journey.clock.advance(60_000)
    worker_id = released(journey, held_id)

    (seen,) = looks(journey, worker_id)
    assert (seen.id, seen.at_ms, seen.fields) == (first.id, first.at_ms, "held-record")
    assert (seen.actor_id, seen.role, seen.purpose, seen.case_ref) == (
        "demo-handler",
        "handler",
        "record-held",
        "K-7",
    )
    me = journey.sign_in(journey.person(1)["number"])
    page = journey.browser(me)[0].get("/me/looked", base_url=HOST).text
    assert "暂存待核对的记录" in page
    # The log holds both, in order; what was first written stands.
    assert fsck.fsck(journey.house, offline=True).finding is None


def test_without_a_row_a_held_record_shows_nothing(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    (held_id,) = waiting(journey)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recordsvc.access.looked._row", full)
    path = f"/v1/desk/held/{uuid.UUID(bytes=held_id)}?purpose=record-held&case_ref=K-7"
    refused = journey.read("handler", path, 503)
    assert refused["code"] == "look-not-written"
    assert journey.person(1)["number"] not in json.dumps(refused)


def test_alarms_count_held_records_when_they_are_opened_and_their_worker_when_they_come(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked_alarms, "_rule", lambda code, _look: {"window-minutes": 60}.get(code, 3))
    held = waiting(journey, 3)
    for one in held[:2]:
        opened(journey, one)
    assert alarms(journey) == []
    opened(journey, held[2])
    # The queue's own order is no sequence.
    assert alarms(journey) == ["many-workers"]
    opened(journey, held[0], "reviewer")
    released(journey, held[0])
    journey.clock.advance(HOUR)
    # To deal with what waits is a reason; nothing was counted twice.
    assert alarms(journey) == ["many-workers"]


def test_a_held_record_opened_for_anything_else_needs_a_relation(journey: Journey) -> None:
    (held_id,) = waiting(journey)
    opened(journey, held_id, purpose="complaint")
    journey.clock.advance(HOUR)
    assert alarms(journey) == ["no-relation"]


def test_the_case_of_such_a_look_goes_with_the_workers_erasure(journey: Journey) -> None:
    (held_id,) = waiting(journey)
    opened(journey, held_id)
    worker_id = released(journey, held_id)
    erased(journey, worker_id)
    erasures.scrub(journey.house)
    with journey.house.db.read() as conn:
        assert conn.execute(sa.select(looked_detail)).all() == []
    assert fsck.fsck(journey.house, offline=True).finding is None

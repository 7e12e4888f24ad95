"""The desk against its own officials: what one person cannot do, and what each leaves behind."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import tables
from recordsvc.archive.held import Releaser
from recordsvc.fsck import fsck
from recordsvc.ground import two_person
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Centre, Journey, record_id

OLD = {"started_on": "2019-03-04", "ended_on": "2019-04-02"}
LATE = {"select": {"reason": "late"}, "reason": "已核对原始台账"}
WHY = "purpose=service-window&case_ref=K-1"


def send(journey: Journey, centre: Centre, record: bytes) -> Any:
    return journey.post(centre, "/v1/records", sign.single_body(centre.key, record))


def status(journey: Journey, centre: Centre, record: bytes) -> str:
    return str(journey.get(centre, f"/v1/records/{record_id(record)}").json["status"])


def late(journey: Journey, centre: Centre, n: int) -> bytes:
    record = journey.completion(centre, journey.person(n), **OLD)
    assert send(journey, centre, record).status_code == 202
    return record


def approve(journey: Journey, body: dict[str, Any] = LATE, by: str = "reviewer") -> bytes:
    proposed = journey.act("handler", "/v1/desk/held/release", body)
    journey.decide(by, proposed["proposal_id"])
    return uuid.UUID(proposed["proposal_id"]).bytes


def waiting(journey: Journey) -> list[dict[str, Any]]:
    return list(journey.read("handler", "/v1/desk/held")["items"])


def write(journey: Journey, statement: Any) -> None:
    journey.house.db.write(lambda turn: turn.conn.execute(statement))


def acts(journey: Journey) -> list[tuple[str, str, str]]:
    items = journey.read("auditor", "/v1/desk/acts")["items"]
    return [(one["act"], one["actor"], one["subject"]) for one in items]


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


# -- approvals


@pytest.mark.parametrize("fault", ["undecided", "other-worker", "not-covered", "no-proposal"])
def test_a_row_that_only_claims_to_be_approved_is_not_released(
    journey: Journey, centre: Centre, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = late(journey, centre, 1)
    proposed = journey.act("handler", "/v1/desk/held/release", LATE)["proposal_id"]
    values: dict[str, Any] = {"state": "approved", "proposal": uuid.UUID(proposed).bytes, "worker_id": None}
    if fault != "undecided":
        journey.decide("reviewer", proposed)
    if fault == "other-worker":
        values["worker_id"] = b"w" * 16
    if fault == "not-covered":
        record = late(journey, centre, 2)
    if fault == "no-proposal":
        values["proposal"] = None
    write(journey, tables.held.update().values(values))

    Releaser(journey.house).run()

    assert status(journey, centre, record) == "held"
    assert "approval-unproven" in {one["reason"] for one in waiting(journey)}
    assert "release-unproven" in capsys.readouterr().err


def test_fsck_compares_a_release_note_with_its_proposal(journey: Journey, centre: Centre) -> None:
    late(journey, centre, 1)
    proposal = approve(journey)
    assert Releaser(journey.house).run() == 1
    assert fsck(journey.house, offline=True).finding is None

    row = two_person.proposal
    write(journey, row.update().where(row.c.id == proposal).values(decided_by="official:somebody"))

    finding = fsck(journey.house, offline=True).finding
    assert finding is not None
    assert finding.where.startswith("proposal")


def test_the_note_says_in_which_role_the_second_person_decided(journey: Journey, centre: Centre) -> None:
    late(journey, centre, 1)
    approve(journey, by="data-officer")
    Releaser(journey.house).run()

    me = journey.sign_in(journey.person(1)["number"])
    note = journey.read(me, "/v1/me/archive")["records"][0]["history"][0]["id"]
    actor = journey.read(me, f"/v1/me/records/{note}")["record"]["actor"]

    assert actor["role"] == "data-officer"
    assert actor["id"] == "official:demo-data-officer"


# -- what sends a record back, and to whom


def test_a_suspended_key_sends_approved_records_back_to_the_desk(journey: Journey, centre: Centre) -> None:
    record = late(journey, centre, 1)
    approve(journey)
    keys = f"/v1/desk/issuers/{centre.uscc}/keys"
    journey.act("registrar", f"{keys}/suspend", {"kid": "sign-1", "reason": "核查中"}, 200)

    assert Releaser(journey.house).run() == 0
    assert [one["reason"] for one in waiting(journey)] == ["key-not-in-force"]

    lifted = journey.act("registrar", f"{keys}/lift", {"kid": "sign-1", "reason": "误报"})
    journey.decide("registrar-2", lifted["proposal_id"])
    approve(journey, {"select": {"issuer": centre.uscc}, "reason": "已核对"})
    assert Releaser(journey.house).run() == 1
    assert status(journey, centre, record) == "accepted"


def test_a_revoked_key_sends_approved_records_to_their_issuer(journey: Journey, centre: Centre) -> None:
    record = late(journey, centre, 1)
    approve(journey)
    body = {"kid": "sign-1", "reason": "泄露"}
    proposed = journey.act("registrar", f"/v1/desk/issuers/{centre.uscc}/keys/revoke", body)
    journey.decide("registrar-2", proposed["proposal_id"])

    assert Releaser(journey.house).run() == 0
    assert status(journey, centre, record) == "returned"


def test_one_restricted_archive_blocks_no_other_record(journey: Journey, centre: Centre) -> None:
    send(journey, centre, journey.completion(centre, journey.person(1)))
    worker = journey.house.people.find("resident-id", journey.person(1)["number"])
    assert worker is not None
    stuck = late(journey, centre, 1)
    journey.clock.advance(1)
    free = late(journey, centre, 2)
    first, second = (one["held_id"] for one in waiting(journey))
    named = {"held": [first], "worker_id": str(uuid.UUID(bytes=worker)), "reason": "已核对"}
    approve(journey, named)
    approve(journey, {"held": [second], "reason": "已核对"})
    restricted = sa.text("UPDATE worker SET state = 'restricted', version = version + 1 WHERE worker_id = :w")
    journey.house.db.write(lambda turn: turn.conn.execute(restricted, {"w": worker}))

    assert Releaser(journey.house).run() == 1
    assert (status(journey, centre, stuck), status(journey, centre, free)) == ("held", "accepted")
    assert [one["reason"] for one in waiting(journey)] == ["worker-restricted"]


# -- proposing


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"select": {}},
        {"held": []},
        {"held": [], "select": {}},
        {"held": [str(uuid.UUID(int=1))], "select": {"reason": "late"}},
        {"select": {"reason": "late"}, "worker_id": str(uuid.UUID(int=1))},
        {"held": [str(uuid.UUID(int=n)) for n in (1, 2)], "worker_id": str(uuid.UUID(int=1))},
    ],
)
def test_nothing_is_released_without_being_meant(
    journey: Journey, centre: Centre, body: dict[str, Any]
) -> None:
    late(journey, centre, 1)
    answer = journey.act("handler", "/v1/desk/held/release", {"reason": "x", **body}, 422)
    assert answer["errors"]


def test_the_second_person_reads_what_the_release_is(journey: Journey, centre: Centre) -> None:
    for n in range(3):
        late(journey, centre, n)
    journey.act("handler", "/v1/desk/held/release", LATE)

    (found,) = journey.read("reviewer", "/v1/desk/proposals")["items"]

    assert found["payload"]["counts"] == [{"issuer": centre.uscc, "reason": "late", "count": 3}]
    assert found["subject"] == f"放行 3 条暂存记录；原因：逾期上报（3）；签发单位：{centre.uscc}（3）"


def test_proposals_page(journey: Journey, centre: Centre) -> None:
    late(journey, centre, 1)
    made = [journey.act("handler", "/v1/desk/held/release", LATE)["proposal_id"] for _ in range(3)]
    first = journey.read("reviewer", "/v1/desk/proposals?limit=2")
    rest = journey.read("reviewer", f"/v1/desk/proposals?limit=2&cursor={first['next']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == sorted(made)
    assert rest["next"] is None


def test_a_cursor_that_is_none_is_refused(journey: Journey) -> None:
    for path in ("held?after=zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "proposals?cursor=x", "acts?before=x"):
        account = "auditor" if path.startswith("acts") else "handler"
        answer = journey.browser(account)[0].get(f"/v1/desk/{path}", base_url=HOST)
        assert answer.status_code in (400, 422), path


# -- what one official does alone


def test_acts_of_one_official_name_their_author(journey: Journey, centre: Centre) -> None:
    late(journey, centre, 1)
    (held_id,) = (one["held_id"] for one in waiting(journey))
    journey.read("handler", f"/v1/desk/held/{held_id}", 400)
    journey.read("handler", f"/v1/desk/held/{held_id}?purpose=because&case_ref=K-1", 422)
    assert acts(journey) == []

    journey.read("handler", f"/v1/desk/held/{held_id}?{WHY}")
    journey.act("handler", "/v1/desk/held/return", {"held_id": held_id, "reason": "不符"}, 204)
    number = journey.person(99)["number"]
    sought = {"kind": "resident-id", "number": number, "purpose": "service-window", "case_ref": "K-2"}
    journey.act("handler", "/v1/desk/workers/find", sought, 404)
    journey.read("handler", f"/v1/desk/workers/{uuid.UUID(int=7)}/archive?{WHY}", 404)
    key = {"kid": "sign-1", "reason": "核查中"}
    journey.clock.advance(5)
    since = {**key, "since_ms": journey.clock.now_ms() - 1}
    journey.act("reviewer", f"/v1/desk/issuers/{centre.uscc}/keys/suspend", key, 200)
    journey.act("reviewer", f"/v1/desk/issuers/{centre.uscc}/keys/suspect", since, 200)

    assert sorted(acts(journey)) == sorted(
        [
            ("held.open", "official:demo-handler", held_id),
            ("held.return", "official:demo-handler", held_id),
            ("worker.find-nothing", "official:demo-handler", "resident-id"),
            ("worker.archive-nothing", "official:demo-handler", str(uuid.UUID(int=7))),
            ("issuer-key.suspend", "official:demo-reviewer", f"{centre.uscc}/sign-1"),
            ("issuer-key.suspect", "official:demo-reviewer", f"{centre.uscc}/sign-1"),
        ]
    )
    journey.read("handler", "/v1/desk/acts", 403)


def test_a_refused_act_leaves_no_row(journey: Journey, centre: Centre) -> None:
    path = f"/v1/desk/issuers/{centre.uscc}/keys"
    journey.act("registrar", f"{path}/suspend", {"kid": "nobody", "reason": "x"}, 409)
    journey.act("registrar", f"{path}/suspect", {"kid": "sign-1", "reason": "x", "since_ms": 1}, 409)
    later = journey.clock.now_ms() + 1_000
    journey.act("registrar", f"{path}/suspect", {"kid": "sign-1", "reason": "x", "since_ms": later}, 409)
    assert acts(journey) == []


def test_one_person_does_not_stop_the_regions_key(journey: Journey, centre: Centre) -> None:
    late(journey, centre, 1)
    approve(journey)
    path = f"/v1/desk/issuers/{journey.house.settings.region}/keys"
    body = {"kid": "region", "reason": "x"}
    suspended = journey.act("registrar", f"{path}/suspend", body)
    suspected = {**body, "since_ms": journey.clock.now_ms()}
    journey.act("registrar", f"{path}/suspect", suspected)
    (key,) = journey.read("registrar", path)["items"]
    assert (key["state"], key["suspected_since_ms"]) == ("registered", None)

    journey.decide("registrar-2", suspended["proposal_id"])
    assert Releaser(journey.house).run() == 0
    assert waiting(journey) == [], "approved records stay approved until the region can state again"

    lifted = journey.act("registrar", f"{path}/lift", body)
    journey.decide("registrar-2", lifted["proposal_id"])
    assert Releaser(journey.house).run() == 1

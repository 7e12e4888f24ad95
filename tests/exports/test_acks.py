"""Cursors and acknowledgements: what is foreign, forged or contradictory is named, and changes nothing."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access import looked
from recordsvc.exports.following import Feeds
from recordsvc.exports.tables import export_ack, export_item, export_receiver, export_ticket
from recordsvc.house import House
from tests.archive.support import Centre
from tests.archive.test_sharing import looks
from tests.exports.copies import Copy, agree
from tests.exports.test_feed import entered

Copies = Callable[[str], Copy]


@pytest.fixture
def filled(house: House, centre: Centre, bank: Copy) -> Copy:
    """Three items for the first bank, one for the second."""
    worker, records = entered(house, centre, 1, 3)
    agree(house, worker, *records)
    agree(house, worker, records[0], bank="bank-2")
    Feeds(house).run()
    return bank


def ack(statement: dict[str, Any], ack_id: str = "batch-0001", **changes: Any) -> dict[str, Any]:
    said = {name: statement[name] for name in ("from", "to", "count", "root")}
    return {"ack_id": ack_id, **said, **changes}


def rows(house: House, table: sa.Table) -> list[dict[str, Any]]:
    with house.db.read() as conn:
        return [dict(row._mapping) for row in conn.execute(sa.select(table).order_by(*table.primary_key))]


def reached(house: House) -> dict[str, int]:
    return {row["receiver"]: row["reached"] for row in rows(house, export_receiver)}


def test_a_page_and_a_stream_hold_the_same_and_a_replay_holds_it_again(filled: Copy) -> None:
    items, statement = filled.take("")
    page = filled.get("/v1/exports/items").json
    assert page["items"] == items
    said = page["manifest"]["statement"]
    assert {name: said[name] for name in ("from", "to", "count", "root", "sha256")} == {
        name: statement[name] for name in ("from", "to", "count", "root", "sha256")
    }
    assert (page["next"], page["more"]) == (statement["to"], False)
    assert filled.take("")[0] == items


def test_batches_follow_one_another_without_a_gap(filled: Copy) -> None:
    first = filled.get("/v1/exports/items?limit=2").json
    assert ([one["n"] for one in first["items"]], first["more"]) == ([1, 2], True)
    rest = filled.get(f"/v1/exports/items?after={first['next']}").json
    assert ([one["n"] for one in rest["items"]], rest["more"]) == ([3], False)
    assert rest["manifest"]["statement"]["from"] == first["next"]
    nothing = filled.get(f"/v1/exports/items?after={rest['next']}").json
    said = nothing["manifest"]["statement"]
    assert (nothing["items"], said["count"], said["root"]) == ([], 0, hashlib.sha256().hexdigest())
    assert said["from"] == said["to"] == rest["next"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("foreign", "feed-cursor-unknown"),
        ("foreign start", "feed-cursor-unknown"),
        ("forged", "feed-cursor-unknown"),
        ("not base64", "feed-cursor-unknown"),
        ("other version", "feed-cursor-unknown"),
        ("short", "feed-cursor-unknown"),
        ("ahead", "feed-cursor-ahead"),
    ],
)
def test_a_cursor_that_this_feed_did_not_give_is_named_and_changes_nothing(
    house: House, filled: Copy, copy_of: Copies, how: str, code: str
) -> None:
    own = filled.take("")[1]
    other = copy_of("bank-2").take("")[1]
    raw = base64.urlsafe_b64decode(own["to"] + "==")
    made = {
        "foreign": other["to"],
        "foreign start": other["from"],
        "forged": _b64(raw[:-1] + bytes([raw[-1] ^ 1])),
        "not base64": "%21%21",
        "other version": _b64(b"\x02" + raw[1:]),
        "short": _b64(raw[:-1]),
        "ahead": _b64(raw[:1] + (9).to_bytes(8) + raw[9:]),
    }[how]
    before = [rows(house, table) for table in (export_item, export_receiver, export_ack)]
    answer = filled.get(f"/v1/exports/items?after={made}")
    assert (answer.status_code, answer.json["code"]) == (400, code)
    if "%" not in made:
        answer = filled.post("/v1/exports/acks", ack(own, to=made))
        assert (answer.status_code, answer.json["code"]) == (400, code)
    assert [rows(house, table) for table in (export_item, export_receiver, export_ack)] == before


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_lost_answer_is_asked_for_again_and_is_the_same(house: House, filled: Copy) -> None:
    said = ack(filled.take("")[1])
    answers = [filled.post("/v1/exports/acks", said) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json == answers[1].json == {"acknowledged": said["to"]}
    assert len(rows(house, export_ack)) == 1
    assert reached(house)["bank-1"] == 3
    assert rows(house, export_ticket) == []
    assert fsck.fsck(house, offline=True).finding is None


def test_a_batch_behind_a_gap_is_kept_and_the_gap_is_told(house: House, filled: Copy) -> None:
    first, second = filled.take("", 1)[1], None
    second = filled.take(first["to"])[1]
    assert filled.post("/v1/exports/acks", ack(second, "batch-0002")).json == {"acknowledged": first["from"]}
    assert filled.post("/v1/exports/acks", ack(first, "batch-0001")).json == {"acknowledged": first["to"]}
    assert filled.post("/v1/exports/acks", ack(second, "batch-0003")).json == {"acknowledged": second["to"]}
    assert reached(house)["bank-1"] == 3
    assert fsck.fsck(house, offline=True).finding is None


@pytest.mark.parametrize("wrong", [{"count": 2}, {"root": "0" * 64}, {"backwards": True}])
def test_a_contradictory_acknowledgement_is_refused_with_a_ticket(
    house: House, filled: Copy, wrong: dict[str, Any]
) -> None:
    statement = filled.take("")[1]
    said = ack(statement, **wrong)
    if said.pop("backwards", None):
        said |= {"from": statement["to"], "to": statement["from"]}
    for _ in range(2):
        answer = filled.post("/v1/exports/acks", said)
        assert (answer.status_code, answer.json["code"]) == (409, "ack-contradicts")
    (ticket,) = rows(house, export_ticket)
    assert (ticket["receiver"], ticket["kind"], ticket["closed_ms"]) == ("bank-1", "batch-differs", None)
    assert json.loads(ticket["told"])["root"] == said["root"]
    assert rows(house, export_ack) == []
    assert reached(house)["bank-1"] == 0


def test_an_ack_id_stands_for_one_batch(house: House, filled: Copy) -> None:
    first = filled.take("", 1)[1]
    assert filled.post("/v1/exports/acks", ack(first)).status_code == 200
    answer = filled.post("/v1/exports/acks", ack(filled.take("")[1]))
    assert (answer.status_code, answer.json["code"]) == (409, "ack-reused")
    assert [row["kind"] for row in rows(house, export_ticket)] == ["ack-reused"]
    assert reached(house)["bank-1"] == 1


def test_what_left_no_row_is_not_sent(house: House, filled: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: Any) -> None:
        raise looked.LookNotWritten

    worker = rows(house, export_item)[0]["worker_id"]
    with monkeypatch.context() as patch:
        patch.setattr("recordsvc.access.looked.note", fails)
        for headers in ({}, {"Accept": "application/x-ndjson"}):
            answer = filled.get("/v1/exports/items", **headers)
            assert answer.status_code == 503
            assert b"content" not in answer.data
    assert looks(house, worker) == []
    filled.take("")
    assert len(looks(house, worker)) == 1


def test_a_format_that_is_not_made_is_refused(filled: Copy) -> None:
    answer = filled.get("/v1/exports/items", Accept="application/pdf")
    assert (answer.status_code, answer.json["code"]) == (406, "export-format")

"""A snapshot then deltas make the same copy as all items from the start."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from recordsvc.access import looked
from recordsvc.exports import lines
from recordsvc.exports.following import Feeds
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.translog.tree import leaf_hash
from recordsvc.translog.tree import root as root_of
from tests.archive.support import Centre, person
from tests.archive.test_sharing import looks
from tests.exports.copies import HEAD, Copy, agree, check_signature, confirmed
from tests.exports.test_feed import entered

Copies = Callable[[str], Copy]


def snapshot(copy: Copy) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Take one and check it; its items and its signed statement."""
    answer = copy.get("/v1/exports/snapshot")
    assert answer.status_code == 200, answer.text
    *some, last = answer.data.splitlines(keepends=True)
    statement = check_signature(copy.house, json.loads(last)["manifest"])
    assert statement["sha256"] == hashlib.sha256(b"".join(some)).hexdigest()
    items = [json.loads(one) for one in some[1:]]
    leaves = [leaf_hash(canonical({name: one[name] for name in HEAD})) for one in items]
    assert (statement["count"], statement["root"]) == (len(items), root_of(leaves).hex())
    assert statement["format"] == json.loads(some[0])["format"] == "recordsvc-snapshot/1"
    return items, statement


@pytest.fixture
def filled(house: House, centre: Centre, bank: Copy) -> tuple[bytes, list[bytes]]:
    """Three records: one stands as it was told, one was corrected, one is revoked."""
    worker, records = entered(house, centre, 1, 3)
    agree(house, worker, *records)
    bank.pull()
    centre.enter(centre.correction(person(1), records[1]))
    confirmed(house, worker, records[1])
    centre.enter(centre.revocation(person(1), records[2]))
    bank.pull()
    return worker, records


def test_it_holds_what_stands_and_deltas_go_on_behind_it(
    house: House, centre: Centre, filled: tuple[bytes, list[bytes]], bank: Copy
) -> None:
    _worker, records = filled
    items, statement = snapshot(bank)
    rows = {one["ref"]: one["content"] for one in items}
    assert rows == bank.rows
    assert len(rows) == 2
    assert statement["to"] == bank.cursor
    centre.enter(centre.revocation(person(1), records[0]))
    Feeds(house).run()
    (delta,), _ = bank.take(statement["to"])
    assert (delta["op"], delta["ref"] in rows) == ("withdraw", True)


def test_what_moves_while_it_is_sent_stands_behind_its_end(
    house: House,
    centre: Centre,
    filled: tuple[bytes, list[bytes]],
    bank: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _worker, records = filled
    real = lines.standing

    def moved(*arguments: Any) -> Any:
        if arguments[2] == 0:
            centre.enter(centre.revocation(person(1), records[0]))
            Feeds(house).run()
            with house.db.read() as conn:
                return real(conn, *arguments[1:])
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(lines, "standing", moved)
        items, statement = snapshot(bank)
    assert len(items) == 1
    assert [one["op"] for one in bank.take(statement["to"])[0]] == ["withdraw"]


def test_what_left_no_row_is_not_in_it(
    filled: tuple[bytes, list[bytes]], house: House, bank: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: Any) -> None:
        raise looked.LookNotWritten

    before = len(looks(house, filled[0]))
    with monkeypatch.context() as patch:
        patch.setattr("recordsvc.access.looked.note", fails)
        answer = bank.get("/v1/exports/snapshot")
    assert answer.status_code == 503
    assert b"content" not in answer.data
    assert len(looks(house, filled[0])) == before
    snapshot(bank)
    assert len(looks(house, filled[0])) == before + 1


def test_only_a_receiver_has_one(copy_of: Copies) -> None:
    assert copy_of("region-1").get("/v1/exports/snapshot").status_code == 403

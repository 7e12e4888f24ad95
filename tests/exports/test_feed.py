"""A receiver's own feed: what was agreed to, as it stands, in an order of its own; what ends is withdrawn."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access import clients, consents
from recordsvc.access.clients import SCOPES, ClientKind
from recordsvc.access.consents import Ended
from recordsvc.archive import erasing
from recordsvc.archive.confirm import confirm, contest
from recordsvc.archive.keyevents import KeyAction
from recordsvc.exports import emitting, pulling
from recordsvc.exports.errors import NoFeed
from recordsvc.exports.following import Feeds
from recordsvc.exports.tables import export_item
from recordsvc.ground import answers
from recordsvc.ground.follower import follower
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.restricted import lift, seal
from tests.archive.support import STATER, Centre, id_of, person, shown
from tests.archive.test_erasing import decide_erasure
from tests.archive.test_merging import merge, unmerge
from tests.archive.test_moved import move
from tests.archive.test_sharing import OFFICER, looks, raw_id
from tests.exports.copies import NDJSON, Copy, agree, confirmed

DAY_MS = 24 * 3_600_000
Copies = Callable[[str], Copy]


def entered(house: House, centre: Centre, n: int, count: int = 1) -> tuple[bytes, list[bytes]]:
    """A worker with records that the worker confirmed."""
    records = [centre.completion(person(n), **{"class": {"code": f"C{one}"}}) for one in range(count)]
    centre.enter(*records)
    worker = centre.worker_id(person(n))
    confirmed(house, worker, *records)
    return worker, records


def ops(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["op"], one["why"]) for one in items]


def healthy(house: House) -> None:
    report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding


def test_a_bank_is_told_what_was_agreed_to_and_nothing_that_names_the_worker(
    house: House, centre: Centre, bank: Copy
) -> None:
    worker, (record,) = entered(house, centre, 1)
    other, _ = entered(house, centre, 2)
    agree(house, worker, record)
    (item,) = bank.pull()
    assert (item["op"], item["why"], item["n"], item["version"]) == ("add", "granted", 1, 1)
    assert item["content"]["values"]["/body/result"] == "passed"
    who, text = person(1), json.dumps(item, ensure_ascii=False)
    for name in (who["number"], who["name"], worker.hex(), id_of(record), who["number"][-4:]):
        assert name not in text
    assert [(one.actor_id, one.purpose, one.fields) for one in looks(house, worker)] == [
        ("bank-1", "credit-recognition", "records")
    ]
    assert looks(house, other) == []
    assert bank.pull() == []
    healthy(house)


def test_a_start_delivers_earlier_facts_and_an_end_withdraws_them(
    house: House, centre: Centre, bank: Copy
) -> None:
    worker, (first, second) = entered(house, centre, 1, 2)
    assert bank.pull() == []
    consent = agree(house, worker, first, second)
    assert ops(bank.pull()) == [("add", "granted")] * 2
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER, consent))
    assert ops(bank.pull()) == [("withdraw", "access-ended")] * 2
    assert bank.rows == {}
    agree(house, worker, first)
    assert ops(bank.pull()) == [("add", "granted-again")]
    assert len(bank.rows) == 1
    healthy(house)


def test_a_correction_replaces_and_a_revocation_withdraws(house: House, centre: Centre, bank: Copy) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    bank.pull()
    centre.enter(centre.correction(person(1), record))
    # What was confirmed is not what stands now: it waits for the worker's word again.
    assert ops(bank.pull()) == [("withdraw", "unconfirmed")]
    confirmed(house, worker, record)
    assert ops(bank.pull()) == [("add", "granted-again")]
    (content,) = bank.rows.values()
    assert (content["corrected"], content["values"]["/body/score"]) == (True, "90.0")
    centre.enter(centre.revocation(person(1), record))
    assert ops(bank.pull()) == [("withdraw", "revoked")]
    centre.enter(centre.restoration(person(1), record))
    assert ops(bank.pull()) == [("add", "granted-again")]
    healthy(house)


def test_what_changes_between_two_pulls_is_told_once_and_older_items_hold_nothing(
    house: House, centre: Centre, bank: Copy, copy_of: Copies
) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    first = bank.pull()
    centre.enter(centre.correction(person(1), record))
    confirmed(house, worker, record)
    assert ops(bank.pull()) == [("replace", "corrected")]
    late = copy_of("bank-1")
    items = late.pull()
    assert items[0] == {name: value for name, value in first[0].items() if name not in ("content", "salt")}
    assert late.rows == bank.rows


def test_a_contested_record_is_told_nobody_until_it_is_settled(
    house: House, centre: Centre, bank: Copy
) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    bank.pull()
    contest(house, worker, shown(house, worker, raw_id(record)), "window", STATER, "wrong-hours")
    assert ops(bank.pull()) == [("withdraw", "contested")]
    confirmed(house, worker, record)
    assert ops(bank.pull()) == [("add", "granted-again")]


def test_nothing_leaves_before_the_worker_confirmed_it(house: House, centre: Centre, bank: Copy) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    worker = centre.worker_id(person(1))
    agree(house, worker, record)
    assert bank.pull() == []
    confirmed(house, worker, record)
    assert ops(bank.pull()) == [("add", "granted")]


def test_a_restricted_record_is_withdrawn_and_told_again_once_that_is_lifted(
    house: House, centre: Centre, bank: Copy
) -> None:
    worker, (record, other) = entered(house, centre, 1, 2)
    agree(house, worker, record, other)
    bank.pull()
    before = dict(bank.rows)
    seal(house, worker, raw_id(record))
    assert ops(bank.pull()) == [("withdraw", "restricted")]
    assert len(bank.rows) == 1
    lift(house, worker, raw_id(record))
    assert ops(bank.pull()) == [("add", "granted-again")]
    assert bank.rows == before


def test_an_agreement_to_a_restricted_record_alone_is_over(house: House, centre: Centre, bank: Copy) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    bank.pull()
    seal(house, worker, raw_id(record))
    assert ops(bank.pull()) == [("withdraw", "restricted")]
    lift(house, worker, raw_id(record))
    assert bank.pull() == []


def test_an_erased_person_is_withdrawn_and_no_replay_tells_of_them(
    house: House, centre: Centre, bank: Copy, copy_of: Copies
) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    bank.pull()
    erasing.restrict(house, worker, "erasure-requested", "本人申请", OFFICER)
    assert ops(bank.pull()) == [("withdraw", "restricted")]
    decide_erasure(house, worker)
    assert bank.pull() == []
    again = copy_of("bank-1")
    assert all("content" not in one for one in again.pull())
    assert again.rows == {}
    healthy(house)


def test_a_merge_renames_the_learner_and_its_undoing_names_them_as_before(
    house: House, centre: Centre, bank: Copy, clock: FixedClock
) -> None:
    (first, (one,)), (second, (other,)) = entered(house, centre, 1), entered(house, centre, 2)
    agree(house, first, one)
    agree(house, second, other)
    bank.pull()
    names = {content["learner"] for content in bank.rows.values()}
    assert len(names) == 2
    clock.advance(1_000)  # what was given since a merge ends with it
    merge(house, first, second)
    assert ops(bank.pull()) == [("replace", "merged")]
    assert len({content["learner"] for content in bank.rows.values()}) == 1
    unmerge(house, first)
    assert ops(bank.pull()) == [("replace", "merged")]
    assert {content["learner"] for content in bank.rows.values()} == names
    healthy(house)


def test_an_archive_merged_before_is_renamed_with_the_one_it_is_read_as(
    house: House, centre: Centre, bank: Copy, clock: FixedClock
) -> None:
    """The second merge enters nothing in the chain of the first: its receivers are told all the same."""
    (first, (one,)), (second, _), (third, (other,)) = (entered(house, centre, n) for n in (1, 2, 3))
    agree(house, first, one)
    agree(house, third, other)
    bank.pull()
    clock.advance(1_000)  # what was given since a merge ends with it
    merge(house, first, second)
    assert ops(bank.pull()) == [("replace", "merged")]
    names = {content["learner"] for content in bank.rows.values()}
    assert len(names) == 2
    merge(house, second, third)
    assert ops(bank.pull()) == [("replace", "merged")]
    assert len({content["learner"] for content in bank.rows.values()}) == 1
    unmerge(house, second)
    assert ops(bank.pull()) == [("replace", "merged")]
    assert {content["learner"] for content in bank.rows.values()} == names
    healthy(house)


def test_each_bank_has_names_of_its_own_and_always_the_same(
    house: House, centre: Centre, copy_of: Copies
) -> None:
    worker, records = entered(house, centre, 1, 2)
    copies = [copy_of(name) for name in ("bank-1", "bank-2")]
    for one in copies:
        agree(house, worker, records[0], bank=one.name)
        agree(house, worker, records[1], bank=one.name)
        one.pull()
    names = [{content["learner"] for content in one.rows.values()} for one in copies]
    assert [len(one) for one in names] == [1, 1]
    assert names[0] != names[1]
    assert not set(copies[0].rows) & set(copies[1].rows)


def test_fields_are_those_of_the_consents_and_of_the_profile(
    house: House, centre: Centre, bank: Copy
) -> None:
    worker, (record,) = entered(house, centre, 1)
    chosen = ("name", "number", "number-tail", "certificate-number", "issuer")
    agree(house, worker, record, text_code="extract-1", fields=chosen)
    bank.pull()
    (content,) = bank.rows.values()
    assert content["values"]
    assert {one for one in content["values"] if not one.endswith(("/issuer", "/name"))} == set()
    assert "/worker/name" not in content["values"]
    agree(house, worker, record, text_code="extract-1", fields=("scores",))
    assert ops(bank.pull()) == [("replace", "changed")]
    (content,) = bank.rows.values()
    assert {"/body/score", "/issuer"} <= set(content["values"])


@pytest.mark.parametrize("how", ["restricted", "with a code", "for another purpose", "used up", "another's"])
def test_what_is_not_agreed_to_is_told_nobody_and_nobody_looked(
    house: House, centre: Centre, bank: Copy, copy_of: Copies, how: str
) -> None:
    worker, (record,) = entered(house, centre, 1)
    changes: dict[str, Any] = {
        "with a code": {"with_code": True},
        "for another purpose": {"purpose": "job-application"},
        "used up": {"max_uses": 1},
        "another's": {"bank": "bank-2"},
    }.get(how, {})
    agree(house, worker, record, **changes)
    if how == "restricted":
        erasing.restrict(house, worker, "erasure-requested", "本人申请", OFFICER)
    elif how == "used up":
        assert ops(bank.pull()) == [("add", "granted")]
        assert ops(bank.pull()) == [("withdraw", "access-ended")]
    before = len(looks(house, worker))
    late = copy_of("bank-1")
    late.pull()
    assert late.rows == {}
    assert len(looks(house, worker)) == before


def test_what_ends_by_date_is_withdrawn_and_is_told_nobody_before_that(
    house: House, centre: Centre, bank: Copy, copy_of: Copies, clock: FixedClock
) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    Feeds(house).run()
    clock.advance(30 * DAY_MS)
    # Nobody has written the end yet; the one item there is holds nothing.
    items, _ = bank.take("")
    assert [("content" in one) for one in items] == [False]
    Feeds(house).sweep()
    late = copy_of("bank-1")
    assert ops(late.pull()) == [("add", "granted"), ("withdraw", "access-ended")]
    assert late.rows == {}


def test_records_under_a_suspected_key_are_withdrawn_by_the_round_of_the_day(
    house: House, centre: Centre, bank: Copy, clock: FixedClock
) -> None:
    """A suspicion is no entry of any chain."""
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    bank.pull()
    centre.act(KeyAction.SUSPECT, 0)
    assert Feeds(house).sweep() == 1
    assert ops(bank.pull()) == [("withdraw", "key-suspected")]
    assert Feeds(house).sweep() == 0, "once a day"
    clock.advance(DAY_MS)
    assert Feeds(house).sweep() == 1


def test_a_pull_brings_a_feed_up_to_date_that_is_behind(house: House, centre: Centre, bank: Copy) -> None:
    """The worker of the background has not run since the record was revoked."""
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    Feeds(house).run()
    centre.enter(centre.revocation(person(1), record))
    items, statement = bank.take("")
    assert [("content" in one) for one in items] == [False]
    assert ops(bank.take(statement["to"])[0]) == [("withdraw", "revoked")]


def test_the_same_seen_twice_is_one_item_and_a_kill_loses_none(
    house: House, centre: Centre, bank: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, records = entered(house, centre, 1, 3)
    agree(house, worker, *records)
    feeds, real = Feeds(house), emitting._write

    def killed(*arguments: Any) -> None:
        real(*arguments)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(emitting, "_write", killed)
        with pytest.raises(RuntimeError):
            feeds.run()
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(export_item)) == 0
    feeds.run()
    # From the very beginning once more, as after a lost position.
    house.db.write(
        lambda turn: turn.conn.execute(sa.delete(follower).where(follower.c.name == "exports")).rowcount
    )
    feeds.run()
    feeds.refresh([(one, worker) for one in feeds.all()])
    assert len(bank.pull()) == 3
    healthy(house)


def test_only_who_has_a_profile_has_a_feed(bank: Copy, copy_of: Copies) -> None:
    assert copy_of("region-1").get("/v1/exports/items").status_code == 403
    assert {kind for kind in ClientKind if "exports" in SCOPES[kind]} == {ClientKind.CREDIT_BANK}
    assert SCOPES[ClientKind.PAYROLL] == {"shared:read"}
    assert bank.get("/v1/entries").status_code == 403


def test_the_regions_own_platform_has_records_whole(house: House, centre: Centre, copy_of: Copies) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    told = copy_of("region-1").get("/v1/entries").json["items"]
    assert told[0]["record"]["worker"]["number"] == person(1)["number"]
    assert raw_id(record).hex() == told[0]["record"]["id"].replace("-", "")


def test_a_stream_gives_nothing_more_once_its_client_is_suspended(
    house: House, centre: Centre, bank: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads slowly has a stream for hours; a suspension does not wait for its end."""
    monkeypatch.setattr(pulling, "PORTION", 1)
    monkeypatch.setattr(answers, "CHUNK", 1)
    workers = []
    for n in (1, 2, 3):
        worker, (record,) = entered(house, centre, n)
        agree(house, worker, record)
        workers.append(worker)
    Feeds(house).run()
    answer = bank.get("/v1/exports/items", **NDJSON)
    pieces = iter(answer.response)
    got = [next(pieces), next(pieces)]
    assert b'"content"' in got[1]
    house.db.write(lambda turn: clients.suspend(turn, "bank-1", by="official:ann", reason="密钥外泄"))
    with pytest.raises(NoFeed):
        list(pieces)
    assert sum(len(looks(house, one)) for one in workers) == 1


def test_one_pull_is_one_use_and_asking_for_its_head_is_none(
    house: House, centre: Centre, bank: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, records = entered(house, centre, 1, 3)
    agree(house, worker, *records)
    Feeds(house).run()

    def uses() -> int:
        with house.db.read() as conn:
            (one,) = consents.of_workers(conn, [worker])
        return one.uses

    for path in ("items", "files?format=csv", "snapshot"):
        head = bank.app.test_client().head(f"/v1/exports/{path}", headers={"Authorization": "Bearer bank-1"})
        assert (head.status_code, head.data) == (200, b"")
    assert (uses(), looks(house, worker)) == (0, [])
    monkeypatch.setattr(pulling, "PORTION", 1)
    assert len(bank.pull()) == 3
    assert uses() == 1
    assert len(looks(house, worker)) == 1


def test_what_was_moved_is_taken_back_here_and_delivered_there(
    house: House, centre: Centre, bank: Copy, copy_of: Copies
) -> None:
    """The receiver of whom it was entered for has it withdrawn; that of whom it is gets it, once agreed."""
    wrong, (_first, record) = entered(house, centre, 1, 2)
    right, (own,) = entered(house, centre, 2)
    agree(house, wrong, record)
    other = copy_of("bank-2")
    agree(house, right, own, bank="bank-2")
    assert (ops(bank.pull()), ops(other.pull())) == ([("add", "granted")], [("add", "granted")])
    moved = move(house, wrong, raw_id(record), right)
    (taken,) = bank.pull()
    assert (taken["op"], "content" in taken) == ("withdraw", False)
    assert bank.rows == {}
    assert other.pull() == []
    confirm(house, right, shown(house, right, moved), "window", STATER)
    agree(house, right, own, bank="bank-2", records=(moved,))
    (given,) = other.pull()
    assert (given["op"], given["content"]["values"]["/body/result"]) == ("add", "passed")
    assert given["ref"] != taken["ref"], "nothing tells one receiver what another was told"
    assert bank.pull() == []
    healthy(house)

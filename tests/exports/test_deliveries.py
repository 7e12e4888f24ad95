"""What a person is told of feeds: which receiver has which record, and whether it said so."""

from collections.abc import Callable
from typing import Any

import pytest

from recordsvc.access import consents
from recordsvc.access.consents import Ended
from recordsvc.archive import persons
from recordsvc.exports import deliveries
from recordsvc.house import House
from tests.archive.support import Centre
from tests.archive.test_merging import merge, unmerge
from tests.archive.test_sharing import raw_id
from tests.exports.copies import Copy, agree
from tests.exports.test_feed import entered

Told = list[tuple[str, bytes | None, str, str, bool]]


def told(house: House, worker: bytes) -> Told:
    found = persons.read(house, worker)
    assert found is not None
    listed = deliveries.of_person(house, found.archives)
    return sorted((one.receiver, one.record_id, one.op, one.why, one.acknowledged) for one in listed)


def acknowledge(copy: Copy, statement: dict[str, Any], name: str) -> None:
    body = {"ack_id": name, **{key: statement[key] for key in ("from", "to", "count", "root")}}
    answer = copy.post("/v1/exports/acks", body)
    assert answer.status_code == 200, answer.text


def test_each_receiver_is_listed_with_what_it_has_and_said_it_has(
    house: House, centre: Centre, copy_of: Callable[[str], Copy]
) -> None:
    worker, (first, second) = entered(house, centre, 1, 2)
    other, _ = entered(house, centre, 2)
    assert told(house, worker) == []
    one, two = copy_of("bank-1"), copy_of("bank-2")
    given = agree(house, worker, first, second)
    agree(house, worker, first, bank="bank-2")
    one.pull()
    two.pull()
    ids = sorted([raw_id(first), raw_id(second)])
    assert told(house, worker) == [
        *(("bank-1", name, "add", "granted", False) for name in ids),
        ("bank-2", raw_id(first), "add", "granted", False),
    ]
    acknowledge(one, one.take("")[1], "ack-0001")
    assert [line[4] for line in told(house, worker)] == [True, True, False]
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER, given))
    one.pull()
    assert told(house, worker) == [
        *(("bank-1", name, "withdraw", "access-ended", False) for name in ids),
        ("bank-2", raw_id(first), "add", "granted", False),
    ]
    assert told(house, other) == []


@pytest.mark.parametrize("undone", [False, True])
def test_a_person_with_two_archives_is_told_of_both_and_after_the_undoing_of_the_own(
    house: House, centre: Centre, bank: Copy, undone: bool
) -> None:
    kept, (one,) = entered(house, centre, 1)
    merged, (two,) = entered(house, centre, 2)
    for worker, record in ((kept, one), (merged, two)):
        agree(house, worker, record)
    bank.pull()
    merge(house, merged, kept)
    bank.pull()
    if undone:
        unmerge(house, merged)
        bank.pull()
    listed = [line[1] for line in told(house, kept)]
    assert listed == ([raw_id(one)] if undone else sorted([raw_id(one), raw_id(two)]))

"""A bank that rejects, delays, loses, repeats and contradicts, from a seed: both books end equal."""

import random

import pytest

from creditsim.book import Book
from creditsim.faults import Dice, Faults
from recordsvc import fsck
from recordsvc.access import consents
from recordsvc.access.consents import Ended
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.credits.conftest import Bank, account
from tests.exports.copies import agree
from tests.exports.test_feed import entered

FAULTS = Faults(
    reject=25, lose=30, lose_reply=25, delay=30, repeat=20, contradict=20, undecided=20, redeem=30
)


def settle(bank: Bank, book: Book) -> None:
    """Go on until nothing waits on either side."""
    for _round in range(60):
        while (data := bank.batch(book.taken)) is not None:
            book.receive(data)
        if not book.outbox:
            return
        book.round(bank.say)
    raise AssertionError(book.outbox)


def happens(
    house: House,
    centre: Centre,
    n: int,
    step: int,
    chance: random.Random,
    live: list[bytes],
    known: tuple[bytes, list[bytes]],
) -> None:
    """Something befalls a worker's records, account or consents."""
    worker, records = known
    act = chance.choice(("correct", "revoke", "account", "end", "agree", "wait"))
    if act == "correct" and live:
        centre.enter(centre.correction(person(n), live[0], score=f"{60 + step}.0"))
    elif act == "revoke" and len(live) > 1:
        centre.enter(centre.revocation(person(n), live.pop()))
    elif act == "account":
        account(house, worker, f"XG{n:04d}{step:04d}")
    elif act == "end":
        house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER))
    elif act == "agree":
        agree(house, worker, *records)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_books_end_equal(house: House, centre: Centre, bank: Bank, seed: int) -> None:
    chance, book = random.Random(seed), Book(Dice(seed), FAULTS)
    workers = {}
    for n in range(1, 4):
        worker, records = entered(house, centre, n, 2)
        workers[n] = worker, records
        agree(house, worker, *records)
        if n > 1:
            account(house, worker, f"XF64{seed:04d}{n:04d}")
    live = {n: list(one[1]) for n, one in workers.items()}
    for step in range(8):
        data = bank.batch(book.taken)
        if data is not None:
            book.receive(data)
        n = chance.choice(sorted(workers))
        happens(house, centre, n, step, chance, live[n], workers[n])
        book.round(bank.say)
    settle(bank, book)

    totals = bank.get("/v1/credits/totals").json
    assert (totals["count"], totals["root"]) == (len(book.outcomes), book.root())
    compared = bank.post("/v1/credits/reconciliations", {"prefix": "", "lines": book.lines()})
    assert compared.json == {"differences": []}
    said = {standing for _path, standing in book.standings}
    assert {"taken", "contradicts"} <= said
    report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding

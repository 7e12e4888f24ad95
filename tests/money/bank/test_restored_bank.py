"""A restored installation and a bank that went on: outbox and inbox again, the same books (cases 55, 56)."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from banksim import messages
from recordsvc import backup
from recordsvc.fsck import fsck
from recordsvc.ground.ports import FixedClock
from recordsvc.house import open_house
from recordsvc.money.bank import breaks, dispatch, payments
from recordsvc.money.bank.tables import bank_entry, bank_statement, payment, payment_batch
from recordsvc.money.ledger import seals, tables
from recordsvc.settings import Settings
from tests.money.bank import made
from tests.money.bank.desk import CODE, Desk
from tests.test_backup import _programs, elsewhere

__all__ = ["_programs", "elsewhere"]

DAY_MS = 86_400_000
BEGAN = 1_000_000


class Story:
    """One batch that the bank has booked, one that is released: there the backup is made."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.paid, self.waits = desk.pay(1), desk.pay(2)
        desk.write(payments.withdraw, desk.house, self.waits, "official:h1")
        batch = desk.send()
        line = desk.debit(self.paid)
        told = messages.Told(desk.payment(self.paid).end_to_end_id, "ACSC")
        self.old = {
            "report.xml": messages.pain002("R", batch.message_id, [told], desk.now()),
            "booked.xml": messages.camt054("N", made.FUND.number, [line], desk.now()),
        }
        stated = ("S", made.FUND.number, 1, desk.today(), BEGAN, 850_000, [line], desk.now())
        self.old["state.xml"] = messages.camt053(*stated)
        for name, content in self.old.items():
            assert desk.receive(content, name) == "applied"
        self.next = desk.pay(3)
        self.batch = desk.seal()
        desk.release(self.batch)
        self.files: dict[str, bytes] = {}

    def goes_on(self, desk: Desk, files: dict[str, bytes] | None = None) -> dict[str, Any]:
        """What happens after the backup: the outbox is sent, the bank answers, two days are sealed."""
        assert dispatch.run(desk.house) == 1
        sent = (desk.house.settings.bank_folder / CODE / "in" / self.batch.file_name).read_bytes()
        if files is None:
            files = self.files
            line = desk.debit(self.next)
            told = messages.Told(desk.payment(self.next).end_to_end_id, "ACSC")
            files["report2.xml"] = messages.pain002("R2", self.batch.message_id, [told], desk.now())
            ghost = desk.credit(self.next, reference="GHOST", end_to_end_id="", returned="", amount_fen=7)
            lines, closing = [line, ghost], 850_000 - 150_000 + 7
            said = ("S2", made.FUND.number, 2, desk.today(), 850_000, closing, lines, desk.now())
            files["state2.xml"] = messages.camt053(*said)
        for name, content in files.items():
            assert desk.receive(content, name) == "applied"
        desk.days(1)
        seals.keep(desk.house)
        with desk.house.db.read() as conn:
            own = payment.c
            states = sorted(map(tuple, conn.execute(sa.select(own.end_to_end_id, own.state, own.said))))
            mirror = desk.house.cash.balance_fen(conn, CODE)
        said = {"sent": sent, "seals": texts(desk), "payments": states, "mirror": mirror}
        return said | {"open": desk.open_breaks()}


def texts(desk: Desk) -> list[str]:
    with desk.house.db.read() as conn:
        found = conn.execute(sa.select(tables.period).order_by(tables.period.c.size)).all()
        assert [seals.recompute(conn, row.day) for row in found] == [seals.sealed(row) for row in found]
    return [row.note.partition("\n\n")[0] for row in found]


def rows(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    with desk.house.db.read() as conn:
        return {
            table.name: sorted(map(tuple, conn.execute(sa.select(table))), key=repr)
            for table in (payment, payment_batch, bank_entry, bank_statement, payments.payment_event)
        }


@pytest.fixture
def story(desk: Desk) -> Story:
    return Story(desk)


@pytest.fixture
def there(story: Story, elsewhere: Settings, clock: FixedClock, tmp_path: Path) -> Iterator[Desk]:
    """The same payers before what the backup brought back, at the time of the backup."""
    backup.restore(elsewhere, backup.make(story.desk.house, tmp_path / "out"))
    restored = open_house(elsewhere, FixedClock(clock.now_ms()), story.desk.house.random)
    desk = copy.copy(story.desk)
    desk.house = restored
    yield desk
    restored.close()


def test_case_55_outbox_and_inbox_again_after_a_restore_give_the_same_bytes_and_seals(
    story: Story, there: Desk
) -> None:
    first = story.goes_on(story.desk)

    again = story.goes_on(there, story.files)

    assert first["open"] == ["unknown-credit"]
    assert again == first
    assert len(first["seals"]) == 1
    assert fsck(there.house, offline=True).finding is None


def test_case_56_old_files_again_in_an_installation_that_moved_change_nothing(
    story: Story, there: Desk
) -> None:
    before, open_before = rows(there), there.read(breaks.listed)
    for again in ("x", "y"):
        for name, content in story.old.items():
            there.receive(content, again + name)
    assert (rows(there), there.read(breaks.listed)) == (before, open_before)
    assert there.state(story.paid) == "settled"
    with there.house.db.read() as conn:
        assert there.house.cash.balance_fen(conn, CODE) == 850_000

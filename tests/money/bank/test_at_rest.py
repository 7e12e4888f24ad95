"""No number of a payee's account, nor whose it is, stands in clear at rest, or in a line of the log."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import schema
from recordsvc.money.bank import payee_accounts, resolving
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.tables import bank_entry
from tests.money.bank import made
from tests.money.bank.desk import CLERK, FIRST, Desk, worker


def card(n: int) -> str:
    """A card number of the range of cards, which checks and is nobody's."""
    bare = f"62000000{n:010d}"
    total = 0
    for place, digit in enumerate(reversed(bare)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return bare + str(-total % 10)


NAMES = ("欧阳芷兰", "买买提·吐尔逊", "示范职业培训学校有限公司")
ACCOUNTS = tuple(Account(card(n), name, made.BANK) for n, name in enumerate(NAMES, 1))


def spelled(text: str) -> list[bytes]:
    """A text as bytes in every encoding that files of the bank's room have."""
    return [text.encode(one) for one in ("utf-8", "gb18030", "utf-16-le")]


WRITTEN = [one for account in ACCOUNTS for text in (account.number, account.name) for one in spelled(text)]


def stored(desk: Desk) -> list[tuple[str, bytes]]:
    """Every value of every table that is text or bytes."""
    found = []
    with desk.house.db.read() as conn:
        for table in schema.load_tables().sorted_tables:
            for row in conn.execute(sa.select(table)).mappings():
                for name, value in row.items():
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    found.append((f"{table.name}.{name}", raw))
    return found


def lived(desk: Desk) -> None:
    """Payees are entered, one is refused by the bank, money goes, comes back, is rejected; files are torn."""
    for n, account in enumerate(ACCOUNTS[:2], 1):
        desk.account(n, account)
    entered = desk.write(
        payee_accounts.enter, desk.house, "institution:91640100MATE5T0173", ACCOUNTS[2], CLERK
    )
    desk.write(payee_accounts.checked, entered, payee_accounts.MISMATCH)
    one, two = desk.pay(1), desk.pay(2)
    batch = desk.send()
    desk.report(batch)
    desk.notify(desk.debit(one), desk.debit(two))
    desk.notify(desk.credit(one))
    # A stranger's transfer with the card's number as its words; and a file nobody can read.
    words = desk.credit(two, reference="WORDS", end_to_end_id=ACCOUNTS[0].number, returned="")
    desk.notify(words)
    assert desk.notify(words) == "applied"
    assert desk.receive(f"<torn>{ACCOUNTS[0].number}".encode(), "X1", whole=False) == "quarantined"
    found = desk.break_of("unknown-credit")
    desk.write(resolving.resolve, desk.house, found.break_id, "explained", "汇款人来电说明", FIRST)


def test_numbers_and_names_of_payees_are_in_no_value_of_any_table(desk: Desk) -> None:
    lived(desk)
    values = stored(desk)
    assert len(values) > 500
    for where, raw in values:
        for secret in WRITTEN:
            assert secret not in raw, where
            assert secret.hex().encode() not in raw, where
    # They are there, sealed: what is opened is what was entered.
    with desk.house.db.read() as conn:
        account = payee_accounts.newest(conn, worker(1))
        assert payee_accounts.opened(desk.house, conn, account.account_id) == ACCOUNTS[0]


def test_they_are_in_no_byte_of_the_database_s_files_either(desk: Desk) -> None:
    lived(desk)
    address = desk.house.db.engine.url
    if address.get_backend_name() != "sqlite":
        with desk.house.db.read() as conn:
            # Of a server's files the tables' values are what can be asked for: the test above did.
            assert conn.scalar(sa.select(sa.func.count()).select_from(bank_entry)) == 4
        return
    place = Path(str(address.database))
    files = [one for one in place.parent.glob(f"{place.name}*") if one.is_file()]
    assert place in files
    for one in files:
        content = one.read_bytes()
        assert not [secret for secret in WRITTEN if secret in content], one


def test_no_line_of_the_log_names_them(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    lived(desk)
    said = "".join(capfd.readouterr())
    assert "bank-file-quarantined" in said
    assert not [text for account in ACCOUNTS for text in (account.number, account.name) if text in said]


def test_words_with_a_number_are_known_again_and_matched_by_nobody(desk: Desk) -> None:
    lived(desk)
    with desk.house.db.read() as conn:
        own = bank_entry.c
        kept = conn.scalar(sa.select(own.end_to_end_id).where(own.reference == "WORDS"))
    assert (kept[:1], len(kept)) == ("~", 35)

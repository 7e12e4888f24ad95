"""Files out and in: what is written is read back by other code, what does not fit is refused whole."""

import dataclasses
import datetime as dt
import itertools
import unicodedata

import pytest
from lxml import etree

from banksim import messages
from recordsvc import dated
from recordsvc.ground import gb18030
from recordsvc.money.bank.formats import checks, iso, xml, yuan
from recordsvc.money.bank.formats.iso import Iso
from recordsvc.money.bank.formats.layouts import Lines
from recordsvc.money.bank.formats.model import (
    Account,
    BatchUnfit,
    Entry,
    FileUnfit,
    ItemStatus,
    Notification,
    Statement,
    Status,
)
from recordsvc.money.bank.formats.profile import Profile
from tests.money.bank import made

NOW = dt.datetime(2026, 11, 30, 10, tzinfo=dt.UTC)
DAY = made.DAY
PROFILES = ("sample-delimited", "sample-fixed")


def adapters() -> list[Iso | Profile]:
    return [Iso(), *(Profile(code, DAY) for code in PROFILES)]


def faults(batch: object, adapter: Iso | Profile) -> list[tuple[str, str]]:
    with pytest.raises(BatchUnfit) as refused:
        adapter.write(batch)
    return list(refused.value.faults)


# -- out


def test_a_pain001_is_valid_and_read_by_another_program_as_it_was_meant() -> None:
    batch = made.batch(
        made.order(1, 1), made.order(2, 10**15 // 4), made.order(3, payee=made.payee(3, "艾·𬱖㛃"))
    )
    asked = messages.read(Iso().write(batch).content)
    assert (asked.message_id, asked.count, asked.total_fen) == ("B1", 3, batch.total_fen)
    assert [(one.end_to_end_id, one.amount_fen, one.number, one.name, one.bank) for one in asked.items] == [
        (one.end_to_end_id, one.amount_fen, one.payee.number, one.payee.name, one.payee.bank)
        for one in batch.orders
    ]
    assert (asked.execution_on, asked.payer) == (DAY, made.FUND.number)


@pytest.mark.parametrize("adapter", adapters(), ids=["iso", *PROFILES])
def test_case_28_a_batch_is_the_same_bytes_each_time(adapter: Iso | Profile) -> None:
    batch = made.batch(*(made.order(n) for n in range(20)))
    assert adapter.write(batch) == adapter.write(batch)


def test_a_pain008_is_valid_and_names_each_mandate() -> None:
    content = iso.pain008(made.collections(made.collection(1), made.collection(2)))
    root = etree.fromstring(content)
    assert xml.schema(iso.COLLECT).validate(root)
    assert [node.text for node in root.iter("{*}MndtId")] == ["M1", "M2"]
    assert next(root.iter("{*}CtrlSum")).text == "1800.00"


def test_collections_need_a_mandate_signed_before() -> None:
    later = made.collection(1, signed_on=DAY + dt.timedelta(days=1))
    with pytest.raises(BatchUnfit, match="mandate-later"):
        iso.pain008(made.collections(later))
    with pytest.raises(BatchUnfit, match="mandate orders/0"):
        iso.pain008(made.collections(made.collection(1, mandate_id="")))


# -- case 38: what the schema lets pass


def test_case_38_the_schema_alone_lets_wrong_totals_and_thousandths_pass() -> None:
    good = Iso().write(made.batch(made.order(1))).content
    wrong = good.replace(b"<NbOfTxs>1<", b"<NbOfTxs>7<").replace(b"1500.00<", b"1500.001<")
    assert xml.schema(iso.PAY).validate(etree.fromstring(wrong))


@pytest.mark.parametrize("adapter", adapters(), ids=["iso", *PROFILES])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"orders": ()}, "count"),
        ({"orders": tuple(made.order(n) for n in range(1_001))}, "count"),
        ({"orders": (made.order(1), made.order(1))}, "double"),
        ({"orders": (made.order(1, 0),)}, "amount"),
        ({"orders": (made.order(1, -5),)}, "amount"),
        ({"orders": (made.order(1, 10**15 + 1),)}, "amount"),
        ({"orders": (made.order(1, 1000.001),)}, "amount"),
        ({"orders": (made.order(1, True),)}, "amount"),
        ({"orders": (made.order(1, end_to_end_id="E" * 36),)}, "end-to-end-id"),
        ({"orders": (made.order(1, purpose=""),)}, "purpose"),
        ({"orders": (made.order(1, purpose="补贴\n二"),)}, "purpose"),
        ({"orders": (made.order(1, payee=Account("12AB", "马", made.BANK)),)}, "account"),
        ({"orders": (made.order(1, payee=Account(made.card(1), "", made.BANK)),)}, "name"),
        ({"orders": (made.order(1, payee=Account(made.card(1), "马\ue000", made.BANK)),)}, "name"),
        ({"orders": (made.order(1, payee=Account(made.card(1), "马" * 71, made.BANK)),)}, "name"),
        ({"orders": (made.order(1, payee=Account(made.card(1), "马", "12345678901")),)}, "bank"),
        ({"payer": Account("1", "户", made.BANK)}, "account"),
        ({"message_id": "B 1"}, "message-id"),
        ({"execution_on": dt.date(2026, 11, 29)}, "not-a-working-day"),
        ({"execution_on": dt.date(2026, 10, 1)}, "not-a-working-day"),
        ({"execution_on": dt.date(2031, 3, 3)}, "calendar-missing"),
    ],
)
def test_case_38_a_batch_that_is_not_sound_is_refused_before_it_is_written(
    adapter: Iso | Profile, change: dict[str, object], code: str
) -> None:
    batch = dataclasses.replace(made.batch(made.order(1)), **change)
    assert code in {found for found, _where in faults(batch, adapter)}


def test_case_38_all_faults_are_told_at_once() -> None:
    batch = made.batch(made.order(1, 0), made.order(2, purpose=""), message_id="?")
    assert faults(batch, Iso()) == [("message-id", ""), ("amount", "orders/0"), ("purpose", "orders/1")]


def test_case_38_a_refusal_repeats_no_name_and_no_number() -> None:
    account = Account("12AB34", "马\ue000晓", made.BANK)
    told = str(faults(made.batch(made.order(1, payee=account)), Iso()))
    assert "12AB34" not in told
    assert "马" not in told
    assert "12AB34" not in repr(account)


# -- banks' own files


def fixed(kind: str) -> Lines:
    return Lines.of(dated.rule("bank_profiles", "sample-fixed", DAY.isoformat()), kind)


def test_case_37_widths_are_bytes_and_a_text_is_padded_never_cut() -> None:
    batch = made.batch(made.order(1, payee=made.payee(1, "马𬱖")), made.order(2))
    lines = Profile("sample-fixed", DAY).write(batch).content.split(b"\r\n")
    assert lines.pop() == b""
    assert {len(line) for line in lines[1:]} == {1 + 6 + 35 + 32 + 60 + 12 + 15 + 60}
    assert lines[1][74:134] == "马𬱖".encode("gb18030") + b" " * (60 - 6)


@pytest.mark.parametrize(
    ("name", "fits"), [("马" * 30, True), ("马" * 31, False), ("𬱖" * 15, True), ("𬱖" * 16, False)]
)
def test_case_37_a_name_longer_than_its_field_is_refused(name: str, fits: bool) -> None:
    batch = made.batch(made.order(1, payee=made.payee(1, name)))
    if fits:
        assert Profile("sample-fixed", DAY).write(batch).content
    else:
        assert faults(batch, Profile("sample-fixed", DAY)) == [("too-long", "orders/0/payee_name")]


def test_a_separator_within_a_value_is_refused() -> None:
    batch = made.batch(made.order(1, purpose="补贴|二"))
    assert faults(batch, Profile("sample-delimited", DAY)) == [("separator", "orders/0/purpose")]


def test_a_character_whose_second_byte_is_the_separator_is_no_separator() -> None:
    """7C is `|` and the second byte of some characters."""
    name = next(chr(n) for n in range(0x4E00, 0x9FA5) if chr(n).encode("gb18030")[1:] == b"|")
    row = {"reference": "R1", "side": "D", "amount": 1, "booked_on": DAY, "end_to_end_id": name, "code": ""}
    profile = dated.rule("bank_profiles", "sample-delimited", DAY.isoformat())
    lines = Lines.of(profile, "statement")
    assert lines.read(lines.write(HEAD, [row]))[1] == [row]


HEAD = {
    "statement_id": "S1",
    "account": made.FUND.number,
    "sequence": 4,
    "on": DAY,
    "opening": 500_000,
    "closing": 350_000,
    "count": 1,
}
ROW = {"reference": "R1", "side": "D", "amount": 150_000, "booked_on": DAY, "end_to_end_id": "E1", "code": ""}


@pytest.mark.parametrize("code", PROFILES)
def test_a_statement_file_is_read(code: str) -> None:
    lines = Lines.of(dated.rule("bank_profiles", code, DAY.isoformat()), "statement")
    (found,) = Profile(code, DAY).read("DZ_1.txt", lines.write(HEAD, [ROW]))
    entry = Entry("R1", False, 150_000, DAY, "E1")
    assert found == Statement("S1", made.FUND.number, 4, DAY, 500_000, 350_000, (entry,))
    assert found.adds_up


@pytest.mark.parametrize("code", PROFILES)
def test_reports_and_returns_are_read_with_their_reasons(code: str) -> None:
    profile = dated.rule("bank_profiles", code, DAY.isoformat())
    report = Lines.of(profile, "report").write(
        {"report_id": "P1", "message_id": "B1", "count": 2, "total": 3},
        [
            {"end_to_end_id": "E1", "amount": 1, "code": "0000"},
            {"end_to_end_id": "E2", "amount": 2, "code": "1003"},
        ],
    )
    (found,) = Profile(code, DAY).read("HP_1.txt", report)
    assert found.items == (ItemStatus("E1", Status.ACSC, "", 1), ItemStatus("E2", Status.RJCT, "AC04", 2))
    returned = Lines.of(profile, "return").write(
        {"notification_id": "N1", "account": made.FUND.number, "count": 1, "total": 9},
        [{"reference": "R9", "end_to_end_id": "E1", "amount": 9, "booked_on": DAY, "code": "1004"}],
    )
    (found,) = Profile(code, DAY).read("TP_1.txt", returned)
    assert found == Notification("N1", made.FUND.number, (Entry("R9", True, 9, DAY, "E1", "AC06"),))


def damaged(content: bytes) -> dict[str, bytes]:
    return {
        "torn": content[: len(content) // 2],
        "torn at the end": content[:-1],
        "a mark of byte order": b"\xef\xbb\xbf" + content,
        "other line ends": content.replace(b"\r\n", b"\n"),
        "a line missing": content.split(b"\r\n")[0] + b"\r\n",
        "a line twice": content + content.split(b"\r\n")[1] + b"\r\n",
        "another encoding": content.replace(b"E1", b"\xc2\x30"),
        "a letter in an amount": content.replace(
            b"150000" if b"150000" in content else b"1500.00", b"15O0.00"
        ),
        "nothing": b"",
    }


@pytest.mark.parametrize("code", PROFILES)
@pytest.mark.parametrize("damage", damaged(b"H\r\nD\r\n"))
def test_case_29_a_damaged_file_is_refused_whole(code: str, damage: str) -> None:
    profile = dated.rule("bank_profiles", code, DAY.isoformat())
    content = Lines.of(profile, "statement").write(HEAD, [ROW])
    with pytest.raises(FileUnfit):
        Profile(code, DAY).read("DZ_1.txt", damaged(content)[damage])


def test_case_29_a_file_of_no_known_name_is_refused() -> None:
    with pytest.raises(FileUnfit, match="message-unknown"):
        Profile(PROFILES[0], DAY).read("XX_1.txt", b"H\r\n")


def test_a_total_of_the_header_that_is_not_the_sum_is_refused() -> None:
    profile = dated.rule("bank_profiles", "sample-delimited", DAY.isoformat())
    items = [{"end_to_end_id": "E1", "amount": 1, "code": "0000"}]
    for total in (0, 2):
        head = {"report_id": "P1", "message_id": "B1", "count": 1, "total": total}
        with pytest.raises(FileUnfit, match="total"):
            Profile("sample-delimited", DAY).read("HP_1.txt", Lines.of(profile, "report").write(head, items))


# -- ISO messages in


def test_a_pain002_is_read() -> None:
    told = [messages.Told("E1", "ACSC"), messages.Told("E2", "RJCT", "AC04")]
    content = messages.pain002("P1", "B1", told, NOW, group="PART", count=2)
    (report,) = Iso().read("x", content)
    assert (report.report_id, report.message_id, report.status, report.count) == ("P1", "B1", None, 2)
    assert report.items == (ItemStatus("E1", Status.ACSC), ItemStatus("E2", Status.RJCT, "AC04"))


LINES = (
    messages.Line("R1", False, 150_000, DAY, "E1"),
    messages.Line("R2", True, 150_000, DAY, "E1", "AC04"),
)


def test_a_camt053_is_read() -> None:
    content = messages.camt053("S1", made.FUND.number, 7, DAY, -5, -5, LINES, NOW)
    (found,) = Iso().read("x", content)
    assert (found.sequence, found.on, found.opening_fen, found.closing_fen) == (7, DAY, -5, -5)
    assert found.entries == (
        Entry("R1", False, 150_000, DAY, "E1"),
        Entry("R2", True, 150_000, DAY, "E1", "AC04"),
    )
    assert found.adds_up
    assert not dataclasses.replace(found, closing_fen=-4).adds_up


def test_a_camt054_is_read() -> None:
    (found,) = Iso().read("x", messages.camt054("N1", made.FUND.number, LINES, NOW))
    assert found == Notification(
        "N1",
        made.FUND.number,
        (Entry("R1", False, 150_000, DAY, "E1"), Entry("R2", True, 150_000, DAY, "E1", "AC04")),
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content[: len(content) // 2], "not-xml"),
        (lambda content: b"\xef\xbb\xbf" + content, "byte-order-mark"),
        (lambda content: content.decode().encode("utf-16"), "byte-order-mark"),
        (lambda content: content.replace(b"R1", "马".encode("gb18030")), "not-utf-8"),
        (lambda content: content.replace(b'encoding="UTF-8"', b'encoding="GBK"'), "not-utf-8"),
        (
            lambda content: content.replace(b"<Document", b"<!DOCTYPE Document [<!ENTITY a 'b'>]><Document"),
            "document-type",
        ),
        (lambda content: content.replace(b"camt.054.001.11", b"camt.054.001.02"), "message-unknown"),
        (lambda content: content.replace(b"<Amt", b"<Amnt").replace(b"</Amt", b"</Amnt"), "schema"),
        (lambda content: content.replace(b"CNY", b"USD"), "currency"),
        (lambda content: content.replace(b"1500.00", b"1500.001"), "amount"),
        (lambda content: content.replace(b"<AcctSvcrRef>R1</AcctSvcrRef>", b""), "missing"),
        (lambda content: b"", "not-xml"),
    ],
)
def test_case_29_a_damaged_message_is_refused_with_its_reason(change: object, reason: str) -> None:
    content = messages.camt054("N1", made.FUND.number, LINES, NOW)
    with pytest.raises(FileUnfit) as refused:
        Iso().read("x", change(content))
    assert refused.value.reason == reason


@pytest.mark.parametrize("payment", [0, 1])
def test_an_entry_that_sums_up_several_payments_is_refused(payment: int) -> None:
    content = messages.camt054("N1", made.FUND.number, LINES, NOW)
    detail = b"<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs></TxDtls>"
    with pytest.raises(FileUnfit, match="entry-of-several"):
        Iso().read("x", content.replace(detail, detail * 2))


# -- amounts


@pytest.mark.parametrize(
    ("fen", "text"),
    [(1, "0.01"), (100, "1.00"), (123450, "1234.50"), (10**15, "10000000000000.00"), (-5, "-0.05")],
)
def test_case_39_amounts_are_written_and_read_by_integers(fen: int, text: str) -> None:
    assert (yuan.text(fen), yuan.fen(text)) == (text, fen)


@pytest.mark.parametrize(
    "text", ["1.001", "1,00", "01.00", "1e3", " 1", "+1", "", ".5", "1.", "١", "10000000000000.01", "NaN"]
)
def test_case_39_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        yuan.fen(text)


def test_case_39_a_thousand_fen_are_ten_yuan() -> None:
    batch = made.batch(*(made.order(n, 1) for n in range(1_000)))
    assert messages.read(Iso().write(batch).content).total_fen == 1_000


def test_what_is_written_row_by_row_reads_back_as_the_library_would_have_written_it() -> None:
    """Names hold what a file must escape; the bytes are those of the library's own writer."""
    who = made.payee(1, "马<&>\"'晓")
    order = dataclasses.replace(made.order(1, payee=who), purpose="补贴 & 生活费")
    content = iso.pain001(made.batch(order))

    root = etree.fromstring(content)

    assert etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n" == content
    texts = [one.text for one in root.iter("{*}Nm", "{*}Ustrd")]
    assert texts[-2:] == [who.name, order.purpose]


def test_every_character_is_judged_alike_the_short_way_and_the_long_way() -> None:
    """A text that is printable is taken at once: no character is judged otherwise by what it costs."""
    ranges = (range(0x3000), range(0xD7F0, 0xE000), range(0xE800, 0xE900), range(0xF8F0, 0x10000))
    for point in (*itertools.chain(*ranges), 0x10FFFF):
        text = f"马{chr(point)}晓"
        seen = unicodedata.category(chr(point)) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        try:
            gb18030.encode(text)
        except gb18030.Unwritable:
            seen = False
        batch = made.batch(made.order(1, payee=made.payee(1, text)))
        try:
            checks.assert_sound(batch, 1)
            said: tuple[tuple[str, str], ...] = ()
        except BatchUnfit as unfit:
            said = unfit.faults
        assert said == (() if seen else (("name", "orders/0"),)), hex(point)

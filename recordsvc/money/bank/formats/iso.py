"""The reference adapter: pain.001 and pain.008 out, pain.002, camt.053 and camt.054 in (ISO 20022)."""

from collections.abc import Iterable
from typing import Final

from recordsvc.money.bank.formats import checks, xml, yuan
from recordsvc.money.bank.formats.model import (
    CURRENCY,
    Account,
    Batch,
    BatchUnfit,
    Collection,
    CollectionBatch,
    Entry,
    FileUnfit,
    ItemStatus,
    Message,
    Notification,
    Order,
    OutFile,
    Statement,
    Status,
    StatusReport,
)
from recordsvc.money.bank.formats.xml import Element

PAY: Final = "pain.001.001.09"
COLLECT: Final = "pain.008.001.08"
REPORT: Final = "pain.002.001.12"
STATEMENT: Final = "camt.053.001.11"
NOTIFICATION: Final = "camt.054.001.11"
_SIDES: Final = {"CRDT": True, "DBIT": False}


class Iso:
    """Reads and writes the messages of `schemas/iso20022/`."""

    def __init__(self, most: int = 1_000) -> None:
        """Take at most so many payments a batch."""
        self.most = most

    def write(self, batch: Batch) -> OutFile:
        """Return a pain.001 of a batch. Raises `BatchUnfit`."""
        checks.assert_sound(batch, self.most)
        return OutFile(f"{batch.message_id}.pain001.xml", pain001(batch))

    def collect(self, batch: CollectionBatch) -> OutFile:
        """Return a pain.008 of a batch of collections. Raises `BatchUnfit`."""
        return OutFile(f"{batch.message_id}.pain008.xml", pain008(batch, self.most))

    def read(self, _name: str, content: bytes) -> tuple[Message, ...]:
        """Return what a pain.002, camt.053 or camt.054 says. Raises `FileUnfit`."""
        message, root = xml.read(content, REPORT, STATEMENT, NOTIFICATION)
        if message == REPORT:
            return (_report(root),)
        if message == STATEMENT:
            return tuple(_statement(one) for one in xml.children(root, "Stmt"))
        return tuple(_notification(one) for one in xml.children(root, "Ntfctn"))


# -- out


def pain001(batch: Batch) -> bytes:
    """Return a batch as pain.001.001.09 (批量代付), valid by schema. Raises `BatchUnfit`."""
    document, root = xml.document(PAY, "CstmrCdtTrfInitn")
    _header(root, batch)
    block = _block(root, batch, "TRF")
    xml.put(block, "ReqdExctnDt/Dt", batch.execution_on.isoformat())
    xml.put_party(block, "Dbtr", batch.payer)
    xml.put_account(block, "DbtrAcct", batch.payer, currency=True)
    xml.put_bank(block, "DbtrAgt", batch.payer.bank)
    return _finished(document, PAY, map(_order, batch.orders))


def pain008(batch: CollectionBatch, most: int = 1_000) -> bytes:
    """Return collections as pain.008.001.08 (批量代收), valid by schema. Raises `BatchUnfit`."""
    checks.assert_collectable(batch, most)
    document, root = xml.document(COLLECT, "CstmrDrctDbtInitn")
    _header(root, batch)
    block = _block(root, batch, "DD")
    xml.put(block, "PmtTpInf/SeqTp", "RCUR")
    xml.put(block, "ReqdColltnDt", batch.collect_on.isoformat())
    xml.put_party(block, "Cdtr", batch.creditor)
    xml.put_account(block, "CdtrAcct", batch.creditor, currency=True)
    xml.put_bank(block, "CdtrAgt", batch.creditor.bank)
    xml.put(block, "CdtrSchmeId/Id/OrgId/Othr/Id", batch.creditor_id)
    return _finished(document, COLLECT, map(_collection, batch.orders))


def _header(root: Element, batch: Batch | CollectionBatch) -> None:
    header = xml.put(root, "GrpHdr")
    xml.put(header, "MsgId", batch.message_id)
    xml.put(header, "CreDtTm", xml.instant(batch.made_ms))
    xml.put(header, "NbOfTxs", str(len(batch.orders)))
    xml.put(header, "CtrlSum", yuan.text(batch.total_fen))
    ours = batch.payer if isinstance(batch, Batch) else batch.creditor
    xml.put(header, "InitgPty/Nm", ours.name)


def _block(root: Element, batch: Batch | CollectionBatch, method: str) -> Element:
    block = xml.put(root, "PmtInf")
    xml.put(block, "PmtInfId", batch.message_id)
    xml.put(block, "PmtMtd", method)
    # Each payment is booked by itself: a sum in one line could not be compared payment by payment.
    xml.put(block, "BtchBookg", "false")
    xml.put(block, "NbOfTxs", str(len(batch.orders)))
    xml.put(block, "CtrlSum", yuan.text(batch.total_fen))
    return block


def _order(order: Order) -> str:
    payee, identity = order.payee, xml.escaped(order.end_to_end_id)
    return (
        f"<CdtTrfTxInf>{_identity(identity)}"
        f'<Amt><InstdAmt Ccy="{CURRENCY}">{yuan.text(order.amount_fen)}</InstdAmt></Amt>'
        f"{_parties('Cdtr', payee)}<RmtInf><Ustrd>{xml.escaped(order.purpose)}</Ustrd></RmtInf></CdtTrfTxInf>"
    )


def _collection(order: Collection) -> str:
    identity, mandate = xml.escaped(order.end_to_end_id), xml.escaped(order.mandate_id)
    return (
        f"<DrctDbtTxInf>{_identity(identity)}"
        f'<InstdAmt Ccy="{CURRENCY}">{yuan.text(order.amount_fen)}</InstdAmt>'
        f"<DrctDbtTx><MndtRltdInf><MndtId>{mandate}</MndtId><DtOfSgntr>{order.signed_on.isoformat()}</DtOfSgntr>"
        f"</MndtRltdInf></DrctDbtTx>{_parties('Dbtr', order.debtor)}"
        f"<RmtInf><Ustrd>{xml.escaped(order.purpose)}</Ustrd></RmtInf></DrctDbtTxInf>"
    )


def _identity(identity: str) -> str:
    return f"<PmtId><InstrId>{identity}</InstrId><EndToEndId>{identity}</EndToEndId></PmtId>"


def _parties(role: str, account: Account) -> str:
    """Return the bank of an account, whose it is, and its number."""
    bank, name, number = map(xml.escaped, (account.bank, account.name, account.number))
    return (
        f"<{role}Agt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>{bank}</MmbId>"
        f"</ClrSysMmbId></FinInstnId></{role}Agt><{role}><Nm>{name}</Nm></{role}>"
        f"<{role}Acct><Id><Othr><Id>{number}</Id></Othr></Id></{role}Acct>"
    )


def _finished(document: Element, message: str, rows: Iterable[str]) -> bytes:
    try:
        return xml.finished(document, message, rows)
    except ValueError as error:
        raise BatchUnfit([("schema", str(error))]) from None


# -- in


def _report(root: Element) -> StatusReport:
    group = next(xml.children(root, "OrgnlGrpInfAndSts"))
    whole, count = xml.said(group, "GrpSts", ""), xml.said(group, "OrgnlNbOfTxs", "")
    items = [
        _item(one)
        for block in xml.children(root, "OrgnlPmtInfAndSts")
        for one in xml.children(block, "TxInfAndSts")
    ]
    return StatusReport(
        report_id=xml.said(root, "GrpHdr/MsgId"),
        message_id=xml.said(group, "OrgnlMsgId"),
        items=tuple(items),
        status=_status(whole) if whole and whole != "PART" else None,
        count=int(count) if count else None,
    )


def _item(one: Element) -> ItemStatus:
    told = xml.child(one, "OrgnlTxRef/Amt/InstdAmt")
    return ItemStatus(
        end_to_end_id=xml.said(one, "OrgnlEndToEndId"),
        status=_status(xml.said(one, "TxSts")),
        reason=xml.said(one, "StsRsnInf/Rsn/Cd", xml.said(one, "StsRsnInf/Rsn/Prtry", "")),
        amount_fen=None if told is None else xml.amount(one, "OrgnlTxRef/Amt/InstdAmt"),
    )


def _status(code: str) -> Status:
    try:
        return Status(code)
    except ValueError:
        raise FileUnfit("status-unknown") from None


def _statement(one: Element) -> Statement:
    balances = {
        xml.said(balance, "Tp/CdOrPrtry/Cd", ""): _signed(balance) for balance in xml.children(one, "Bal")
    }
    if "OPBD" not in balances or "CLBD" not in balances:
        raise FileUnfit("balance-missing")
    return Statement(
        statement_id=xml.said(one, "Id"),
        account=_account(one),
        sequence=_sequence(one),
        on=_closing_day(one),
        opening_fen=balances["OPBD"],
        closing_fen=balances["CLBD"],
        entries=_entries(one),
    )


def _sequence(one: Element) -> int:
    written = xml.said(one, "ElctrncSeqNb")
    if not written.isdigit():
        raise FileUnfit("sequence")
    return int(written)


def _closing_day(one: Element) -> Element:
    for balance in xml.children(one, "Bal"):
        if xml.said(balance, "Tp/CdOrPrtry/Cd", "") == "CLBD":
            return xml.day(balance, "Dt")
    raise FileUnfit("balance-missing")


def _signed(balance: Element) -> int:
    fen = xml.amount(balance, "Amt")
    return fen if _SIDES[xml.said(balance, "CdtDbtInd")] else -fen


def _notification(one: Element) -> Notification:
    return Notification(xml.said(one, "Id"), _account(one), _entries(one))


def _account(one: Element) -> str:
    return xml.said(one, "Acct/Id/Othr/Id")


def _entries(one: Element) -> tuple[Entry, ...]:
    return tuple(_entry(line) for line in xml.children(one, "Ntry") if xml.said(line, "Sts/Cd", "") == "BOOK")


def _entry(line: Element) -> Entry:
    details = list(xml.children(line, "NtryDtls/TxDtls"))
    if len(details) > 1:
        raise FileUnfit("entry-of-several", f"line {line.sourceline}")
    detail = details[0] if details else None
    returned = None if detail is None else xml.child(detail, "RtrInf")
    return Entry(
        reference=xml.said(line, "AcctSvcrRef"),
        credit=_SIDES[xml.said(line, "CdtDbtInd")],
        amount_fen=xml.amount(line, "Amt"),
        booked_on=xml.day(line, "BookgDt"),
        end_to_end_id="" if detail is None else xml.said(detail, "Refs/EndToEndId", ""),
        returned="" if returned is None else xml.said(returned, "Rsn/Cd", "NARR"),
    )

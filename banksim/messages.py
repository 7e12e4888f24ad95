"""Messages of ISO 20022 as this bank knows them: pain.001, pain.008 in; pain.002, camt.053, camt.054 out."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

_URN: Final = "urn:iso:std:iso:20022:tech:xsd:"
PAY: Final = "pain.001.001.09"
COLLECT: Final = "pain.008.001.08"
BEIJING: Final = dt.timezone(dt.timedelta(hours=8))


class Unreadable(Exception):
    """A file that this bank does not take; the text is a short code."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One payment somebody asks for."""

    end_to_end_id: str
    amount_fen: int
    number: str
    name: str
    bank: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A file of payments that somebody asks for; `collect`: of amounts to be taken from others' accounts."""

    message_id: str
    execution_on: dt.date
    payer: str
    count: int
    total_fen: int
    items: tuple[Wanted, ...]
    collect: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What this bank says of one payment."""

    end_to_end_id: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One booked line of the payer's account."""

    reference: str
    credit: bool
    amount_fen: int
    booked_on: dt.date
    end_to_end_id: str
    returned: str = ""


@cache
def schema(message: str) -> Any:
    """Return the compiled schema of a message. Raises `FileNotFoundError` where the schemas are not."""
    here = Path(__file__).resolve().parent
    for folder in (here / "_schemas", here.parent / "schemas" / "iso20022"):
        path = folder / f"{message}.xsd"
        if path.is_file():
            return etree.XMLSchema(etree.parse(path))
    raise FileNotFoundError(message)


def read(content: bytes) -> Asked:
    """Return what a pain.001 or pain.008 asks for. Raises `Unreadable`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise Unreadable("not-xml") from None
    collect = etree.QName(root).namespace == _URN + COLLECT
    if not schema(COLLECT if collect else PAY).validate(root):
        raise Unreadable("schema")
    names = {"p": _URN + (COLLECT if collect else PAY)}

    def text(node: Any, path: str) -> str:
        return str(node.findtext("/".join(f"p:{step}" for step in path.split("/")), "", names))

    body = root[0]
    block = body.find("p:PmtInf", names)
    other, ours, amount, day = (
        ("Dbtr", "Cdtr", "InstdAmt", "ReqdColltnDt")
        if collect
        else ("Cdtr", "Dbtr", "Amt/InstdAmt", "ReqdExctnDt/Dt")
    )
    items = tuple(
        Wanted(
            text(one, "PmtId/EndToEndId"),
            fen(text(one, amount)),
            text(one, f"{other}Acct/Id/Othr/Id"),
            text(one, f"{other}/Nm"),
            text(one, f"{other}Agt/FinInstnId/ClrSysMmbId/MmbId"),
        )
        for one in block.findall("p:DrctDbtTxInf" if collect else "p:CdtTrfTxInf", names)
    )
    return Asked(
        message_id=text(body, "GrpHdr/MsgId"),
        execution_on=dt.date.fromisoformat(text(block, day)),
        payer=text(block, f"{ours}Acct/Id/Othr/Id"),
        count=int(text(body, "GrpHdr/NbOfTxs")),
        total_fen=fen(text(body, "GrpHdr/CtrlSum")),
        items=items,
        collect=collect,
    )


def fen(yuan: str) -> int:
    """Return yuan as fen. Raises `Unreadable`."""
    whole, _, part = yuan.partition(".")
    if not whole.isdigit() or len(part) > 2 or (part and not part.isdigit()):
        raise Unreadable("amount")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def yuan(fen_: int) -> str:
    """Return fen as yuan, without a sign."""
    return f"{abs(fen_) // 100}.{abs(fen_) % 100:02d}"


def pain002(
    report_id: str,
    message_id: str,
    told: Iterable[Told],
    now: dt.datetime,
    *,
    group: str = "",
    count: int | None = None,
    group_reason: str = "",
    about: str = PAY,
) -> bytes:
    """Return a status report on a batch: of all of it (`group`), of its items, or both."""
    items = "".join(
        f"<TxInfAndSts><StsId>{escape(report_id)[:30]}-{n}</StsId>"
        f"<OrgnlEndToEndId>{escape(one.end_to_end_id)}</OrgnlEndToEndId><TxSts>{one.status}</TxSts>"
        f"{_reason(one.reason)}</TxInfAndSts>"
        for n, one in enumerate(told, 1)
    )
    block = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(message_id)}</OrgnlPmtInfId>{items}</OrgnlPmtInfAndSts>"
        if items
        else ""
    )
    seen = "" if count is None else f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>"
    whole = f"<GrpSts>{group}</GrpSts>" if group else ""
    return _made(
        "pain.002.001.12",
        f"<CstmrPmtStsRpt><GrpHdr><MsgId>{escape(report_id)}</MsgId><CreDtTm>{_when(now)}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(message_id)}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{about}</OrgnlMsgNmId>{seen}{whole}{_reason(group_reason)}"
        f"</OrgnlGrpInfAndSts>{block}</CstmrPmtStsRpt>",
    )


def camt054(notification_id: str, account: str, lines: Iterable[Line], now: dt.datetime) -> bytes:
    """Return a notification of booked lines."""
    return _made(
        "camt.054.001.11",
        f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{escape(notification_id)}</MsgId>"
        f"<CreDtTm>{_when(now)}</CreDtTm></GrpHdr><Ntfctn><Id>{escape(notification_id)}</Id>"
        f"{_account(account)}{''.join(map(_line, lines))}</Ntfctn></BkToCstmrDbtCdtNtfctn>",
    )


def camt053(
    statement_id: str,
    account: str,
    sequence: int,
    on: dt.date,
    opening: int,
    closing: int,
    lines: Iterable[Line],
    now: dt.datetime,
) -> bytes:
    """Return a day's statement."""
    return _made(
        "camt.053.001.11",
        f"<BkToCstmrStmt><GrpHdr><MsgId>{escape(statement_id)}</MsgId><CreDtTm>{_when(now)}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{escape(statement_id)}</Id><ElctrncSeqNb>{sequence}</ElctrncSeqNb>{_account(account)}"
        f"{_balance('OPBD', opening, on)}{_balance('CLBD', closing, on)}{''.join(map(_line, lines))}"
        "</Stmt></BkToCstmrStmt>",
    )


def _line(one: Line) -> str:
    returned = f"<RtrInf>{'<Rsn><Cd>' + one.returned + '</Cd></Rsn>'}</RtrInf>" if one.returned else ""
    refs = f"<EndToEndId>{escape(one.end_to_end_id)}</EndToEndId>" if one.end_to_end_id else ""
    return (
        f'<Ntry><NtryRef>{escape(one.reference)}</NtryRef><Amt Ccy="CNY">{yuan(one.amount_fen)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if one.credit else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{one.booked_on}</Dt></BookgDt><AcctSvcrRef>{escape(one.reference)}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>{'RTRN' if one.returned else 'PMNT'}</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs>{refs}</Refs>{returned}</TxDtls></NtryDtls></Ntry>"
    )


def _balance(code: str, fen_: int, on: dt.date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{yuan(fen_)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if fen_ >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _account(number: str) -> str:
    return f"<Acct><Id><Othr><Id>{escape(number)}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"


def _reason(code: str) -> str:
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""


def _when(now: dt.datetime) -> str:
    return now.astimezone(BEIJING).isoformat(timespec="seconds")


def _made(message: str, body: str) -> bytes:
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_URN}{message}">{body}</Document>\n'
    made = content.encode()
    checked = schema(message)
    if not checked.validate(etree.fromstring(made)):
        raise ValueError(f"{message}: {checked.error_log[0].message}")
    return made

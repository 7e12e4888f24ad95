"""Banks' own files by profile (银行文件格式配置): 代付, 回盘, 退票 and 对账文件 in GB 18030.

There is no national form of these files: each bank has its own, so a profile is a row of the dated table
`bank_profiles`. A file is taken whole or not at all; its lines must be as many, and sum to as much, as its
header says.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from recordsvc import dated
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank.formats import checks
from recordsvc.money.bank.formats.layouts import Lines, Value
from recordsvc.money.bank.formats.model import (
    Batch,
    BatchUnfit,
    CollectionBatch,
    Entry,
    FileUnfit,
    ItemStatus,
    Message,
    Notification,
    OutFile,
    Statement,
    Status,
    StatusReport,
)

TABLE: Final = "bank_profiles"
_SIDES: Final = {"C": True, "D": False}


class Profile:
    """Reads and writes the files of one bank as its profile was on a day."""

    def __init__(self, code: str, on: dt.date) -> None:
        """Take the profile in force on a Beijing date. Raises `NoRuleInForce`."""
        self._said: Mapping[str, Any] = dated.rule(TABLE, code, on.isoformat())
        self.most: int = self._said["most"]

    def write(self, batch: Batch) -> OutFile:
        """Return the 代付 file of a batch. Raises `BatchUnfit`."""
        checks.assert_sound(batch, self.most)
        header: dict[str, Value] = {
            "message_id": batch.message_id,
            "made_on": beijing_date(batch.made_ms),
            "execution_on": batch.execution_on,
            "count": len(batch.orders),
            "total": batch.total_fen,
            "payer_number": batch.payer.number,
            "payer_name": batch.payer.name,
            "payer_bank": batch.payer.bank,
        }
        items: list[dict[str, Value]] = [
            {
                "n": n,
                "end_to_end_id": order.end_to_end_id,
                "payee_number": order.payee.number,
                "payee_name": order.payee.name,
                "payee_bank": order.payee.bank,
                "amount": order.amount_fen,
                "purpose": order.purpose,
            }
            for n, order in enumerate(batch.orders, 1)
        ]
        name = self._said["files"]["payment"]["name"].format(message_id=batch.message_id)
        return OutFile(name, Lines.of(self._said, "payment").write(header, items))

    def collect(self, batch: CollectionBatch) -> OutFile:
        """Return the 代扣 file of a batch of collections. Raises `BatchUnfit`."""
        if "collection" not in self._said["files"]:
            raise BatchUnfit([("no-collections", "")])
        checks.assert_collectable(batch, self.most)
        header: dict[str, Value] = {
            "message_id": batch.message_id,
            "made_on": beijing_date(batch.made_ms),
            "collect_on": batch.collect_on,
            "count": len(batch.orders),
            "total": batch.total_fen,
            "creditor_number": batch.creditor.number,
            "creditor_name": batch.creditor.name,
            "creditor_bank": batch.creditor.bank,
            "creditor_id": batch.creditor_id,
        }
        items: list[dict[str, Value]] = [
            {
                "n": n,
                "end_to_end_id": order.end_to_end_id,
                "debtor_number": order.debtor.number,
                "debtor_name": order.debtor.name,
                "debtor_bank": order.debtor.bank,
                "mandate": order.mandate_id,
                "signed_on": order.signed_on,
                "amount": order.amount_fen,
                "purpose": order.purpose,
            }
            for n, order in enumerate(batch.orders, 1)
        ]
        name = self._said["files"]["collection"]["name"].format(message_id=batch.message_id)
        return OutFile(name, Lines.of(self._said, "collection").write(header, items))

    def read(self, name: str, content: bytes) -> tuple[Message, ...]:
        """Return what a 回盘, 退票 or 对账 file says; its name tells which it is. Raises `FileUnfit`."""
        for kind, made in self._readers().items():
            if fnmatchcase(name, self._said["files"][kind]["name"]):
                header, lines = Lines.of(self._said, kind).read(content)
                if header["count"] != len(lines):
                    raise FileUnfit("count", f"{len(lines)} lines")
                if "total" in header and header["total"] != sum(line["amount"] for line in lines):
                    raise FileUnfit("total")
                return (made(header, lines),)
        raise FileUnfit("message-unknown")

    def _readers(self) -> dict[str, Callable[[Any, Any], Message]]:
        return {"report": self._report, "return": self._returned, "statement": self._statement}

    def _report(self, header: dict[str, Any], lines: list[dict[str, Any]]) -> StatusReport:
        items = []
        for line in lines:
            status, reason = self._code(line["code"])
            items.append(ItemStatus(line["end_to_end_id"], status, reason, line["amount"]))
        return StatusReport(
            report_id=header["report_id"],
            message_id=header["message_id"],
            items=tuple(items),
            count=header["count"],
        )

    def _code(self, code: str) -> tuple[Status, str]:
        found = self._said["statuses"].get(code)
        if found is None:
            raise FileUnfit("status-unknown")
        return Status(found["status"]), found["reason"]

    def _returned(self, header: dict[str, Any], lines: list[dict[str, Any]]) -> Notification:
        entries = [_entry(line | {"side": "C"}, self._reason(line["code"])) for line in lines]
        return Notification(header["notification_id"], header["account"], tuple(entries))

    def _reason(self, code: str) -> str:
        return str(self._code(code)[1]) if code else ""

    def _statement(self, header: dict[str, Any], lines: list[dict[str, Any]]) -> Statement:
        return Statement(
            statement_id=header["statement_id"],
            account=header["account"],
            sequence=header["sequence"],
            on=header["on"],
            opening_fen=header["opening"],
            closing_fen=header["closing"],
            entries=tuple(_entry(line, self._reason(line["code"])) for line in lines),
        )


def _entry(line: dict[str, Any], returned: str) -> Entry:
    if line["side"] not in _SIDES:
        raise FileUnfit("side")
    return Entry(
        reference=line["reference"],
        credit=_SIDES[line["side"]],
        amount_fen=line["amount"],
        booked_on=line["booked_on"],
        end_to_end_id=line["end_to_end_id"],
        returned=returned,
    )

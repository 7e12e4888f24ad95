"""What a claim does not tell while a record is restricted (封存): what its decision took from that record.

The decision stays stored as it was made, a voucher among others; only whoever has a legal hold reads more.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.tables import ciphertext, entry, restricted_entry
from recordsvc.money.claims.facts import ARCHIVE
from recordsvc.money.claims.values import Claim
from recordsvc.people import merges

SEALED_ZH: Final = "所依据的记录已限制处理（封存）：审核认定的内容不显示；解除后自动恢复，未办结的重新审核"
PAUSED_ZH: Final = "所依据的记录已限制处理，暂停审核"
WITHHELD_ZH: Final = "（已封存）"
"""Stands for words that somebody typed: they may repeat what the record says."""
_PLACE: Final = re.compile(rf"{ARCHIVE}第 (\d+) 条")


def among(conn: Connection, claims: Sequence[Claim]) -> frozenset[bytes]:
    """Return the ids of those claims whose record is restricted."""
    records = set(_rows(conn, claims, ciphertext, ciphertext.c.record_id))
    return frozenset(one.claim_id for one in claims if uuid.UUID(one.certificate).bytes in records)


def some(conn: Connection, one: Claim) -> bool:
    """Tell whether any record of a claim's person is restricted."""
    return bool(_rows(conn, [one], entry, entry.c.idx))


def rests(conn: Connection, one: Claim, facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether one of these facts was taken from an entry that is sealed, of whichever record."""
    found = places(facts)
    return bool(found) and not found.isdisjoint(_rows(conn, [one], entry, entry.c.idx))


def places(facts: Mapping[str, Mapping[str, Any]]) -> frozenset[int]:
    """Return the log positions that facts were taken from."""
    return frozenset(int(idx) for fact in facts.values() for idx in _PLACE.findall(str(fact["source"])))


def _rows(
    conn: Connection, claims: Sequence[Claim], table: sa.Table, column: sa.ColumnElement[Any]
) -> list[Any]:
    """Return a column of the sealed entries of these claims' workers."""
    workers = sorted(merges.together(conn, {one.worker_id for one in claims})) if claims else []
    own = restricted_entry.c
    same = sa.and_(table.c.worker_id == own.worker_id, table.c.seq == own.seq)
    query = sa.select(column).select_from(restricted_entry.join(table, same))
    return list(conn.scalars(query.where(own.worker_id.in_(workers))))

"""The register of institutions: what is missing in it is named, the newest fact too."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.bodies.tables import institution_fact
from recordsvc.fsck import UNPROTECTED, fsck
from recordsvc.ground.database import Database
from recordsvc.house import House
from tests.archive.support import Centre
from tests.conftest import Addresses
from tests.faults.owner import owning
from tests.faults.test_tampering import OneConnection

own = institution_fact.c
DOCUMENTED = Path(__file__).parents[2] / "docs" / "fsck.md"


CHANGES: dict[str, Callable[[], sa.Delete]] = {
    "the newest": lambda: institution_fact.delete().where(own.n == 3),
    "one before it": lambda: institution_fact.delete().where(own.n == 2),
    "an institution": lambda: institution_fact.delete().where(own.value == "第2培训学校"),
    "all": institution_fact.delete,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_missing_fact_is_named(
    house: House, addresses: Addresses, request: pytest.FixtureRequest, change: Callable[[], sa.Delete]
) -> None:
    first, _second = Centre(house, 1, register=False), Centre(house, 2, register=False)
    told = (FactKind.CLOSED, "2026-01-01", "停办", "公告", "official:1")
    house.db.write(lambda turn: institutions.state(turn, first.uscc, *told))
    report = fsck(house, offline=True)
    assert (report.finding, report.counts["institution facts"]) == (None, 7)

    address = addresses.owner
    if house.db.dialect == "postgresql":
        address = request.getfixturevalue("postgresql").url(sa.make_url(address).database)
    owner = Database(address, pool_size=1)
    try:
        with owning(owner) as conn:
            conn.execute(change())
            seen: Any = OneConnection(conn, owner.dialect)
            found = fsck(dataclasses.replace(house, db=seen), offline=True).finding
    finally:
        owner.close()
    assert found is not None
    assert "institution_fact" in found.where


def test_what_nothing_repeats_is_documented() -> None:
    """Each table of which a change goes unnoticed stands in the page, too."""
    page = DOCUMENTED.read_text("utf-8").partition("## What nothing repeats")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    assert [
        table for table, _column, _why in UNPROTECTED if not any(f"`{table}`" in row for row in rows)
    ] == []

"""Institutions: dated facts, what they amount to on a day, and the doors of the register."""

import pytest
import sqlalchemy as sa

from recordsvc.bodies import institutions
from recordsvc.bodies.errors import FactRefused, InstitutionKnown, InstitutionUnknown
from recordsvc.bodies.institutions import Entry, FactKind, Institution, Institutions
from recordsvc.bodies.tables import institution_fact
from recordsvc.ground.database import Database

USCC = "91640100MATE5T0173"


def entry(**changes: str | None) -> Entry:
    fields = {
        "uscc": USCC,
        "name": "某职业培训学校",
        "kind": "training-institution",
        "valid_from": "2020-03-01",
        "valid_to": "2023-02-28",
        "source": "办学许可证",
    }
    return Entry(**(fields | changes))


def enter(database: Database, **changes: str | None) -> Institution:
    return database.write(lambda turn: institutions.enter(turn, entry(**changes), "official:ann"))


def state(database: Database, fact: str, on: str, value: str) -> Institution:
    return database.write(
        lambda turn: institutions.state(turn, USCC, FactKind(fact), on, value, "通知", "official:ann")
    )


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2020-02-29", False), ("2020-03-01", True), ("2023-02-28", True), ("2023-03-01", False)],
)
def test_an_institution_is_in_force_from_first_to_last_day(database: Database, day: str, holds: bool):
    assert enter(database).in_force(day) is holds


def test_a_licence_without_end_has_none(database: Database):
    assert enter(database, valid_to=None).in_force("2999-12-31")


def test_a_renewed_licence_goes_on_and_leaves_the_gap(database: Database):
    enter(database)
    found = state(database, "licence", "2023-04-01", "2026-03-31")
    assert [found.in_force(day) for day in ("2023-02-28", "2023-03-15", "2023-04-01")] == [True, False, True]
    assert found.periods() == (("2020-03-01", "2023-02-28"), ("2023-04-01", "2026-03-31"))


def test_a_licence_stated_wrongly_is_put_right_for_the_same_day(database: Database):
    enter(database, valid_to="2032-02-28")
    found = state(database, "licence", "2020-03-01", "2023-02-28")
    assert not found.in_force("2024-01-01")


def test_a_closure_ends_what_was_licensed_before_it(database: Database):
    enter(database, valid_to=None)
    found = state(database, "closed", "2022-07-01", "自愿停办")
    assert [found.in_force(day) for day in ("2022-06-30", "2022-07-01", "2025-01-01")] == [True, False, False]
    assert (found.closed_on("2022-06-30"), found.closed_on("2022-07-01")) == (None, "2022-07-01")


def test_a_licence_after_a_closure_opens_again(database: Database):
    enter(database, valid_to=None)
    state(database, "closed", "2022-07-01", "停办整改")
    found = state(database, "licence", "2022-10-01", "")
    assert [found.in_force(day) for day in ("2022-06-30", "2022-08-01", "2022-10-01")] == [True, False, True]
    assert found.closed_on("2022-11-01") is None


def test_a_name_holds_from_its_day(database: Database):
    enter(database)
    state(database, "name", "2021-01-01", "新名称")
    found = state(database, "kind", "2021-06-01", "assessment-organisation")
    assert [found.name_on(day) for day in ("2019-01-01", "2020-12-31", "2021-01-01")] == [
        "某职业培训学校", "某职业培训学校", "新名称"
    ]  # fmt: skip
    assert (found.kind_on("2021-05-31"), found.kind_on("2021-06-01")) == (
        "training-institution", "assessment-organisation"
    )  # fmt: skip


def test_every_fact_stands_with_its_source(database: Database):
    found = enter(database)
    assert [(fact.n, fact.fact, fact.value) for fact in found.facts] == [
        (0, "name", "某职业培训学校"),
        (1, "kind", "training-institution"),
        (2, "licence", "2023-02-28"),
    ]
    assert {(fact.source, fact.stated_by) for fact in found.facts} == {("办学许可证", "official:ann")}


@pytest.mark.parametrize(
    "change", [sa.delete(institution_fact), sa.update(institution_fact).values(value="x")]
)
def test_a_fact_is_never_changed_or_removed(database: Database, change):
    enter(database)
    with pytest.raises(sa.exc.DBAPIError):
        database.write(lambda turn: turn.conn.execute(change))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"uscc": "91640100MATE5T0174"}, "/uscc"),
        ({"uscc": "nonsense"}, "/uscc"),
        ({"kind": "palace"}, "/value"),
        ({"name": " "}, "/value"),
        ({"valid_from": "2020-02-30"}, "/on"),
        ({"valid_from": "20200301"}, "/on"),
        ({"valid_from": "2020-W10-1"}, "/on"),
        ({"valid_to": "2020-02-29"}, "/value"),
        ({"valid_to": "soon"}, "/value"),
    ],
)
def test_an_impossible_entry_is_refused_whole(database: Database, changes: dict, pointer: str):
    with pytest.raises(FactRefused) as caught:
        enter(database, **changes)
    assert caught.value.errors[0]["pointer"] == pointer
    assert Institutions(database).all() == {}


def test_an_institution_is_entered_once(database: Database):
    enter(database)
    with pytest.raises(InstitutionKnown):
        enter(database)


def test_a_fact_needs_a_known_institution(database: Database):
    with pytest.raises(InstitutionUnknown):
        state(database, "closed", "2022-07-01", "")


def test_the_register_is_never_older_than_the_database(database: Database):
    register, other = Institutions(database), Institutions(database)
    assert register.find(USCC) is None
    enter(database)
    first = register.find(USCC)
    assert first is not None
    assert register.find(USCC) is first
    state(database, "closed", "2022-07-01", "")
    for each in (register, other):
        found = each.find(USCC)
        assert found is not None
        assert not found.in_force("2022-07-01")


def test_a_writer_sees_the_register_of_its_turn(database: Database):
    register = Institutions(database)
    register.all()

    def act(turn) -> Institution | None:
        institutions.enter(turn, entry(), "official:ann")
        return register.find(USCC, turn.conn)

    assert database.write(act) is not None

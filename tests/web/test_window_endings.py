"""What ends a service while it runs: the archive is merged or closed by two, the card is lost. Real acts."""

import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access.grants import Kind
from recordsvc.access.tables import service, session
from recordsvc.archive import closing
from recordsvc.archive.closing import Death
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.archive.test_merging import decided, merge, unmerge
from tests.web.conftest import Visitor
from tests.web.region import Region, person
from tests.web.test_helpers import (
    enter,
    helper_worker,
    helping,
    kin,
    me,
    named,
    path_of,
    relations,
)
from tests.web.test_window import (
    CARD,
    again,
    clerk,
    counter,
    dialect,
    done,
    holds,
    looks,
    window,
    worker_id,
)

__all__ = [
    "clerk",
    "counter",
    "dialect",
    "enter",
    "helper_worker",
    "helping",
    "kin",
    "me",
    "window",
    "worker_id",
]


@pytest.fixture
def third(region: Region, ids: dict[str, str]) -> bytes:
    """An archive that turns out to be the worker's, too."""
    other = person("王三", 30)
    region.course(other, "2025-11-20", 30)
    return region.worker_id(other)


def close(house: House, worker_id: bytes) -> None:
    decided(
        house,
        lambda turn: closing.propose_closure(
            turn,
            house,
            worker_id,
            Death("death", "2025-06-01", "居民死亡医学证明", ["a3" * 32]),
            "official:first",
        ),
    )


def over(house: House) -> bool:
    """Tell whether no service runs: neither a session of one, nor the row."""
    with house.db.read() as conn:
        carried = conn.scalars(sa.select(session.c.desk).where(session.c.desk.is_not(None))).all()
        ends = conn.scalars(sa.select(service.c.ends_ms)).all()
    return not carried and max(ends) <= house.clock.now_ms()


@pytest.mark.parametrize("what", ["merged", "closed"])
def test_a_service_at_the_window_ends_when_two_officials_change_the_archive(
    third: bytes,
    window: Visitor,
    house: House,
    worker_id: bytes,
    ids: dict[str, str],
    clock: FixedClock,
    what: str,
) -> None:
    assert window.get("/me").status_code == 200
    clock.advance(1_000)
    if what == "merged":
        merge(house, worker_id, third)
    else:
        close(house, worker_id)
    before = len(looks(house, worker_id))

    assert window.get("/me").status_code == 403
    assert window.post(f"/me/records/{ids['fresh']}/confirm", seen="0").status_code == 403
    assert again(window).actor.kind is Kind.OFFICIAL, "the clerk's own session goes on"
    assert window.get("/desk").status_code == 200
    assert over(house)
    assert len(looks(house, worker_id)) == before


def test_after_a_merge_the_next_service_is_for_the_archive_that_is_read(
    third: bytes, clerk: Visitor, counter: dict[str, str], house: House, worker_id: bytes
) -> None:
    merge(house, worker_id, third)
    assert clerk.post("/window", **counter).location == "/me"
    assert again(clerk).actor.worker_id == third

    unmerge(house, worker_id)

    assert clerk.get("/me").status_code == 403
    assert over(house)
    assert again(clerk).post("/window", **counter).location == "/me"
    assert again(clerk).actor.worker_id == worker_id


@pytest.mark.parametrize("side", ["worker", "helper"])
@pytest.mark.parametrize("what", ["merged", "closed"])
def test_a_helpers_service_ends_when_two_officials_change_either_archive(  # noqa: PLR0917 - fixtures
    third: bytes,
    helping: Visitor,
    house: House,
    worker_id: bytes,
    helper_worker: bytes,
    worker: dict[str, Any],
    clock: FixedClock,
    side: str,
    what: str,
) -> None:
    assert helping.get("/me").status_code == 200
    clock.advance(1_000)
    whose = worker_id if side == "worker" else helper_worker
    if what == "merged":
        merge(house, whose, third)
    else:
        close(house, whose)
    before = len(looks(house, worker_id))

    assert worker["name"] not in helping.get("/me").text
    assert over(house)
    assert len(looks(house, worker_id)) == before
    (one,) = relations(house, worker_id)
    assert one.runs(house.clock.now_ms()) is (what == "merged"), "a merge leaves who helps whom as it was"


def test_a_helper_begins_anew_for_the_archive_that_is_read_since_the_merge(
    third: bytes,
    me: Visitor,
    kin: Visitor,
    enter: Callable[[bytes], Visitor],
    house: House,
    worker_id: bytes,
    helper_worker: bytes,
    clock: FixedClock,
) -> None:
    assert kin.post("/me/for/accept", code=named(me)).location == "/me/for"
    clock.advance(1_000)
    merge(house, worker_id, third)
    (one,) = relations(house, worker_id)
    assert kin.post("/me/for", helper_id=path_of(one)).location == "/me"
    assert again(kin).actor.worker_id == third

    unmerge(house, worker_id)

    assert again(kin).actor.worker_id == helper_worker
    (one,) = relations(house, worker_id)
    assert one.runs(house.clock.now_ms()), "who was named before the merge"


@pytest.mark.parametrize("event", ["lost-oral", "lost-written", "cancelled", "void"])
def test_a_service_ends_when_the_card_is_lost_while_it_runs(
    window: Visitor, house: House, worker: dict[str, Any], worker_id: bytes, clock: FixedClock, event: str
) -> None:
    assert window.get("/me").status_code == 200
    clock.advance(1_000)
    holds(house, worker, CARD, (event, "2022-06-01", ""))
    before = len(looks(house, worker_id))

    assert window.get("/me").status_code == 403
    assert over(house)
    assert len(looks(house, worker_id)) == before
    assert again(window).actor.kind is Kind.OFFICIAL


def test_what_happens_to_a_card_that_was_no_good_before_ends_no_service(
    clerk: Visitor, counter: dict[str, str], house: House, worker: dict[str, Any], clock: FixedClock
) -> None:
    old = synthetic.card_number(31)
    holds(house, worker, old, ("lost-written", "2021-05-01", ""))
    clock.advance(1_000)
    assert clerk.post("/window", **counter).location == "/me"
    clock.advance(1_000)
    holds(house, worker, old, ("cancelled", "2021-06-01", ""))
    holds(house, worker, CARD, ("bank-activated", "2021-06-01", ""))

    assert clerk.get("/me").status_code == 200


def test_nobody_signs_in_to_a_closed_archive_and_no_window_opens_for_it(
    app: flask.Flask,
    clerk: Visitor,
    counter: dict[str, str],
    house: House,
    worker_id: bytes,
) -> None:
    close(house, worker_id)
    before = looks(house, worker_id)

    refused = Visitor(app).post("/login/demo", csrf=False, kind="worker")
    at_window = clerk.post("/window", **counter)
    elsewhere = clerk.post("/window", **(counter | {"card": synthetic.card_number(77)}))

    assert (refused.status_code, "已经关闭" in refused.text) == (401, True)
    assert at_window.status_code == elsewhere.status_code == 404
    assert looks(house, worker_id) == before
    assert done(house)[0][1] == "window.refused"
    with house.db.read() as conn:
        whose = session.c.actor_id == str(uuid.UUID(bytes=worker_id))
        assert conn.execute(sa.select(session).where(whose)).all() == []

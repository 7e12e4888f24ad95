"""The desk closes an archive again that is sealed since a restore: offered, filed beside it, decided."""

import io
import re
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.archive import awaiting, closing, replaying
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive.paperfiles import pdf
from tests.archive.test_after_death import close, reopen
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import Region
from tests.web.test_desk_acts import WHY, address, hidden, state

ON = "2025-09-01"


@pytest.fixture
def sealed(region: Region, house: House, ids: dict[str, str], worker: dict[str, Any]) -> bytes:
    """An archive that is sealed as a restore seals what was closed since the backup."""
    assert ids
    worker_id = region.worker_id(worker)
    close(house, worker_id)
    reopen(house, worker_id)
    own = two_person.proposal.c
    with house.db.read() as conn:
        query = sa.select(own.id).where(own.kind == closing.CLOSE)
        proposal = two_person.read(conn, bytes(conn.scalars(query).one()), house.clock.now_ms())
    assert house.db.write(lambda turn: replaying.await_closing(turn, house, proposal, worker_id, "恢复"))
    return worker_id


def form(official: Visitor, worker_id: bytes, act: str) -> dict[str, str]:
    look = official.post(address(worker_id), **WHY).location.partition("?")[2]
    answer = official.get(f"{address(worker_id)}/{act}?{look}")
    assert answer.status_code == 200, answer.text
    return {name: hidden(answer.text, name) for name in ("look", "once")}


def test_the_archive_says_what_it_waits_for_and_the_act_is_done_from_it(
    app: flask.Flask, house: House, sealed: bytes
) -> None:
    handler, reviewer = Visitor(app).login("handler"), Visitor(app).login("reviewer")
    look = handler.post(address(sealed), **WHY).location.partition("?")[2]
    page = handler.get(f"{address(sealed)}?{look}").text
    assert "待重新办理关闭" in page
    assert f"{address(sealed)}/close?" in page
    said = form(handler, sealed, "close")
    typed = {"ground": "death", "on": ON, "text": "医学死亡证明"}
    bare = handler.post(f"{address(sealed)}/close", **said, **typed)
    assert (bare.status_code, "须有至少一份" in bare.text) == (422, True)
    files = {"file": (io.BytesIO(pdf()), "x.pdf"), "paper_kind": "death-certificate", "paper_title": ""}
    data = {**said, **typed, **files, "csrf_token": handler.csrf}
    filed = handler.client.post(f"{address(sealed)}/papers/close", data=data, headers=BROWSER)
    assert filed.status_code == 200, filed.text
    paper = re.search(r'value="([0-9a-f-]{36})" selected', filed.text)
    assert paper is not None, filed.text
    proposed = handler.post(f"{address(sealed)}/close", **said, **typed, papers=paper[1])
    assert proposed.status_code == 303, proposed.text
    # Whoever decides sees the day and opens the paper, though the archive is sealed.
    assert "2025年9月1日" in reviewer.get(proposed.location).text
    done = reviewer.post(f"{proposed.location}/decide", word="approve", reason="核对无误")
    assert done.status_code == 303, done.text
    assert state(house, sealed) == standing.CLOSED


def test_it_is_lifted_on_no_other_ground_than_that_the_closing_was_unfounded(
    app: flask.Flask, house: House, sealed: bytes
) -> None:
    handler = Visitor(app).login("data-officer")
    said = form(handler, sealed, "unrestrict")
    typed = {"text": "经查"}
    refused = handler.post(f"{address(sealed)}/unrestrict", **said, **typed, ground="request-withdrawn")
    assert (refused.status_code, "请先重新办理关闭" in refused.text) == (409, True), refused.text
    taken = handler.post(f"{address(sealed)}/unrestrict", **said, **typed, ground=awaiting.UNFOUNDED)
    assert taken.status_code == 303, taken.text
    assert state(house, sealed) == standing.RESTRICTED


def test_of_an_archive_that_awaits_no_closing_neither_is_done(
    app: flask.Flask, region: Region, house: House, ids: dict[str, str], worker: dict[str, Any]
) -> None:
    assert ids
    own = region.worker_id(worker)
    officer = Visitor(app).login("data-officer")
    house.db.write(lambda turn: standing.change(turn, own, standing.OPEN, standing.RESTRICTED))
    said = form(officer, own, "unrestrict")
    refused = officer.post(f"{address(own)}/unrestrict", **said, text="经查", ground=awaiting.UNFOUNDED)
    assert (refused.status_code, "只用于恢复备份后" in refused.text) == (422, True), refused.text
    page = officer.get(f"{address(own)}?look={said['look']}").text
    assert "待重新办理关闭" not in page
    assert f"{address(own)}/close?" not in page
    assert str(uuid.UUID(bytes=own)) in page

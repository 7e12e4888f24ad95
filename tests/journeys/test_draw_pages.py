"""A draw by its pages alone: officials at the desk, inspectors, and what everybody sees."""

import datetime as dt
import io
import os
import re
from pathlib import Path
from typing import Any

from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.oversight import draws
from recordsvc.web.draw_views import STATES
from recordsvc.web.render import HTML
from tests.archive.paperfiles import pdf
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_draws import at, schools
from tests.money.claims.world import World
from tests.oversight.conftest import VALUE
from tests.web.test_pages import sound

__all__ = ["schools"]

TYPED = {
    "area": "64",
    "source": "ssq",
    "issue": "2025117",
    "event_on": "2025-10-12",
    "opens_on": "",
    "percent": "",
    "inspectors": "",
}
SUMMARY = "教室面积与备案不符，已责令改正"


class Pages:
    """Pages as officials and everybody open them."""

    def __init__(self, journey: Journey) -> None:
        self._journey, self._seen = journey, 0

    def get(self, account: str, path: str, status: int = 200) -> str:
        client = self._journey.browser(account)[0] if account else self._journey.app.test_client()
        answer = client.get(path, base_url=HOST, headers={"Accept": HTML})
        return self._kept(account, path, answer, status)

    def post(self, account: str, path: str, status: int, **fields: Any) -> Any:
        client, token = self._journey.browser(account)
        answer = client.post(
            path,
            data={"csrf_token": token, **fields},
            base_url=HOST,
            headers={"Accept": HTML, "Origin": HOST},
        )
        text = self._kept(account, path, answer, status)
        return answer.location if status == 303 else text

    def _kept(self, account: str, path: str, answer: Any, status: int) -> str:
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        text: str = answer.text
        if status in (200, 409, 422):
            sound(answer)
        if (folder := os.environ.get("KEEP_PAGES")) and status != 303:
            self._seen += 1
            name = f"{self._seen:02d}-{account or 'anyone'}-{path.strip('/').replace('/', '_')[:40]}.html"
            (Path(folder) / name).write_text(text, "utf-8")
        return text


def test_a_draw_by_its_pages(journey: Journey, schools: list[str], clock: FixedClock) -> None:
    pages = Pages(journey)
    assert "还没有抽查" in pages.get("", "/draws")
    assert "/desk/draws/new" in pages.get("inspector", "/desk/draws")
    assert "/desk/draws/new" not in pages.get("auditor", "/desk/draws")
    pages.get("auditor", "/desk/draws/new", 403)
    pages.get("registrar", "/desk/draws", 403)

    wrong = pages.post("inspector", "/desk/draws/new", 422, **TYPED | {"percent": "halb", "area": "abc"})
    assert "抽取比例（%）：请填一个整数" in wrong
    assert "区划代码：区划代码应为" in wrong
    assert 'value="2025117"' in wrong
    early = pages.post("inspector", "/desk/draws/new", 422, **TYPED | {"event_on": "2020-01-02"})
    assert "aria-invalid" in early

    place = pages.post("inspector", "/desk/draws/new", 303, **TYPED)
    again = pages.post("inspector", "/desk/draws/new", 409, **TYPED)
    assert "已按这一期公共事件承诺过一次抽查" in again
    assert 'action="' + place not in pages.get("inspector-2", place)
    public = place.removeprefix("/desk")
    assert "现在公开的是它的承诺" in pages.get("", public)
    pages.post("inspector-2", f"{place}/reveal", 409, value=VALUE)

    at(clock, "2025-10-12T22:00")
    for account in ("inspector", "inspector-2", "reviewer", "registrar", "auditor"):
        journey.sign_out(account)
    assert f"{place}/reveal" not in pages.get("inspector", place)
    assert f"{place}/reveal" not in pages.get("auditor", place)
    assert f"{place}/reveal" in pages.get("inspector-2", place)
    typo = pages.post("inspector-2", f"{place}/reveal", 422, value="07 03 12 18 25 31+09")
    assert "开奖结果：" in typo
    assert 'value="07 03 12 18 25 31+09"' in typo
    assert pages.post("inspector-2", f"{place}/reveal", 303, value=VALUE) == place
    assert pages.post("reviewer", f"{place}/assign", 303) == place

    (task,) = re.findall(rf'href="({place}/objects/[0-9A-Z]+)"', pages.get("inspector", "/desk/inspections"))
    pages.get("reviewer", task, 403)
    empty = pages.post("inspector", f"{task}/report", 422, result="", summary="")
    assert "检查结果：" in empty
    nothing = pages.post(
        "inspector", f"{task}/papers", 422, result="mended", summary=SUMMARY, file=(io.BytesIO(b""), "")
    )
    assert "请选择一个文件" in nothing
    assert SUMMARY in nothing
    kinds = re.search(r'name="paper_kind">.*?<option value="([a-z-]+)"', nothing)
    assert kinds is not None
    filed = pages.post(
        "inspector",
        f"{task}/papers",
        200,
        result="mended",
        summary=SUMMARY,
        paper_kind=kinds[1],
        file=(io.BytesIO(pdf()), "x.pdf"),
    )
    chosen = re.search(r'<option value="([0-9a-f-]{36})" selected', filed)
    assert chosen is not None
    assert SUMMARY in filed
    pages.post("inspector", f"{task}/report", 303, result="mended", summary=SUMMARY, papers=chosen[1])
    mine = pages.get("inspector", task)
    assert "确认这份报告" not in mine
    assert f'<option value="{chosen[1]}" selected' in mine
    seen = pages.get("inspector-2", task)
    stamp = re.search(r'name="reported_ms" value="(\d+)"', seen)
    assert stamp is not None
    assert "材料 1 份" in seen
    pages.post("inspector-2", f"{task}/confirm", 422, reported_ms="x")
    pages.post("inspector-2", f"{task}/confirm", 409, reported_ms="1")
    pages.post("inspector-2", f"{task}/confirm", 303, reported_ms=stamp[1])
    assert SUMMARY not in pages.get("", public)
    assert pages.post("reviewer", f"{place}/publish", 303) == place

    shown = pages.get("", public)
    assert SUMMARY in shown
    assert "发现问题，已责令改正" in shown
    assert "demo-inspector" not in shown
    assert public in pages.get("", "/draws")
    pages.get("", "/draws/0190163d-8694-739b-aea5-000000000001", 404)


def test_a_draw_that_nobody_revealed_stands_there_as_failed(
    journey: Journey, schools: list[str], clock: FixedClock
) -> None:
    pages = Pages(journey)
    place = pages.post("inspector", "/desk/draws/new", 303, **TYPED)
    at(clock, "2025-12-01T09:00")

    assert "失败：逾期未揭示" in pages.get("", place.removeprefix("/desk"))
    assert "失败 1 次" in pages.get("", "/draws")


def test_a_paid_claim_by_the_pages_of_a_draw(journey: Journey, schools: list[str], clock: FixedClock) -> None:
    """Who inspects it opens the claim with the draw as the case of the look; papers have no place there."""
    world = World(journey.house)
    worker_id, record_id = world.certified(1)
    world.moves(worker_id, "640104")
    world.bring(world.file(worker_id, record_id), "PAID")
    pages, event = Pages(journey), beijing_date(clock.now_ms())
    while event.weekday() not in (1, 3, 6):
        event += dt.timedelta(days=1)
    at(clock, f"{event}T09:00")
    form = pages.get("inspector", "/desk/draws/new")
    assert '<option value="institution" selected' in form
    assert "已拨付补贴" in form
    typed = TYPED | {"subject": "claim", "event_on": event.isoformat(), "issue": f"{event:%Y}118"}
    place = pages.post("inspector", "/desk/draws/new", 303, **typed)
    at(clock, f"{event}T22:00")
    for account in ("inspector", "inspector-2", "reviewer"):
        journey.sign_out(account)
    pages.post("inspector-2", f"{place}/reveal", 303, value=VALUE)
    pages.post("reviewer", f"{place}/assign", 303)

    (task,) = re.findall(rf'href="({place}/objects/[0-9a-f-]+)"', pages.get("inspector", "/desk/inspections"))
    shown = pages.get("inspector", task)
    assert "材料不随此对象收存" in shown
    assert 'name="papers"' not in shown
    claim_id = task.rpartition("/")[2]
    assert f'href="/desk/claims/{claim_id}"' in shown
    draw_id = place.rpartition("/")[2]
    look = {"purpose": "inspection", "case_ref": draw_id}
    seen = pages.post("inspector", f"/desk/claims/{claim_id}", 303, **look)
    assert "技能提升补贴" in pages.get("inspector", seen)
    pages.post("inspector", f"{task}/report", 303, result="nothing-found", summary="材料齐全")
    assert "技能提升补贴" in pages.get("", place.removeprefix("/desk"))


def test_every_state_has_its_word() -> None:
    constraint = next(one for one in draws.draw.constraints if getattr(one, "name", None) == "ck_draw_state")
    known = set(re.findall(r"'(\w+)'", str(constraint.sqltext)))  # type: ignore[attr-defined]
    assert STATES.keys() == known | {draws.FAILED}

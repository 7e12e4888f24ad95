"""Every page: reached, readable without a script, for the right person only, safe with any text inside."""

import re
from html.parser import HTMLParser
from typing import Any

import flask
import pytest
from werkzeug.test import TestResponse

from recordsvc.access import looked
from recordsvc.access.grants import Actor, Kind, Role
from recordsvc.archive.confirm import contest
from recordsvc.archive.statements import Stater
from recordsvc.ground.problems import Internal
from recordsvc.house import House
from recordsvc.people.resolve import Person
from recordsvc.web import assets, render
from tests.archive.support import shown
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import SCHOOL, Region, person


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def sound(answer: TestResponse) -> Page:
    """What holds for every page: headers, language, one heading, nothing inline, every field labelled."""
    page = Page(answer.text)
    policy = answer.headers["Content-Security-Policy"]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    labelled = {attributes.get("for") for attributes in page.all("label")}

    assert answer.headers.getlist("Content-Security-Policy") == [policy]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert page.all("html")[0]["lang"] == "zh-CN"
    assert len(page.all("h1")) == 1
    assert page.all("title") != []
    # The one of passkeys, or the one of certificates: never both, never another.
    allowed = [[{"src": assets.address(name), "defer": None}] for name in ("passkey.js", "check.js")]
    assert page.all("script") in (allowed if "script-src 'self'" in policy else [[]])
    assert page.all("style") == []
    assert [name for _, attributes in page.tags for name in attributes if name.startswith("on")] == []
    assert [1 for _, attributes in page.tags if "style" in attributes] == []
    assert len(ids) == len(set(ids))
    for field in page.all("input") + page.all("textarea"):
        assert field.get("type") in ("hidden", "radio") or field["id"] in labelled
    for link in page.all("a"):
        assert re.match(r"/|#", str(link["href"])), link
    return page


PUBLIC = ("/", "/activate", "/check", "/login", "/verify")
OWN = (
    "/account/passkey",
    "/account/password",
    "/account/pin",
    "/login/again",
    "/me",
    "/me/bundle",
    "/me/disputes",
    "/me/looked",
    "/me/papers",
    "/me/sessions",
)
SCRIPTED = {"/account/passkey", "/activate", "/check", "/login", "/login/again"}
"""The only pages that may run a script: those that talk to an authenticator, or take a code off a slip or a
certificate."""


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_is_sound(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 200
    sound(answer)
    assert "演示环境" in answer.text


@pytest.mark.parametrize("path", [*PUBLIC, *OWN])
def test_a_worker_finds_every_page_sound(me: Visitor, path: str) -> None:
    answer = me.get(path)

    assert answer.status_code == 200
    sound(answer)


def test_every_link_of_the_pages_leads_somewhere(me: Visitor) -> None:
    seen, left = set(), ["/"]
    while left:
        path = left.pop().partition("#")[0]
        if not path or path in seen:
            continue
        seen.add(path)
        answer = me.get(path)
        assert answer.status_code in (200, 303), path
        if answer.mimetype == "text/html":
            assert ("script-src" in answer.headers["Content-Security-Policy"]) == (path in SCRIPTED), path
            left += [str(link["href"]) for link in sound(answer).all("a")]

    assert len(seen) > 30


def test_the_front_page_shows_the_newest_checkpoint(me: Visitor, house: House) -> None:
    with house.db.read() as conn:
        newest = house.log.newest(conn)
    text = me.get("/").text

    assert newest.root.hex() in text
    assert f"<dd>{newest.size}</dd>" in text
    assert "2025年9月26日 10:00" in text


# -- who gets in


@pytest.mark.parametrize("path", [*OWN, "/desk"])
def test_a_stranger_is_sent_to_sign_in(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)

    assert (answer.status_code, answer.location) == (303, "/login")


def test_a_program_is_told_and_not_sent(visitor: Visitor) -> None:
    answer = visitor.client.get("/me", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_an_official_has_no_archive_and_learns_so(visitor: Visitor) -> None:
    visitor.login("handler")

    assert "经办人" in visitor.get("/desk").text
    answer = visitor.get("/me")
    assert answer.status_code == 403
    sound(answer)


def test_a_worker_at_the_desk_is_sent_home(me: Visitor) -> None:
    assert me.get("/desk").location == "/me"


def test_signing_out_ends_the_session(me: Visitor) -> None:
    assert me.post("/logout").status_code == 303
    assert me.get("/me").location == "/login"


def test_signing_out_needs_the_sessions_own_page(me: Visitor) -> None:
    answer = me.post("/logout", csrf=False)

    assert answer.status_code == 403
    sound(answer)
    assert me.get("/me").status_code == 200


def test_the_login_page_offers_no_personas_outside_the_demo(app: flask.Flask, visitor: Visitor) -> None:
    answer = app.test_client().get("/login", headers=BROWSER, environ_base={"REMOTE_ADDR": "192.0.2.7"})

    assert "演示身份" not in answer.text
    assert "一次性登录码" in answer.text


def test_a_failed_login_is_told_on_a_page(visitor: Visitor) -> None:
    answer = visitor.post("/login/code", official_id="demo-handler", code="wrong")

    assert answer.status_code == 401
    sound(answer)
    assert "登录未成功" in answer.text


def test_browsers_may_post_forms_of_pages_without_referrer(visitor: Visitor, ids: dict[str, str]) -> None:
    """Under `no-referrer` Chromium and Firefox write `Origin: null` on a page's own form."""
    own = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    foreign = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}

    def login(headers: dict[str, str]) -> int:
        return visitor.client.post("/login/demo", data={"kind": "worker"}, headers=headers).status_code

    assert (login(own), login(foreign), login({"Origin": "null"})) == (303, 403, 403)


# -- the timeline


def cards(text: str) -> dict[str, str]:
    found = re.findall(r'<article class="card[^"]*" id="(r-\d+)".*?</article>', text, re.DOTALL)
    parts = re.findall(r'<article class="card.*?</article>', text, re.DOTALL)
    return dict(zip(found, parts, strict=True))


def card_of(text: str, record_id: str) -> str:
    found = [
        part for part in cards(text).values() if f'/me/records/{record_id}"' in part.partition("</h3>")[0]
    ]
    assert len(found) == 1
    return found[0]


def badges(card: str) -> list[str]:
    return re.findall(r'<li class="badge \w+">([^<]+)</li>', card)


def test_the_timeline_tells_what_became_of_each_record(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, Any]
) -> None:
    owner = region.worker_id(worker)
    contest(
        house,
        owner,
        shown(house, owner, bytes.fromhex(ids["twin"].replace("-", ""))),
        "page",
        Stater("x", "worker", "s"),
        "not-me",
        "不是我",
    )
    text = me.get("/me").text
    states = {name: badges(card_of(text, record_id)) for name, record_id in ids.items()}

    assert states == {
        "first": ["未确认"],
        "certificate": ["有效"],
        "revoked": ["已撤销"],
        "permit": ["有效"],
        "twin": ["有异议"],
        "twin-of": ["未确认", "疑似重复"],
        "corrected": ["未确认", "已更正"],
        "fresh": ["未确认"],
    }
    assert [int(year) for year in re.findall(r'<h2 id="y-(\d{4})"', text)] == [2025, 2024, 2023, 2022]
    corrected = card_of(text, ids["corrected"])
    assert "<del>2024年8月30日</del>" in corrected
    assert "<ins>2024年8月31日</ins>" in corrected
    assert "结业日期录入有误" in corrected
    assert "成绩或结果作废：理论科目阅卷有误" in card_of(text, ids["revoked"])
    assert "不是我：不是我" in card_of(text, ids["twin"])
    assert "四级/中级工" in card_of(text, ids["revoked"])
    assert "银川市示范应急管理局" in card_of(text, ids["permit"])


def test_a_number_is_whole_nowhere_but_on_the_owners_detail_page(
    me: Visitor, ids: dict[str, str], worker: Any
) -> None:
    number = worker["number"]
    detail = me.get(f"/me/records/{ids['fresh']}").text

    assert all(number not in me.get(path).text for path in (*PUBLIC, *OWN))
    assert f"尾号 {number[-4:]}" in me.get("/me").text
    assert number in detail
    assert number not in re.sub(r"<details>.*?</details>", "", detail, flags=re.DOTALL)


def test_a_worker_without_records_is_told_what_to_do(
    visitor: Visitor, region: Region, worker: dict[str, Any], house: House
) -> None:
    with house.db.read_raw() as cursor:
        named = Person(worker["document"], worker["number"], worker["name"])
        new = house.people.resolve(cursor, [named], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([new.rows])))
    region.persona(worker)
    visitor.login()
    answer = visitor.get("/me")

    sound(answer)
    assert "这里还没有记录" in answer.text
    assert "暂时没有可以装进凭证包的内容" in visitor.get("/me/bundle").text


def test_forty_records_cost_no_more_queries_than_one(
    visitor: Visitor, region: Region, house: House, worker: dict[str, Any]
) -> None:
    region.course(worker, "2025-09-01", 1)
    region.persona(worker)
    visitor.login()
    visitor.get("/me")
    one = statements(house, visitor)
    for number in range(2, 42):
        region.course(worker, "2025-09-01", number)  # all on one day: the session goes on
    forty = statements(house, visitor)

    assert forty == one
    assert len(forty) <= 12
    assert len(cards(visitor.get("/me").text)) == 41


def statements(house: House, visitor: Visitor) -> list[str]:
    """Every statement a connection runs while /me is read, the driver's own cursors included."""
    seen: list[str] = []
    connections = []
    with house.db.read() as conn:
        connections.append(conn.connection.driver_connection)
    for connection in connections:
        connection.set_trace_callback(seen.append)
    assert visitor.get("/me").status_code == 200
    for connection in connections:
        connection.set_trace_callback(None)
    return [re.sub(r"'[^']*'|x'[^']*'|\b\d+\b", "?", line, flags=re.IGNORECASE) for line in seen]


# -- one record


def test_a_foreign_record_a_missing_and_a_note_are_not_found_alike(
    me: Visitor, ids: dict[str, str], region: Region
) -> None:
    foreign = region.course(person("马兰", 7), "2025-09-20")
    region.until("2025-10-01")
    note = region.correct(SCHOOL, person("马兰", 7), foreign, "成绩录入有误", score="70")
    me.login()
    answers = [
        me.get(f"/me/records/{record_id}{rest}")
        for record_id in (foreign, note, "01999999-0000-7000-8000-000000000000")
        for rest in ("", "/receipt", "/file", "/said", "/contest")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_a_record_is_told_in_full_with_its_story_and_its_receipt(me: Visitor, ids: dict[str, str]) -> None:
    answer = me.get(f"/me/records/{ids['corrected']}")
    sound(answer)

    for words in (
        "就业技能培训",
        "4-10-01-06",
        "2022年版",
        "更正记录",
        "更正之前的原文",
        "c2sp.org/tlog-proof@v1",
    ):
        assert words in answer.text
    receipt = me.get(f"/me/records/{ids['corrected']}/receipt")
    assert receipt.text.startswith("c2sp.org/tlog-proof@v1\n")
    assert receipt.headers["Content-Disposition"].startswith('attachment; filename="receipt-')


def test_who_looked_is_told_in_plain_words(
    me: Visitor, house: House, region: Region, worker: dict[str, Any]
) -> None:
    official = Actor(Kind.OFFICIAL, "demo-handler", roles=frozenset({Role.HANDLER}))
    owner = region.worker_id(worker)
    looks = [looked.Look(owner, official, "service-window", "identity", f"AN-{n:03d}") for n in range(45)]
    assert "没有别人查过" in me.get("/me/looked").text
    looked.record(house, looks)

    first = me.get("/me/looked")
    older = re.search(r'href="(/me/looked\?before=[^"]+)"', first.text)
    assert older is not None
    second = me.get(older[1])

    sound(second)
    assert [page.text.count("<strong>窗口代本人办理</strong>") for page in (first, second)] == [30, 15]
    assert "人社部门工作人员（经办人）" in first.text
    assert "demo-handler" not in first.text
    assert "身份信息" in first.text


# -- any text


CORPUS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% include 'base.html' %}",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;&amp;",
    "\U0002b72d\U000301c5𬭎",
    "阿" * 60,
]


@pytest.mark.parametrize("text", CORPUS)
def test_text_of_records_is_text_on_every_page(visitor: Visitor, region: Region, text: str) -> None:
    who = person("努尔买买提·O’Neil", 5)
    body_class = {"code": "2025-X-1", "name": text}
    record_id = region.course(who, "2025-09-19", 1, **{"class": body_class})
    region.persona(who)
    region.until("2025-10-01")
    region.correct(SCHOOL, who, record_id, text, score="90")
    visitor.login()
    visitor.say(f"/me/records/{record_id}/contest", reason="other", text=text)
    plain = sound(visitor.get("/"))

    for path in ("/me", f"/me/records/{record_id}", f"/me/records/{record_id}/said", "/login"):
        page = sound(visitor.get(path))
        ours = {"script"} if path in SCRIPTED else set()
        assert {tag for tag, _ in page.tags} - {tag for tag, _ in plain.tags} - ours <= {
            *(
                "article",
                "h3",
                "ol",
                "del",
                "ins",
                "input",
                "form",
                "button",
                "pre",
                "bdi",
                "textarea",
                "fieldset",
            ),
            *(
                "legend",
                "label",
                "code",
                "strong",
                "small",
                "br",
                "summary",
                "details",
                "dl",
                "dt",
                "dd",
                "div",
                "span",
            ),
        }
        assert visitor.get(path).text.count("<script") == len(ours)


# -- what goes wrong, and files


def test_a_missing_page_is_a_page(visitor: Visitor) -> None:
    answer = visitor.get("/nowhere")

    assert answer.status_code == 404
    sound(answer)
    assert "没有找到" in answer.text
    assert "Not found" in answer.text


def test_a_fault_of_ours_gives_a_reference_and_nothing_else(
    visitor: Visitor, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("select secret from somewhere")

    monkeypatch.setattr(house.log, "newest", fails)
    answer = visitor.get("/")

    assert answer.status_code == 500
    sound(answer)
    assert Internal.title_zh in answer.text
    assert re.search(r"<code>[a-z]{16}</code>", answer.text)
    assert "secret" not in answer.text


def test_static_files_are_kept_for_ever_under_the_name_of_their_content(visitor: Visitor) -> None:
    for name in assets.published():
        answer = visitor.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.get("/static/style.css").status_code == 404
    assert visitor.get("/static/..%2fweb%2froutes.py").status_code == 404


def test_every_template_compiles() -> None:
    """A serving process compiles a template when its first page is asked for."""
    names = render.environment().list_templates()

    assert [name for name in names if render.environment().get_template(name).name != name] == []
    assert names

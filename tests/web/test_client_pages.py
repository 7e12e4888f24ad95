"""Pages of machine clients: who may enter, stopping one at once, what two officials decide."""

import datetime as dt
import html
import io
import json
import re
from typing import Any

import pytest

from recordsvc.access import clients, demo, officials
from recordsvc.access.clients import ClientKind
from recordsvc.access.grants import Kind, Scope
from recordsvc.access.tables import client_event
from recordsvc.ground.ports import beijing_ms
from recordsvc.house import House
from recordsvc.submit import sign
from recordsvc.web import words
from recordsvc.web.client_routes import EVENTS
from recordsvc.web.proposal_words import CLIENTS, SCOPES
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import SCHOOL
from tests.web.test_pages import sound
from tests.web.test_typed_again import chosen, stands

NAME = "阿卜杜热依木·买买提艾力·古丽巴哈尔职业技能培训学校报送系统𬭎" * 4
WORDS = "写了很久的理由·𬭎鑫"


def jwk(house: House, kid: str = "k-1") -> dict[str, str]:
    return dict(sign.key_from_jwk(sign.new_private_jwk("EdDSA", kid, house.random)).public_jwk())


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


def form(house: House, **changes: Any) -> dict[str, Any]:
    key = json.dumps(jwk(house), indent=2)
    said = {"kind": "centre", "name": NAME, "institution": SCHOOL, "scopes": ["records:write"], "jwk": key}
    return said | changes


def upload(who: Visitor, path: str, data: bytes, **fields: Any) -> Any:
    sent = fields | {"csrf_token": who.csrf, "file": (io.BytesIO(data), "key.json")}
    return who.client.post(path, data=sent, headers=BROWSER)


def kept(page: str, pasted: str) -> bool:
    """Tell whether a key stands in the field; quotes may be written in more than one way."""
    return f">{pasted}</textarea>" in html.unescape(page)


@pytest.fixture
def client_id(desk: Any, house: House) -> str:
    """A client that two officials made by the pages."""
    place = desk("registrar").post("/desk/clients/new", **form(house)).location
    assert desk("registrar-2").post(f"{place}/decide", word="approve", reason="核对无误").status_code == 303
    with house.db.read() as conn:
        (found,) = clients.load(conn)
    return found


def state(house: House, client_id: str) -> clients.Client:
    with house.db.read() as conn:
        return clients.one(conn, client_id)


def test_every_kind_scope_and_event_has_a_word() -> None:
    assert set(CLIENTS) == set(ClientKind)
    assert set(SCOPES) == set(Scope)
    assert set(EVENTS) == {"register", "add-key", "change-terms", "suspend", "lift", "revoke-key"}


def test_without_clients_the_page_says_so_and_only_registrars_propose(desk: Any) -> None:
    for kind, proposes in (("registrar", True), ("handler", False), ("auditor", False)):
        answer = desk(kind).get("/desk/clients")
        sound(answer)
        assert "还没有接入的系统" in answer.text
        assert ("/desk/clients/new" in answer.text) is proposes
        assert 'href="/desk/clients" aria-current="page"' in answer.text
    assert desk("handler").get("/desk/clients/new").status_code == 403


def test_a_client_is_registered_by_two_on_pages(desk: Any, house: House, client_id: str) -> None:
    found = state(house, client_id)
    assert (found.kind, found.name, found.institution, found.scopes) == (
        "centre", NAME, SCHOOL, {"records:write"}
    )  # fmt: skip
    for path in ("/desk/clients", f"/desk/clients/{client_id}"):
        answer = desk("auditor").get(path)
        sound(answer)
        for told in (NAME, "培训机构的系统", SCHOOL, "报送记录", "k-1", "可以接入", "按类别", client_id):
            assert told in answer.text, told
        assert "<form" not in re.sub(r"<form[^>]*/logout.*?</form>", "", answer.text, flags=re.DOTALL)
    assert "登记" in desk("auditor").get(f"/desk/clients/{client_id}").text


def test_a_key_file_is_taken_as_a_pasted_key_is(desk: Any, house: House) -> None:
    data = json.dumps({"keys": [jwk(house, "a"), jwk(house, "b")]}).encode()
    said = form(house, jwk="", since="2030-01-01", until="2030-01-31", units_a_day="5000", at_once="3")
    place = upload(desk("registrar"), "/desk/clients/new", data, **said).location
    desk("registrar-2").post(f"{place}/decide", word="approve", reason="x")
    with house.db.read() as conn:
        (found,) = clients.load(conn).values()
    assert set(found.keys) == {"a", "b"}
    assert (found.units_a_day, found.at_once) == (5000, 3)
    key = found.keys["a"]
    assert (key.not_before_ms, key.not_after_ms) == (1893427200000, 1896105600000)
    text = desk("reviewer").get(f"/desk/clients/{found.client_id}").text
    assert "未生效" in text
    assert "每日 5000 条，同时 3 个请求" in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": ""}, "类别："),
        ({"name": ""}, "名称："),
        ({"institution": ""}, "统一社会信用代码：缺少"),
        ({"institution": "91640100MATE5T0174"}, "不是有效的统一社会信用代码"),
        ({"scopes": []}, "权限：请至少选择一项"),
        ({"scopes": ["feed:read"]}, "权限：该类接入方只能申请"),
        ({"jwk": ""}, "请粘贴公钥"),
        ({"jwk": "ssh-ed25519 AAAA"}, "不是 JSON 格式的公钥"),
        ({"jwk": "[1]"}, "不是公钥（JWK）"),
        ({"jwk": '{"keys": 3}'}, "不是公钥（JWK）"),
        ({"jwk": '{"kty": "OKP", "crv": "Ed25519"}'}, "公钥（JWK）："),
        ({"since": "gestern"}, "生效日：应为日期"),
        ({"since": "1969-01-01"}, "生效日：日期太早"),
        ({"until": "9999-12-31"}, "截止日：应为日期"),
        ({"until": "2021-01-01"}, "截止日：失效时间早于生效时间"),
        ({"units_a_day": "viel"}, "每日条数上限：请填一个整数"),
        ({"at_once": "1001"}, "同时请求数上限："),
    ],
)
def test_what_is_wrong_with_a_client_is_told_at_its_field(
    desk: Any, house: House, changes: dict[str, Any], told: str
) -> None:
    answer = desk("registrar").post("/desk/clients/new", **form(house, **changes))

    assert answer.status_code == 422
    sound(answer)
    assert told in answer.text
    assert NAME in answer.text or changes.get("name") == ""


def test_all_that_is_wrong_is_told_together(desk: Any, house: House) -> None:
    wrong = {"name": "", "jwk": "", "since": "x", "at_once": "y", "scopes": []}
    text = desk("registrar").post("/desk/clients/new", **form(house, **wrong)).text
    for told in ("名称：", "公钥（JWK）：", "生效日：", "同时请求数上限：", "权限："):
        assert told in text


@pytest.mark.parametrize(
    "secret",
    [
        '{"kty":"OKP","crv":"Ed25519","kid":"k","x":"y","d":"SECRETSECRET"}',
        r'{"kty":"OKP","crv":"Ed25519","kid":"k","x":"y","\u0064":"SECRETSECRET"}',
        '{"keys":[{"kid":"k","k" : "SECRETSECRET"}]}',
        '{"d":"SECRETSECRET", broken',
        # In two parts: nothing here shall look like a key to those who search for keys.
        "-----BEGIN PRIVATE" + " KEY-----\nSECRETSECRET\n-----END PRIVATE" + " KEY-----",
    ],
)
def test_a_private_key_is_refused_and_never_shown_again(desk: Any, house: House, secret: str) -> None:
    registrar = desk("registrar")
    said = form(house, jwk="")
    for answer in (
        registrar.post("/desk/clients/new", **(said | {"jwk": secret})),
        upload(registrar, "/desk/clients/new", secret.encode(), **said),
    ):
        assert answer.status_code == 422
        assert "这是私钥" in answer.text
        assert "SECRETSECRET" not in answer.text
        assert NAME in answer.text


@pytest.mark.parametrize("data", [b"\x00\x01", b"\xff\xfe", b"{" + b" " * 20_000 + b"}1"])
def test_a_file_that_is_no_key_is_told_and_words_stay(desk: Any, house: House, data: bytes) -> None:
    answer = upload(desk("registrar"), "/desk/clients/new", data, **form(house, jwk=""))
    assert answer.status_code == 422
    sound(answer)
    assert stands(answer.text, NAME)
    assert chosen(answer.text, "records:write")


def test_a_chosen_file_stands_in_the_field_when_something_else_is_wrong(desk: Any, house: House) -> None:
    data = json.dumps(jwk(house)).encode()
    registrar, said = desk("registrar"), form(house, jwk="", name="")
    answer = upload(registrar, "/desk/clients/new", data, **said)
    assert answer.status_code == 422
    assert kept(answer.text, data.decode())
    both = upload(registrar, "/desk/clients/new", data, **form(house))
    assert "文件和粘贴只用一种" in both.text


def test_one_form_sent_twice_proposes_once_and_another_file_is_another_request(
    desk: Any, house: House
) -> None:
    registrar, said = desk("registrar"), form(house, jwk="", once="a" * 32)
    data = json.dumps(jwk(house)).encode()
    first = upload(registrar, "/desk/clients/new", data, **said)
    again = upload(registrar, "/desk/clients/new", data, **said)
    assert first.location == again.location
    other = upload(registrar, "/desk/clients/new", json.dumps(jwk(house, "z")).encode(), **said)
    assert other.status_code != 303


def test_a_client_is_stopped_at_once_with_a_reason_and_lifted_by_two(
    desk: Any, house: House, client_id: str
) -> None:
    reviewer, path = desk("reviewer"), f"/desk/clients/{client_id}"
    assert "立即暂停接入" in reviewer.get(path).text
    empty = reviewer.post(f"{path}/suspend", reason="")
    assert (empty.status_code, state(house, client_id).active) == (422, True)
    sound(empty)
    assert desk("handler").post(f"{path}/suspend", reason="x").status_code == 403
    assert reviewer.post(f"{path}/suspend", reason="公钥疑似泄露").location == path
    assert not state(house, client_id).active
    shown = desk("registrar").get(path)
    sound(shown)
    assert "公钥疑似泄露" in shown.text
    assert "演示" in shown.text
    assert "提出恢复接入" in shown.text
    assert "立即暂停接入" not in shown.text
    again = reviewer.post(f"{path}/suspend", reason=WORDS)
    assert again.status_code == 409
    sound(again)
    place = desk("registrar").post(f"{path}/lift", reason="已换公钥").location
    assert f'<a href="{path}">{client_id}</a>' in desk("registrar-2").get(place).text
    assert not state(house, client_id).active
    desk("registrar-2").post(f"{place}/decide", word="approve", reason="属实")
    assert state(house, client_id).active
    with house.db.read() as conn:
        told = [row.event for row in conn.execute(client_event.select().order_by(client_event.c.n))]
    assert told == ["register", "suspend", "lift"]


def test_a_further_key_is_proposed_and_one_is_ended(desk: Any, house: House, client_id: str) -> None:
    registrar, path = desk("registrar"), f"/desk/clients/{client_id}"
    pair = json.dumps({"keys": [jwk(house, "b"), jwk(house, "c")]})
    refused = registrar.post(f"{path}/keys", jwk=pair, until="2030-01-31")
    assert "每次提出一把公钥" in refused.text
    assert kept(refused.text, pair)
    assert stands(refused.text, "2030-01-31")
    place = upload(registrar, f"{path}/keys", json.dumps(jwk(house, "b")).encode()).location
    desk("registrar-2").post(f"{place}/decide", word="approve", reason="x")
    assert set(state(house, client_id).keys) == {"k-1", "b"}
    assert registrar.post(f"{path}/keys", jwk=json.dumps(jwk(house, "b"))).status_code == 409
    unsaid = registrar.post(f"{path}/keys/revoke", kid="k-1", reason="")
    assert unsaid.status_code == 422
    assert chosen(unsaid.text, "k-1")
    assert registrar.post(f"{path}/keys/revoke", kid="", reason=WORDS).status_code == 422
    assert stands(registrar.post(f"{path}/keys/revoke", kid="", reason=WORDS).text, WORDS)
    assert registrar.post(f"{path}/keys/revoke", kid="k-1", reason="遗失").location == path
    found = state(house, client_id).keys
    assert (found["k-1"].revoked_ms is not None, found["b"].revoked_ms) == (True, None)
    text = desk("auditor").get(path).text
    assert "已停用" in text
    assert "停用公钥" in text


def test_other_terms_stand_in_the_form_as_they_are_and_are_changed_by_two(
    desk: Any, house: House, client_id: str
) -> None:
    registrar, path = desk("registrar"), f"/desk/clients/{client_id}"
    assert chosen(registrar.get(path).text, "records:write")
    wrong = registrar.post(f"{path}/terms", units_a_day="viel", since="x", reason=WORDS, scopes=[])
    assert wrong.status_code == 422
    sound(wrong)
    for told in ("权限：请至少选择一项", "每日条数上限：请填一个整数", "生效日：应为日期"):
        assert told in wrong.text
    assert stands(wrong.text, WORDS)
    same = registrar.post(f"{path}/terms", scopes=["records:write"], reason=WORDS)
    assert "与现有的权限和上限相同" in same.text

    both = {"scopes": ["records:read", "records:write"], "units_a_day": "700", "since": "2031-01-01"}
    place = registrar.post(f"{path}/terms", reason="业务调整", **both).location
    told = desk("registrar-2").get(place).text
    sound(desk("registrar-2").get(place))
    for said in ("查询本单位报送的记录、报送记录", "每日条数上限 按类别", "2031", "700"):
        assert said in told
    desk("registrar-2").post(f"{place}/decide", word="approve", reason="属实")

    text = desk("auditor").get(path).text
    assert words.instant(beijing_ms(dt.date(2031, 1, 1))) in text
    assert "每日 700 条" in text
    with house.db.read() as conn:
        (terms,) = clients.one(conn, client_id).changes
    assert (terms.from_ms, terms.units_a_day) == (beijing_ms(dt.date(2031, 1, 1)), 700)


def test_a_client_of_another_county_is_neither_listed_nor_stopped(
    app: Any, desk: Any, house: House, client_id: str
) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县复核")
        officials.grant(turn, "far", "reviewer", "640521", by="system:demo")
        demo._insert(turn, demo.Persona("far", "某县复核", "County", 99, Kind.OFFICIAL, "far"))

    house.db.write(act)
    far = Visitor(app).login("far")
    assert "还没有接入的系统" in far.get("/desk/clients").text
    missing = far.get("/desk/clients/centre-0000000000000000").status_code
    assert far.get(f"/desk/clients/{client_id}").status_code == missing == 404
    assert far.post(f"/desk/clients/{client_id}/suspend", reason="x").status_code == 404
    assert state(house, client_id).active

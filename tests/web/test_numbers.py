"""Pages on numbers and cards: the worker's own, the desk's; masked, looked at for a case, soundly made."""

import re
from typing import Any

import pytest

from recordsvc import dated
from recordsvc.access.looked import of_worker
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.two_person import Proposal
from recordsvc.house import House
from recordsvc.people import numbers, synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.cards import Bank, Social
from recordsvc.people.enrolling import Enrolment
from recordsvc.web import assets, proposal_words
from recordsvc.web.numbers import NUMBERS, STANDING, card_line
from tests.web.conftest import Visitor
from tests.web.region import Region
from tests.web.test_pages import sound

CARD, OLD = synthetic.card_number(77), synthetic.card_number(76)
CASE = {"purpose": "identity-correction", "case_ref": "K-7"}
PAPER = {"ground": "document-renewed", "text": "新证件", "papers": "ab" * 32, **CASE}


@pytest.fixture
def cards(house: House, ids: dict[str, str], worker: dict[str, Any]) -> None:
    """An old card that was replaced by a new one, whose bank function is not active yet."""
    named = (worker["document"], worker["number"], worker["name"])
    old = (
        ("issued", "2019-01-02", ""),
        ("social-activated", "2019-01-03", ""),
        ("bank-activated", "2019-02-01", ""),
    )
    new = (("issued", "2025-06-01", ""), ("social-activated", "2025-06-02", ""))
    facts = [
        CardFact(*named, OLD, "extract:2025-07-01", events=old),
        CardFact(*named, CARD, "extract:2025-07-01", area="640100", replaces=OLD, events=new),
    ]
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))


def test_a_worker_sees_both_functions_apart_and_what_to_bring(me: Visitor, cards: None) -> None:
    answer = me.get("/me/cards")
    page = sound(answer)

    assert answer.status_code == 200
    assert "银行功能还没有激活" in answer.text
    assert "卡面所印银行的网点当面激活" in answer.text
    assert "这张卡已停用" in answer.text
    assert CARD not in answer.text
    assert f"尾号 {CARD[-4:]}" in answer.text
    assert answer.text.index(CARD[-4:]) < answer.text.index(OLD[-4:]), "the card in use comes first"
    assert page.all("article") != []


def test_a_worker_without_a_card_is_told_what_to_do(me: Visitor) -> None:
    answer = me.get("/me/cards")
    sound(answer)
    assert "档案里还没有您的社会保障卡" in answer.text


def test_the_own_numbers_are_whole_by_the_interface(me: Visitor, cards: None, worker: dict[str, Any]) -> None:
    told = me.client.get("/v1/me/cards").json
    assert [one["number"] for one in told["cards"]] == [OLD, CARD]
    assert [one["value"] for one in told["numbers"]] == [worker["number"]]
    assert told["cards"][0]["today"] == {"social": "void", "bank": "active", "replaced_on": "2025-06-01"}
    assert "asked" not in told


def test_an_official_finds_by_card_and_sees_masked(
    visitor: Visitor, house: House, region: Region, cards: None, worker: dict[str, Any]
) -> None:
    visitor.login("handler")
    page = sound(visitor.get("/desk/numbers"))
    assert len(page.all("img")) > 3
    missing = visitor.post("/desk/numbers", kind="card", number="X99999999", **CASE)
    assert missing.status_code == 404
    sound(missing)
    found = visitor.post("/desk/numbers", kind="card", number=OLD, to="numbers", **CASE)
    assert found.status_code == 303
    assert OLD not in found.location
    answer = visitor.get(found.location)
    sound(answer)
    assert worker["name"] in answer.text
    for number in (worker["number"], OLD, CARD):
        assert number not in answer.text
        assert number[-4:] in answer.text
    with house.db.read() as conn:
        noted = sorted(one.fields for one in of_worker(conn, region.worker_id(worker)))
    assert noted == ["identity", "identity", "papers"], "found, looked at, and the papers to choose from"


def test_changes_are_proposed_on_the_page_and_wait_there(
    visitor: Visitor, region: Region, ids: dict[str, str], worker: dict[str, Any]
) -> None:
    visitor.login("handler")
    path = f"/desk/workers/{uuid_text(region.worker_id(worker))}"
    for where, fields in (
        ("numbers", {"kind": "passport", "number": "E1234567"}),
        ("names", {"name": "买买提·新"}),
    ):
        assert visitor.post(f"{path}/{where}", **fields, **PAPER).status_code == 303
    answer = visitor.get(f"{path}/numbers?purpose=identity-correction&case_ref=K-7")
    sound(answer)
    assert "等待第二人复核" in answer.text
    assert "****4567" in answer.text
    assert "E1234567" not in answer.text
    own = re.search(r'<option value="([0-9a-f-]{36})">居民身份证', answer.text)
    assert own is not None
    stood = visitor.post(f"{path}/numbers/standing", identifier_id=own[1], standing="disputed", **PAPER)
    assert stood.status_code == 303
    for fields, told in (
        ({"kind": "resident-id", "number": "640104199002159910"}, "证件号码或卡号有误"),
        ({"kind": "passport", "number": "E1234567", "papers": "zz"}, "64 位"),
        ({"kind": "passport", "number": "E1234567", "ground": "because"}, "没有这种依据"),
    ):
        refused = visitor.post(f"{path}/numbers", **(PAPER | fields))
        assert refused.status_code in (409, 422)
        sound(refused)
        assert told in refused.text


def test_a_card_is_confirmed_on_the_page(
    visitor: Visitor, house: House, region: Region, ids: dict[str, str], worker: dict[str, Any]
) -> None:
    shown = {"card": {"number": CARD, "area": "640100"}}
    region.course({**worker, **shown}, "2025-10-20", 12)
    visitor.login("registrar")
    form = {
        "number": CARD,
        "document": worker["document"],
        "document_number": worker["number"],
        "name": worker["name"],
        "social": "unchecked",
        "normal_since": "",
        **CASE,
    }
    for wrong, status in (
        ({"social": ""}, 422),
        ({"social": "normal"}, 422),
        ({"normal_since": "2020-01-01"}, 422),
        ({"social": "normal", "normal_since": "2020-13-01"}, 422),
        ({"social": "normal", "normal_since": "2999-01-01"}, 422),
        ({"name": "别人"}, 409),
        ({"number": "X99999999"}, 404),
        ({"number": "???????  "}, 422),
    ):
        refused = visitor.post("/desk/cards/confirm", **(form | wrong))
        assert refused.status_code == status
        sound(refused)
    done = visitor.post("/desk/cards/confirm", **form)
    assert done.status_code == 303
    assert "已核实" in visitor.get(done.location).text
    again = visitor.post("/desk/cards/confirm", **form | {"social": "normal", "normal_since": "2020-01-01"})
    assert again.status_code == 303
    with house.db.read_raw() as cursor:
        known = numbers.known(house, cursor, region.worker_id(worker))
    (card,) = [one for one in known if one.value == CARD]
    assert [(one.what, one.on) for one in card.events] == [("social-activated", "2020-01-01")]


def test_a_card_of_the_wrong_person_is_given_on_from_the_page(
    visitor: Visitor, house: House, region: Region, cards: None, worker: dict[str, Any]
) -> None:
    visitor.login("handler")
    path = f"/desk/workers/{uuid_text(region.worker_id(worker))}"
    seen = visitor.get(f"{path}/numbers?purpose=identity-correction&case_ref=K-7")
    sound(seen)
    own = re.search(rf'<option value="([0-9a-f-]{{36}})">社会保障卡 [*]*{CARD[-4:]}', seen.text)
    assert own is not None
    said = {"identifier_id": own[1], "to": "", **PAPER, "ground": "card-wrong-person"}
    for wrong, status in (({"to": "nobody"}, 422), ({"to": uuid_text(bytes(16))}, 404)):
        refused = visitor.post(f"{path}/cards/reassign", **said | wrong)
        assert refused.status_code == status
        sound(refused)
    done = visitor.post(f"{path}/cards/reassign", **said)
    assert done.status_code == 303
    shown = visitor.get(done.location)
    sound(shown)
    assert "收回登记错人的卡" in shown.text
    assert "卡登记到了他人档案" in shown.text


def test_every_picture_and_word_is_there() -> None:
    published = {name.split(".")[0] for name in assets.published()}
    assert {number.picture.removesuffix(".svg") for number in NUMBERS.values()} <= published
    codes = {str(row["code"]) for row in dated.table("card_states").rows}
    assert codes == {f"social-{one}" for one in Social} | {f"bank-{one}" for one in Bank}
    assert set(STANDING) == {"claimed", "verified", "superseded", "disputed"}


@pytest.mark.parametrize("social", list(Social))
@pytest.mark.parametrize("bank", list(Bank))
def test_whatever_is_wrong_with_a_card_something_is_advised(social: Social, bank: Bank) -> None:
    today = {"social": social, "bank": bank, "replaced_on": ""}
    told = {
        "identifier_id": bytes(16),
        "number": "尾号 0019",
        "standing": "verified",
        "area": "",
        "source": "x",
    }
    line = card_line(told | {"today": today, "events": []})
    well = social in (Social.NORMAL, Social.UNKNOWN) and bank in (Bank.ACTIVE, Bank.UNKNOWN)
    assert bool(line.advice) is not well


@pytest.mark.parametrize("kind", numbers.KINDS)
def test_a_change_waits_for_the_second_person_in_words(kind: str) -> None:
    payload = {
        "ground": "card-wrong-person",
        "identifier_id": uuid_text(bytes(16)),
        "papers": ["ab" * 32],
        "sealed": "c2VhbGVk",
        "worker_id": uuid_text(bytes(16)),
    }
    made = Proposal(bytes(16), kind, "x", payload, "", "official:1", 0, 1, "open", None, None, None, "")
    found = proposal_words.told(made, str)
    lines = {fact.label: fact.value for fact in found.facts}
    assert "其他事项" not in found.title
    assert lines["依据"] == "卡登记到了他人档案"
    assert "c2VhbGVk" not in lines.values()

"""Pages of the payers' desk: seal, release by another, a break with its age and owner, files by hand."""

import io
import re
from typing import Any

import pytest

from banksim import messages
from recordsvc.access import recusals
from recordsvc.access.recusals import Ground
from recordsvc.ground.ports import FixedClock, uuid_text
from recordsvc.house import House
from recordsvc.money.bank import batches, breaks, dispatch, payments
from tests.money.bank import made
from tests.money.bank.desk import CODE, Desk, worker
from tests.web.conftest import BROWSER, Visitor
from tests.web.test_pages import sound
from tests.web.test_typed_again import chosen, stands

WORDS = "写了很久的说明·𬭎鑫"


@pytest.fixture
def bank(house: House, clock: FixedClock, app: Any) -> Desk:
    return Desk(house)


@pytest.fixture
def payer(app: Any) -> Visitor:
    return Visitor(app).login("payer")


def test_two_payers_seal_and_release_on_their_pages(bank: Desk, payer: Visitor, app: Any) -> None:
    paid = bank.pay(1, 123_456)
    page = payer.get("/desk/bank")
    sound(page)
    assert "1 笔" in page.text
    assert payer.post("/desk/bank/batches", account=CODE).location == "/desk/bank"
    page = payer.get("/desk/bank").text
    assert "1,234.56 元" in page
    assert "待复核放行" in page
    (place,) = re.findall(r'href="(/desk/bank/proposals/[^"]+)"', page)
    assert "须由另一名支付人员复核" in payer.get(place).text
    second = Visitor(app).login("payer-2")
    sound(second.get(place))
    refused = second.post(place, word="", reason=WORDS)
    assert refused.status_code == 422
    assert stands(refused.text, WORDS)
    assert second.post(place, word="approve", reason="核对无误").status_code == 303
    assert dispatch.run(bank.house) == 1
    assert "已发送" in payer.get("/desk/bank").text
    assert "已经办结" in second.get(place).text
    assert made.payee(1).name not in page
    assert bank.state(paid) == "sent"


def test_the_payers_own_page_says_what_waits(bank: Desk, payer: Visitor, app: Any) -> None:
    second = Visitor(app).login("payer-2")

    def counts(who: Visitor = payer) -> list[str]:
        text = who.get("/desk").text.partition('id="bank"')[2].partition("</section>")[0]
        return re.findall(r"<strong>([\d,]+) ", text)

    bank.pay(1)
    assert counts() == ["1", "0", "0", "0"]
    payer.post("/desk/bank/batches", account=CODE)
    assert (counts(), counts(second)) == (["0", "0", "0", "0"], ["0", "0", "1", "0"])
    bank.receive(b"<Doc", "broken.xml")
    assert counts(second) == ["0", "0", "1", "1"]
    (place,) = re.findall(r'href="(/desk/bank/breaks/[^"]+)"', payer.get("/desk/bank").text)
    assert "不是完整的 XML 文件" in payer.get(place).text
    bank.days(40)
    payer = Visitor(app).login("payer")
    assert "其中已逾期 1 项" in payer.get("/desk").text


def test_the_pages_leave_out_whom_the_payer_keeps_out_of(bank: Desk, payer: Visitor, app: Any) -> None:
    house, second = bank.house, Visitor(app).login("payer-2")
    paid = bank.read(payments.find, bank.pay(1))
    house.db.write(
        lambda turn: breaks.open_break(turn, house, CODE, "account-changed", "theirs", payment=paid)
    )

    def counts() -> list[str]:
        shown = second.get("/desk").text.partition('id="bank"')[2].partition("</section>")[0]
        return re.findall(r"<strong>([\d,]+) ", shown)

    assert counts() == ["1", "0", "0", "1"]
    out = ("demo-payer-2", worker(1), Ground.KIN)
    house.db.write(lambda turn: recusals.declare(turn, house.random, *out, by="official:x"))
    assert counts() == ["0", "0", "0", "0"]
    refused = second.post("/desk/bank/batches", account=CODE)
    assert (refused.status_code, bank.read(batches.listed)) == (403, [])
    payer.post("/desk/bank/batches", account=CODE)
    (place,) = re.findall(r'href="(/desk/bank/proposals/[^"]+)"', payer.get("/desk/bank").text)

    page = second.get("/desk/bank").text

    difference = f"/desk/bank/breaks/{uuid_text(bank.break_of('account-changed').break_id)}"
    assert (place in page, difference in page) == (False, False)
    assert difference in payer.get("/desk/bank").text
    assert counts() == ["0", "0", "0", "0"]


def test_a_word_of_an_old_sign_in_is_sent_to_prove_it_again(
    bank: Desk, payer: Visitor, app: Any, clock: FixedClock
) -> None:
    bank.pay(1)
    payer.post("/desk/bank/batches", account=CODE)
    (place,) = re.findall(r'href="(/desk/bank/proposals/[^"]+)"', payer.get("/desk/bank").text)
    second = Visitor(app).login("payer-2")
    clock.advance(bank.house.settings.step_up_minutes * 60_000)
    refused = second.post(place, word="approve", reason="核对无误")
    assert refused.status_code == 401
    assert 'href="/login/again"' in refused.text
    (found,) = bank.read(batches.listed)
    assert found.state == "sealed"
    assert Visitor(app).login("payer-2").post(place, word="approve", reason="核对无误").status_code == 303


def test_a_sealed_batch_is_given_up_on_its_page(bank: Desk, payer: Visitor) -> None:
    bank.pay(1)
    payer.post("/desk/bank/batches", account=CODE)
    (found,) = bank.read(batches.listed)
    assert payer.post(f"/desk/bank/batches/{uuid_text(found.batch_id)}/cancel").status_code == 303
    assert "已作废" in payer.get("/desk/bank").text
    refused = payer.post(f"/desk/bank/batches/{uuid_text(found.batch_id)}/cancel")
    assert refused.status_code == 409
    assert "批次现在的状态不能这样办理" in refused.text


def test_a_file_brought_by_hand_becomes_a_break_that_is_taken_and_ended(bank: Desk, payer: Visitor) -> None:
    paid = bank.pay(1)
    bank.send()
    content = messages.camt054("N1", bank.source.number, [bank.debit(paid, end_to_end_id="")], bank.now())

    def bring(name: str) -> Any:
        sent = {
            "account": CODE,
            "name": name,
            "csrf_token": payer.csrf,
            "file": (io.BytesIO(content), "n.xml"),
        }
        return payer.client.post("/desk/bank/files", data=sent, headers=BROWSER)

    refused = bring("../../etc/passwd")
    assert refused.status_code == 422
    assert stands(refused.text, "../../etc/passwd")
    assert "已入账" in bring("n.xml").text
    page = payer.get("/desk/bank")
    sound(page)
    assert "无人认领" in page.text
    (place,) = re.findall(r'href="(/desk/bank/breaks/[^"]+)"', page.text)
    sound(payer.get(place))
    assert uuid_text(paid) in payer.get(place).text
    assert payer.post(f"{place}/take").status_code == 303
    assert "无人认领" not in payer.get(place).text
    refused = payer.post(place, resolution="matched", payment_id="", note="")
    assert refused.status_code == 422
    refused = payer.post(place, resolution="matched", payment_id="nichts", note=WORDS)
    assert refused.status_code == 422
    assert stands(refused.text, WORDS)
    assert stands(refused.text, "nichts")
    assert chosen(refused.text, "matched")
    assert payer.post(place, resolution="explained", payment_id="", note="已查明").status_code == 303
    assert "没有未处理的差异" in payer.get("/desk/bank").text
    assert "已查明" in payer.get(place).text


def test_auditors_read_and_press_nothing(bank: Desk, app: Any) -> None:
    bank.pay(1)
    auditor = Visitor(app).login("auditor")
    page = auditor.get("/desk/bank")
    sound(page)
    assert "<button>组批封存" not in page.text
    assert auditor.post("/desk/bank/batches", account=CODE).status_code == 403
    assert Visitor(app).login("handler").get("/desk/bank").status_code == 403

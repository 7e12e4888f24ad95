"""Payees' accounts at the desk: pages and commands that enter one, and the list of what is not verified."""

import html
import re
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc.access import officials
from recordsvc.access.looked import of_worker
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from recordsvc.money.bank import payee_accounts
from recordsvc.money.bank.formats.model import Account
from tests.money.bank import made
from tests.money.bank.desk import CLERK, Desk
from tests.money.bank.test_doors import NUMBER, told, wang
from tests.test_number_commands import commands, settings, typed
from tests.web.conftest import Visitor
from tests.web.test_pages import sound

__all__ = ["commands", "settings", "wang"]
NEW = "/desk/payee-accounts/new"


@pytest.fixture
def desk(house: House, commands: CliRunner) -> Desk:
    assert commands
    return Desk(house)


@pytest.fixture
def at(app: Any, desk: Desk) -> Any:
    assert desk
    return lambda kind: Visitor(app).login(kind)


def form(n: int = 3, **more: str) -> dict[str, str]:
    """An account of a worker as a handler types it."""
    account = made.payee(n)
    said = {"of": "worker", "kind": "resident-id", "number": NUMBER, "account": account.number}
    said |= {"name": account.name, "bank": "105871000019", "purpose": "claim-review", "case_ref": "K-1"}
    return said | more


def entered(house: House, payee: str) -> Account:
    with house.db.read() as conn:
        return payee_accounts.opened(house, conn, payee_accounts.newest(conn, payee).account_id)


def test_a_handler_enters_an_account_by_the_number_of_whose_it_is(
    at: Any, desk: Desk, house: House, wang: bytes
) -> None:
    handler = at("handler")
    for of in ("worker", "institution"):
        sound(handler.get(f"{NEW}?of={of}"))
    assert handler.post(NEW, **form()).location == "/desk/payee-accounts"

    account = entered(house, f"worker:{uuid_text(wang)}")
    assert (account.number, account.name) == (made.payee(3).number, made.payee(3).name)
    assert told(desk, wang) == ["payee-account-entered"]
    with house.db.read() as conn:
        assert {(row.purpose, row.case_ref) for row in of_worker(conn, wang)} == {("claim-review", "K-1")}
    listed = handler.get("/desk/payee-accounts")
    sound(listed)
    assert f"劳动者 …{uuid_text(wang)[-6:]}" in listed.text
    assert account.number not in listed.text
    assert account.name not in listed.text


@pytest.mark.parametrize(
    ("changed", "told_of"),
    [
        ({"number": ""}, "本人的号码：必填"),
        ({"number": "640104199002159910"}, "本人的号码：没有这个号码的档案"),
        ({"account": "6222020000000000001"}, "银行账号：卡号校验位不符"),
        ({"account": ""}, "银行账号"),
        ({"name": " "}, "户名"),
        ({"bank": ""}, "开户银行"),
        ({"purpose": ""}, "查阅目的"),
        ({"of": "institution", "uscc": "91640100MATE5T0173"}, "统一社会信用代码：您的辖区内没有这个收款人"),
        ({"of": "institution", "uscc": "9164"}, "统一社会信用代码"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_entered(
    at: Any, house: House, wang: bytes, changed: dict[str, str], told_of: str
) -> None:
    answer = at("handler").post(NEW, **form(**changed))
    sound(answer)
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert told_of in page
    # What was typed stands there again, but the account's number.
    assert changed.get("name", made.payee(3).name).strip() in page
    assert made.payee(3).number not in page
    with house.db.read() as conn, pytest.raises(payee_accounts.PayeeAccountUnknown):
        payee_accounts.newest(conn, f"worker:{uuid_text(wang)}")


def test_the_list_is_of_one_s_area_and_of_what_is_not_verified(at: Any, desk: Desk, house: House) -> None:
    ready, waiting, wrong = (f"institution:91640100MATE5T{n}" for n in ("0173", "0181", "019X"))
    desk.account(1)
    for n, payee in enumerate((waiting, wrong), start=2):
        desk.write(payee_accounts.enter, house, payee, made.payee(n), CLERK)
    payee_accounts.check_due(house)
    items = at("handler").get("/v1/desk/payee-accounts").json["items"]
    assert {one["payee"] for one in items} == {waiting, wrong}
    assert ready not in str(items)
    assert at("payer").get("/desk/payee-accounts").status_code == 403

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-handler", "handler", by="test")
        officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    house.db.write(elsewhere)
    assert at("handler").get("/v1/desk/payee-accounts").json["items"] == []


def test_the_same_as_typed_and_no_number_in_words_or_output(
    desk: Desk, house: House, commands: CliRunner, wang: bytes
) -> None:
    account, payee = made.payee(3), f"worker:{uuid_text(wang)}"
    words = (payee, "--bank", "105871000019", "--purpose", "claim-review", "--case", "K-1")
    asked = f"{account.number}\n{account.name}"
    made_now = typed(house, commands, "payee enter", *words, asked=asked)
    assert "已登记" in made_now.output, made_now.output
    assert account.number not in made_now.output
    assert entered(house, payee).number == account.number
    payee_accounts.check_due(house)
    listed = typed(house, commands, "payee list")
    assert f"{payee}  v1  entered" in listed.output
    (account_id,) = re.findall(r"^([0-9a-f-]{36})  worker", listed.output, re.MULTILINE)
    shown = typed(house, commands, "payee show", account_id, by="demo-reviewer")
    assert f"{payee}  v1  entered" in shown.output
    slip = account.number[:-1] + str((int(account.number[-1]) + 1) % 10)
    refused = typed(house, commands, "payee enter", *words, asked=f"{slip}\n{account.name}")
    assert refused.exit_code == 1
    assert slip not in refused.output


def test_a_payer_reads_what_budgets_have_and_proposes_nothing(at: Any) -> None:
    payer = at("payer")
    sound(payer.get("/desk/funds"))
    assert payer.get("/v1/desk/funds").status_code == 200
    assert "/desk/funds/new" not in payer.get("/desk/funds").text
    assert payer.get("/desk/funds/new").status_code == 403

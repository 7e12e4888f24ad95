"""A refused form comes back as it was typed (填写的内容不丢失), also when a paper is filed between."""

import html
import io
import re
from typing import Any

import flask
import pytest

from recordsvc import service
from recordsvc.access.grants import Position
from recordsvc.access.looked import of_worker
from recordsvc.access.policy import doors
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from recordsvc.web.desk_acts import ACTS as ACTS_OF_DESK
from tests.archive.paperfiles import pdf
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import Region
from tests.web.test_pages import sound

CASE = {"purpose": "identity-correction", "case_ref": "K-7"}
WORDS = "写了很久的说明·𬭎鑫"
CHANGE = {"ground": "document-renewed", "text": WORDS, **CASE}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "/desk/workers/{worker}/numbers": (
        "handler",
        {"kind": "passport", "number": "E1234567", "change": "add", **CHANGE},
    ),
    "/desk/workers/{worker}/names": ("handler", {"name": "买买提·新", "change": "name", **CHANGE}),
    "/desk/workers/{worker}/numbers/standing": (
        "handler",
        {"standing": "disputed", "change": "stand", **CHANGE},
    ),
    "/desk/cards/confirm": (
        "registrar",
        {"number": "A12345678", "document": "passport", "document_number": "E7654321", "name": WORDS, **CASE},
    ),
    "/desk/activate": (
        "handler",
        {
            "document": "passport",
            "number": "E7654321",
            "name": WORDS,
            "lost": "yes",
            **CASE,
            "purpose": "objection",
        },
    ),
    "/desk/people/enter": ("registrar", {"official_id": "o" * 90, "name": WORDS}),
    "/desk/people/role": ("registrar", {"role": "handler", "area": "64x", "reason": WORDS}),
    "/desk/people/deputy": ("handler", {"principal": "a-1", "deputy": "a-2", "reason": WORDS}),
    "/desk/people/recusal": ("handler", {"official_id": "demo-handler", "party": WORDS, "ground": "kin"}),
    "/desk/staff": ("registrar", {"institution": "123", "name": WORDS, "reason": WORDS}),
    "/desk/issuers/retire": ("registrar", {"issuer": "123", "reason": WORDS}),
    "/desk/papers": ("handler", {"uscc": "123", **CASE}),
    "/desk/numbers": ("handler", {"kind": "card", "number": "X99999999", "to": "numbers", **CASE}),
    "/desk/packs/new": ("data-officer", {"auditor": "a-9", "case_ref": "审〔2026〕1", "reason": WORDS}),
    "/centre/invitations": ("head", {"name": WORDS, "position": "clerk", "until": "2020-02-20"}),
    "/me/fees/mandate": ("worker", {"most": "sehr viel", "until_on": "2020-01-01"}),
    "/centre/fees": (
        "head",
        {
            "kind": "class",
            "course": "2026-01",
            "title": WORDS,
            "units": "viele",
            "until_on": "2020-01-01",
            "amount": "sehr viel",
            "from_on": "2020-02-01",
            "basis": WORDS,
            "published_on": "2020-01-01",
        },
    ),
    "/centre/apprentices": (
        "head",
        {"course": "X-1", "title": WORDS, "occupation": "6-31-01-03", "places": "viele", "level": "4"},
    ),
    "/me/credits": ("worker", {"number": "12"}),
    "/me/account": ("worker", {"name": WORDS, "bank": "105871000019"}),
    "/me/share": (
        "worker",
        {"to": "institution", "which": "all", "days": "90", "uscc": "", "uses": "7", "part": "chosen"},
    ),
    "/me/helpers": ("worker", {"name": WORDS, "days": "90"}),
    "/me/statement": (
        "worker",
        {"matter": "work", "title": "", "started_on": "2020-01-01", "text": WORDS},
    ),
    "/desk/people/emergency": ("handler", {"hours": "9", "reason": WORDS}),
    "/desk/workers/{worker}": ("handler", {"case_ref": "K-7"}),
    "/desk/workers/{worker}/cards/reassign": ("handler", {"change": "reassign", **CHANGE}),
    "/desk/institutions/close": ("registrar", {"code": "123", "on": "2025-09-01", "source": WORDS}),
    "/desk/draws/new": (
        "inspector",
        {"area": "abc", "issue": "2026-1", "event_on": "2026-02-30", "percent": "halb", "inspectors": "zwei"},
    ),
    "/desk/recoveries": (
        "handler",
        {"claim_id": "K-1", "ground": "obtained-falsely", "amount": "很多", "words": WORDS},
    ),
    "/desk/payee-accounts/new": (
        "handler",
        {"of": "institution", "uscc": "9164", "name": WORDS, "bank": "105871000019"},
    ),
    "/desk/funds/new": (
        "handler",
        {
            "fund": "UNEMP_INS",
            "year": "二〇二六",
            "region": "64010",
            "kind": "TRAIN",
            "amount": "很多",
            "doc": WORDS,
            "reason": WORDS,
        },
    ),
    "/desk/clients/new": (
        "registrar",
        {
            "kind": "centre",
            "name": WORDS,
            "institution": "123",
            "scopes": "records:write",
            "jwk": "kein Schlüssel",
            "since": "2026-01-01",
            "until": "2026-02-01",
            "units_a_day": "viel",
            "at_once": "0",
        },
    ),
    "/desk/workers/{worker}/cards/withdraw": ("handler", {"change": "withdraw", **CHANGE}),
}
"""Form -> who sends it, and what is typed that must stand again."""

WORKER, RECORD = "/desk/workers/<id:worker_id>", "/desk/workers/<id:worker_id>/records/<id:record_id>"
ACTS = "tests/web/test_desk_acts.py: the form of an act, in a page and by a renewed look"
CLIENTS = "tests/web/test_client_pages.py: needs a client"
BANK = "tests/web/test_bank_pages.py: needs payments, or a file is chosen and words stay"
FEES = "tests/money/fees/test_pages.py: needs offerings and orders"
CASES = "tests/web/test_centre_disputes.py: needs a case"
CLAIMS = "tests/money/claims/test_desk_pages.py: needs a claim"
CLASSES = "tests/web/test_class_pages.py: needs a class"
BUTTON = "a button with a hidden id: nothing is typed"
SECRET = "a code or a number that is typed anew, and stands in no page"
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys((f"{WORKER}/{one.name}" for one in ACTS_OF_DESK if not one.record), ACTS),
    **dict.fromkeys((f"{RECORD}/{one.name}" for one in ACTS_OF_DESK if one.record), ACTS),
    f"{RECORD}/trust": "tests/web/test_remaining_pages.py: needs evidence from elsewhere",
    f"{WORKER}/restrict": ACTS,
    f"{WORKER}/division": "tests/web/test_remaining_pages.py: needs a look",
    f"{WORKER}/strays/<what>/<id:matter_id>": "tests/web/test_remaining_pages.py: needs a merge undone",
    f"{WORKER}/hold-copy": "sends a file, once; what lacks is asked for in place (test_desk_acts.py)",
    f"{WORKER}/copy": "sends a file; what lacks is asked for in place (test_desk_acts.py)",
    f"{WORKER}/papers/<name>": "tests/web/test_desk_acts.py: a file is chosen, words stay",
    f"{RECORD}/papers/<name>": "tests/web/test_desk_acts.py: a file is chosen, words stay",
    f"{WORKER}/numbers/papers": "below: a file is chosen, words stay",
    "/desk/disputes/<id:dispute_id>": "tests/web/test_desk_acts.py: the gate before a case",
    "/desk/disputes/<id:dispute_id>/decide": "tests/web/test_desk_acts.py: needs a case",
    "/desk/disputes/<id:dispute_id>/messages": "tests/web/test_desk_acts.py: needs a case",
    "/desk/held/<id:held_id>": "tests/web/test_desk_acts.py: the gate before a held record",
    "/desk/held/<id:held_id>/release": "tests/web/test_desk_acts.py: needs a held record",
    "/desk/held/<id:held_id>/return": "tests/web/test_desk_acts.py: needs a held record",
    "/desk/proposals/<id:proposal_id>/decide": "tests/web/test_desk_pages.py: needs a proposal",
    "/desk/proposals/<id:proposal_id>/withdraw": "tests/web/test_desk_pages.py: needs a proposal",
    "/desk/looked/<id:look_id>": "tests/web/test_looked_pages.py: needs a question",
    "/desk/alarms/<id:key>": "tests/web/test_looked_pages.py: needs an alarm",
    "/desk/emergencies/<id:case_id>/close": "tests/web/test_people_pages.py: needs a case",
    "/desk/identity/<id:mismatch_id>": "tests/oidc/test_links.py: needs an account in doubt",
    "/desk/recoveries/<id:recovery_id>": "tests/money/recovery/test_pages.py: the gate before a case",
    "/desk/recoveries/<id:recovery_id>/<act>": "tests/money/recovery/test_pages.py: needs a case",
    "/me/recoveries/<id:recovery_id>/words": "tests/money/recovery/test_pages.py: needs a case",
    "/me/fees/<id:order_id>/pay": "tests/web/test_window_money.py: a proof alone, which is typed anew",
    "/me/recoveries/<id:recovery_id>/offset/<word>": "tests/money/recovery/test_pages.py: typed anew",
    "/desk/staff/<staff_id>/codes": "tests/web/test_head_pages.py: needs a head",
    "/desk/draws/<id:draw_id>/reveal": "tests/journeys/test_draw_pages.py: needs a draw",
    **dict.fromkeys(
        (f"/desk/draws/<id:draw_id>/objects/<object_id>/{one}" for one in ("report", "papers")),
        "tests/journeys/test_draw_pages.py: needs an inspector who was drawn",
    ),
    "/desk/draws/<id:draw_id>/objects/<object_id>/confirm": BUTTON,
    "/desk/bank/breaks/<id:break_id>": BANK,
    "/desk/bank/proposals/<id:payers_proposal>": BANK,
    "/desk/bank/files": BANK,
    "/desk/bank/batches": BUTTON,
    **dict.fromkeys(
        (f"/desk/{side}/<id:claim_id>{rest}" for side in ("claims", "payables") for rest in ("", "/steps")),
        CLAIMS,
    ),
    **dict.fromkeys(("/desk/claims/list", "/desk/claims/publish", "/desk/payables"), BUTTON),
    f"{WORKER}/slips/<id:paper_id>": "tests/web/test_slip_checks.py: needs a signed slip",
    "/desk/own-archive": SECRET,
    **dict.fromkeys(
        (f"/desk/clients/<client_id>/{one}" for one in ("suspend", "lift", "keys", "keys/revoke", "terms")),
        CLIENTS,
    ),
    "/desk/feeds/settle": "tests/web/test_feed_pages.py: needs a ticket",
    "/desk/funds/<line_id>/<act>": "tests/web/test_fund_pages.py: needs a budget line",
    "/desk/rules/new": "tests/web/test_desk_rule_pages.py: a file may be chosen, the text stays",
    **dict.fromkeys(
        (f"/desk/rules/<sha256>/{one}" for one in ("simulate", "publish")),
        "tests/web/test_desk_rule_pages.py: needs a version",
    ),
    "/desk/catalogue": "tests/web/test_desk_rule_pages.py: a file is chosen",
    "/desk/catalogue/propose": "tests/web/test_desk_rule_pages.py: needs a sheet that was tried",
    **dict.fromkeys(
        (f"/desk/imports/{one}" for one in ("try", "answer", "propose")),
        "tests/web/test_desk_imports.py: needs a file",
    ),
    "/centre/disputes/<id:dispute_id>/answer": CASES,
    "/centre/disputes/<id:dispute_id>/messages": CASES,
    "/centre/people/<staff_id>/end": BUTTON,
    "/centre/claims": "tests/money/claims/test_behalf_doors.py: numbers are typed once",
    "/centre/apprentices/<id:plan_id>/<act>": "tests/money/recovery/test_apprentice_doors.py: needs a plan",
    "/me/agencies": "tests/money/claims/test_behalf_doors.py: needs an institution of claims",
    "/me/agencies/end": BUTTON,
    "/centre/fees/<id:offering_id>/<act>": FEES,
    "/centre/fees/<id:offering_id>/payments/<id:fee_payment_id>/check": BUTTON,
    "/centre/fees/<id:offering_id>/refunds/<id:refund_id>/give": FEES,
    "/desk/fees/disputes/<id:order_id>": FEES,
    "/me/fees/<id:order_id>/dispute": "a choice of a few, one is always chosen",
    "/centre/classes/new": CLASSES,
    **dict.fromkeys(
        (
            "/centre/groups",
            "/centre/groups/new",
            *(f"/centre/groups/<id:record_id>/{one}" for one in ("correct", "end", "withdraw", "trainings")),
            *(f"/centre/groups/waiting/<id:proposal_id>/{one}" for one in ("decide", "withdraw")),
        ),
        "tests/web/test_group_pages.py: needs a department",
    ),
    **dict.fromkeys(
        (
            f"/centre/classes/<id:class_id>/{one}"
            for one in ("learners", "learners/remove", "teachers", "days", "marks", "return", "void")
        ),
        CLASSES,
    ),
    "/centre/classes/<id:class_id>/teachers/end": BUTTON,
    "/centre/people/<staff_id>/code": BUTTON,
    "/centre/shared/<id:consent_id>/open": SECRET,
    "/me/foreign": "tests/web/test_desk_acts.py: a scan is chosen, words stay",
    "/me/papers": "tests/web/test_papers.py: a file is chosen",
    "/me/records/<id:record_id>/claims/<kind>": "tests/money/claims/test_assessments.py: needs a certificate",
    "/me/records/<id:record_id>/contest": "tests/web/test_saying.py: needs a record",
    "/me/disputes/<id:dispute_id>/messages": "tests/web/test_saying.py: needs a case",
    "/me/notices/phone": "tests/web/test_notices.py: a wrong number is not repeated",
    "/me/notices/phone/remove": SECRET,
    "/me/for/accept": SECRET,
    **dict.fromkeys(("/me/for", "/me/for/end", "/me/helpers/end", "/me/share/end"), BUTTON),
    "/desk/feeds/replay": BUTTON,
    "/window": "below: numbers lie on the counter and are typed anew",
}
"""Forms of the desk, centre and worker that are not in the table, each with the reason or the test."""
HIDDEN = frozenset(
    {"csrf_token", "once", "look", "renew", "seen", "ids", "proposal", "issuer", "kept", "change", "to"}
)
"""Fields that pages fill in themselves."""


def typed_pages() -> set[str]:
    """Every POST page of desk, centre, worker and window whose form has a field that somebody types."""
    app = service.skeleton()
    found = set()
    for rule in app.url_map.iter_rules():
        declared = doors(app)[rule.endpoint]
        room = rule.rule.split("/")[1]
        if "POST" not in declared.methods or room not in ("desk", "centre", "me", "window"):
            continue
        schema = getattr(declared.body, "schema", None)
        if schema is not None and set(schema().fields) - HIDDEN:
            found.add(rule.rule)
    return found


def test_every_form_that_somebody_types_into_is_here_or_excepted() -> None:
    named = {one.replace("{worker}", "<id:worker_id>") for one in FORMS}
    found = typed_pages()
    assert sorted(found - named - ELSEWHERE.keys()) == []
    assert sorted((named | ELSEWHERE.keys()) - found) == []
    assert sorted(named & ELSEWHERE.keys()) == []


CHOSEN = (
    "matter",
    "kind",
    "fund",
    "ground",
    "standing",
    "document",
    "role",
    "purpose",
    "lost",
    "days",
    "position",
)


@pytest.fixture
def sends(app: flask.Flask, centre: Any, ids: dict[str, str]) -> Any:
    assert ids
    return lambda kind: centre(Position.HEAD) if kind == "head" else Visitor(app).login(kind)


def stands(page: str, value: str) -> bool:
    """Tell whether a text stands in a field, an area, or as the chosen or ticked one."""
    shown = html.escape(value, quote=True)
    return any(
        part in page
        for part in (f'value="{shown}"', f">{shown}</textarea>", f">{html.escape(value)}</textarea>")
    )


def chosen(page: str, value: str) -> bool:
    return f'value="{value}" selected' in page or f'value="{value}" checked' in page


@pytest.mark.parametrize("address", list(FORMS))
def test_a_refused_form_comes_back_as_it_was_typed(
    sends: Any, region: Region, worker: dict[str, Any], address: str
) -> None:
    kind, typed = FORMS[address]
    path = address.format(worker=uuid_text(region.worker_id(worker)))
    answer = sends(kind).post(path, **typed)
    assert answer.status_code in (404, 409, 422), answer.text
    sound(answer)
    for name, value in typed.items():
        listed = name in (*CHOSEN, "scopes")
        hidden = name == "purpose" and address.startswith("/desk/workers")
        if (name, address) == ("kind", "/desk/numbers") or name in ("to", "which", "part"):
            continue
        found = chosen(answer.text, value) if listed and not hidden else stands(answer.text, value)
        assert found, (name, value)


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        ("add", {"kind": "passport", "number": "E1234567"}),
        ("name", {"name": "买买提·新"}),
        ("stand", {"standing": "disputed"}),
    ],
)
def test_a_paper_filed_between_leaves_a_change_as_it_was_typed_and_is_chosen(
    sends: Any, house: House, region: Region, worker: dict[str, Any], change: str, typed: dict[str, str]
) -> None:
    handler = sends("handler")
    path = f"/desk/workers/{uuid_text(region.worker_id(worker))}/numbers"
    form = {"change": change, **CHANGE, **typed, "csrf_token": handler.csrf, "paper_kind": "certificate-scan"}

    def file(data: bytes) -> Any:
        answer = handler.client.post(
            f"{path}/papers", data=form | {"file": (io.BytesIO(data), "x.pdf")}, headers=BROWSER
        )
        sound(answer)
        assert stands(answer.text, WORDS)
        assert all(stands(answer.text, one) or chosen(answer.text, one) for one in typed.values())
        return answer

    assert file(b"not a paper").status_code == 422
    filed = file(pdf())
    assert filed.status_code == 200
    assert re.search(r'<option value="[0-9a-f-]{36}" selected>', filed.text), "the paper is chosen"
    with house.db.read() as conn:
        noted = [one.fields for one in of_worker(conn, region.worker_id(worker))]
    assert noted.count("identity") == 2, "each answer shows numbers, and says so in the archive"


def test_the_window_asks_again_with_the_case_and_without_the_numbers(sends: Any) -> None:
    typed = {"document": "passport", "number": "E7654321", "card": "", **CASE}
    answer = sends("handler").post("/window", **typed)
    assert answer.status_code == 422
    sound(answer)
    assert chosen(answer.text, "passport")
    assert stands(answer.text, "K-7")
    assert "E7654321" not in answer.text, "it lies on the counter and is typed anew"

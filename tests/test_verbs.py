"""Every verb of a life, by interface, command and page: the page names what is there, and all of it.

The rows are written here, by hand, since only a person can say which doors are one verb; what they name is
held against the doors and commands themselves. `UPDATE_VERBS=1 pytest tests/test_verbs.py` writes the page.
"""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from recordsvc import service
from tests.test_commands import EVERY

DOCUMENT = Path(__file__).parent.parent / "docs" / "verbs.md"
HEAD = """# Every verb, by interface, command and page

What can be done to an archive and to what belongs to it. This page is written by
`UPDATE_VERBS=1 pytest tests/test_verbs.py`, which also fails when a door or command named here is gone, and
when a new door or command of these rooms stands in no row. `{w}` is `/v1/desk/workers/{id}` in the second
column and `/desk/workers/{id}` in the others. What takes two officials is proposed by the verb and decided by
*decide a proposal*. `window` commands are the worker's verb, spoken at the counter; `centre` commands are an
institution's, on its own machine; `--official` takes an official's one-time code.

A dash: there is no way. In the worker's column it is an act of officials or institutions, which nobody does
to their own archive: the worker asks for it at the window, or contests. In the last column but one it is the
worker's own word: a clerk who serves the worker speaks it on the worker's pages. Any other dash has its
reason in the last column.

Lives lived through these doors, end to end, each a test in `tests/journeys/`: a replaced card
(`test_replaced_card.py`), an old welder with paper certificates (`test_old_welder.py`), a villager trained
elsewhere (`test_villager.py`), a record of the wrong person (`test_wrong_person.py`), a closed centre
(`test_closed_centre.py`), somebody who died (`test_deceased.py`).

| verb | interface | command `recordsvc …` | page of the worker | page of officials and institutions | why |
|---|---|---|---|---|---|
"""
DESK, PAGE = "/v1/desk/workers/<id:worker_id>", "/desk/workers/<id:worker_id>"
MINE, PEER = "/v1/me/records/<id:record_id>", "/v1/institution"
CASE, PAPER = "/<id:dispute_id>", "/<id:paper_id>"


class Verb(NamedTuple):
    """One row: doors as method and rule, commands without the first word; empty: there is none."""

    name: str
    api: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    desk: tuple[str, ...] = ()
    why: str = ""
    """Why there is no door, no command, or no page at all."""


def act(name: str, *, record: bool = False) -> dict[str, tuple[str, ...]]:
    """The doors of an act of the desk, which are named alike, with its form and its command."""
    place = f"/records/<id:record_id>/{name}" if record else f"/{name}"
    return {
        "api": (f"POST {DESK}{place}",),
        "commands": (f"case {name}",),
        "desk": (f"GET {PAGE}{place}", f"POST {PAGE}{place}"),
    }


WHY_CLAIMS = "a claim is decided on facts of the moment and read with its reasons: by whoever asks, signed in"
WHY_FEES = "an order is the payer's own word, at the price of the day, signed in or at the window"
VERBS = (
    # -- claims
    Verb("list one's claims", api=("GET /v1/me/claims",), own=("GET /me/claims",), why=WHY_CLAIMS),
    Verb(
        "claim a subsidy",
        api=("POST /v1/me/claims",),
        own=("POST /me/records/<id:record_id>/claims/<kind>",),
        why=WHY_CLAIMS,
    ),
    Verb(
        "see why, which article, where a claim stands",
        api=("GET /v1/me/claims/<id:claim_id>",),
        own=(
            "GET /me/claims/<id:claim_id>",
            "GET /me/claims/<id:claim_id>/receipt",
            "GET /me/claims/<id:claim_id>/receipt.txt",
        ),
        why=WHY_CLAIMS,
    ),
    Verb(
        "see who may claim for one", api=("GET /v1/me/agencies",), own=("GET /me/agencies",), why=WHY_CLAIMS
    ),
    Verb(
        "let an institution claim for one",
        api=("POST /v1/me/agencies",),
        own=("POST /me/agencies",),
        why="the worker's own word, with a fresh proof: on the page, by interface or at the window",
    ),
    Verb(
        "end or deny such a contract",
        api=("POST /v1/me/agencies/<id:agency_id>/end",),
        own=("POST /me/agencies/end",),
        why="the worker's own word: on the page, by interface or at the window",
    ),
    Verb(
        "claim for workers on a sheet, and see what became of it",
        api=(
            "POST /v1/institution/claim-bundles",
            "GET /v1/institution/claim-bundles",
            "GET /v1/institution/claim-bundles/<id:bundle_id>",
            "GET /v1/institution/claims",
        ),
        why="an institution's people do it at `/centre/claims`, its machine by interface",
    ),
    Verb(
        "file plans of apprentices, name who has their places, note who left, give places up",
        api=(
            "GET /v1/institution/apprentice-plans",
            "POST /v1/institution/apprentice-plans",
            "GET /v1/institution/apprentice-plans/<id:plan_id>",
            "POST /v1/institution/apprentice-plans/<id:plan_id>/apprentices",
            "POST /v1/institution/apprentice-plans/<id:plan_id>/leave",
            "POST /v1/institution/apprentice-plans/<id:plan_id>/end",
        ),
        why="an enterprise's people do it at `/centre/apprentices`, its machine by interface",
    ),
    Verb(
        "see and give up contracts as an institution",
        api=("GET /v1/institution/agencies", "POST /v1/institution/agencies/<id:agency_id>/end"),
        why="an institution's machine or people, by interface",
    ),
    Verb(
        "supplement or withdraw a claim",
        api=("POST /v1/me/claims/<id:claim_id>/steps",),
        own=("POST /me/claims/<id:claim_id>/supplement", "POST /me/claims/<id:claim_id>/withdraw"),
        why=WHY_CLAIMS,
    ),
    # -- fees
    Verb("list one's fees", api=("GET /v1/me/fees",), own=("GET /me/fees",), why=WHY_FEES),
    Verb(
        "order a class or exam",
        api=("POST /v1/me/fees",),
        own=("POST /me/fees/<id:offering_id>/order",),
        why=WHY_FEES,
    ),
    Verb(
        "see how to pay, what came, what goes back",
        api=("GET /v1/me/fees/<id:order_id>",),
        own=("GET /me/fees/<id:order_id>", "GET /me/fees/<id:order_id>/receipt"),
        why=WHY_FEES,
    ),
    Verb(
        "consent to be debited, see it, end it at once",
        api=("GET /v1/me/fee-mandate", "POST /v1/me/fee-mandate", "POST /v1/me/fee-mandate/end"),
        own=("POST /me/fees/mandate", "POST /me/fees/mandate/end"),
        why=WHY_FEES,
    ),
    Verb(
        "have an order debited",
        api=("POST /v1/me/fees/<id:order_id>/debit",),
        own=("POST /me/fees/<id:order_id>/debit",),
        why=WHY_FEES,
    ),
    Verb(
        "pay an order at once",
        api=("POST /v1/me/fees/<id:order_id>/pay",),
        own=("POST /me/fees/<id:order_id>/pay",),
        why=WHY_FEES,
    ),
    Verb(
        "give up an order",
        api=("POST /v1/me/fees/<id:order_id>/cancel",),
        own=("POST /me/fees/<id:order_id>/cancel",),
        why=WHY_FEES,
    ),
    Verb(
        "dispute a fee",
        api=("POST /v1/me/fees/<id:order_id>/dispute",),
        own=("POST /me/fees/<id:order_id>/dispute",),
        why=WHY_FEES,
    ),
    Verb(
        "see what is asked back of one, why, and how to object",
        api=("GET /v1/me/recoveries", "GET /v1/me/recoveries/<id:recovery_id>"),
        own=("GET /me/recoveries/<id:recovery_id>",),
        why=WHY_CLAIMS,
    ),
    Verb(
        "see and enter the account that one is paid to",
        api=("GET /v1/me/payee-accounts", "POST /v1/me/payee-accounts"),
        own=("GET /me/account", "POST /me/account"),
        why="a fresh proof is the worker's own, and an account number is no word of a command",
    ),
    Verb(
        "see one's reference credits, enter one's account at the credit bank",
        api=("GET /v1/me/credits", "POST /v1/me/credits/account"),
        own=("GET /me/credits", "POST /me/credits"),
        why="a fresh proof is the worker's own, and an account number is no word of a command",
    ),
    Verb(
        "enter the account that somebody is paid to, see what is not verified",
        (
            "GET /v1/desk/payee-accounts",
            "POST /v1/desk/payee-accounts",
            "GET /v1/desk/payee-accounts/<id:payee_account_id>",
        ),
        ("payee list", "payee enter", "payee show"),
        desk=(
            "GET /desk/payee-accounts",
            "GET /desk/payee-accounts/new",
            "POST /desk/payee-accounts/new",
        ),
    ),
    Verb(
        "say something against what is asked back",
        api=("POST /v1/me/recoveries/<id:recovery_id>/words",),
        own=("POST /me/recoveries/<id:recovery_id>/words",),
        why=WHY_CLAIMS,
    ),
    Verb(
        "agree, or no longer, that protected subsidies are kept back for it",
        api=("POST /v1/me/recoveries/<id:recovery_id>/offset",),
        own=("POST /me/recoveries/<id:recovery_id>/offset/<word>",),
        why=WHY_CLAIMS,
    ),
    # -- cards and numbers
    Verb(
        "take card facts from the registry",
        commands=("cards import", "cards read"),
        why="the registry's word selects archives for writing: it comes from the registry's file or reader, "
        "by the operator, and never through the hands of one official, who could give anybody's card to "
        "anybody; at the counter a card is confirmed beside its holder's document",
    ),
    Verb(
        "confirm a card that a centre named",
        ("POST /v1/desk/cards/confirm",),
        ("numbers confirm-card",),
        desk=("POST /desk/cards/confirm",),
    ),
    Verb(
        "see numbers, names and cards",
        ("GET /v1/me/cards", f"GET {DESK}/numbers", "GET /v1/desk/disputed"),
        ("numbers list", "window numbers"),
        ("GET /me/cards",),
        ("GET /desk/numbers", f"GET {PAGE}/numbers"),
    ),
    Verb(
        "enter a number: 15 → 18 digits, permit, corrected duplicate",
        (f"POST {DESK}/numbers",),
        ("numbers add",),
        desk=(f"POST {PAGE}/numbers", f"POST {PAGE}/numbers/papers"),
    ),
    Verb(
        "say how a number stands: in force, replaced, disputed",
        (f"POST {DESK}/numbers/standing",),
        ("numbers stand",),
        desk=(f"POST {PAGE}/numbers/standing",),
    ),
    Verb("change a name", (f"POST {DESK}/names",), ("numbers rename",), desk=(f"POST {PAGE}/names",)),
    Verb(
        "give a card to another person",
        (f"POST {DESK}/cards/reassign",),
        ("numbers reassign",),
        desk=(f"POST {PAGE}/cards/reassign",),
    ),
    Verb(
        "withdraw a card fact",
        (f"POST {DESK}/cards/withdraw",),
        ("numbers withdraw-event",),
        desk=(f"POST {PAGE}/cards/withdraw",),
    ),
    Verb(
        "find a person's archive",
        ("POST /v1/desk/workers/find", f"GET {DESK}/archive"),
        ("window list",),
        ("GET /me",),
        ("POST /desk/numbers", f"GET {PAGE}", f"POST {PAGE}"),
    ),
    Verb(
        "place a person in a division",
        (f"POST {DESK}/division",),
        ("case place",),
        desk=(f"GET {PAGE}/division", f"POST {PAGE}/division"),
    ),
    # -- one person, several archives
    Verb("merge two archives", **act("merge")),
    Verb("undo a merge", **act("unmerge")),
    Verb(
        "list what strayed meanwhile",
        (f"GET {DESK}/strays",),
        ("case strays",),
        desk=(f"GET {PAGE}/strays",),
    ),
    Verb(
        "say whose a paper or a word of a merge undone is",
        (f"POST {DESK}/strays",),
        ("case settle",),
        desk=(f"GET {PAGE}/strays/<what>/<id:matter_id>", f"POST {PAGE}/strays/<what>/<id:matter_id>"),
    ),
    Verb("move a record to its person", **act("move", record=True)),
    # -- papers
    Verb(
        "import old papers, vouched for; see them upgraded by the issuer",
        ("GET /v1/desk/imports", "POST /v1/desk/imports/try", "POST /v1/desk/imports"),
        ("import",),
        desk=(
            "GET /desk/imports",
            *(f"POST /desk/imports/{act}" for act in ("try", "answer", "propose")),
        ),
    ),
    Verb(
        "file and open a paper",
        (
            "GET /v1/me/papers",
            "POST /v1/me/papers",
            f"GET /v1/me/papers{PAPER}",
            f"GET {DESK}/papers",
            f"POST {DESK}/papers",
            f"GET {DESK}/papers{PAPER}",
        ),
        ("paper list", "paper add", "paper save", "case papers", "case paper-save"),
        ("GET /me/papers", "POST /me/papers", f"GET /me/papers{PAPER}"),
        (
            f"GET {PAGE}/papers",
            f"GET {PAGE}/papers{PAPER}",
            f"POST {PAGE}/papers/<name>",
            f"POST {PAGE}/records/<id:record_id>/papers/<name>",
        ),
    ),
    Verb(
        "open what a proposal rests on, as who may decide it",
        (
            "GET /v1/desk/proposals/<id:proposal_id>/papers",
            "GET /v1/desk/proposals/<id:proposal_id>/papers/<n>",
        ),
        ("case proposal-papers", "case proposal-paper"),
        desk=("GET /desk/proposals/<id:proposal_id>/papers/<n>",),
    ),
    Verb(
        "see which records a proposal is about, as who may decide it",
        ("GET /v1/desk/proposals/<id:proposal_id>/records",),
        ("case proposal-records",),
        why="the page of the proposal shows them",
    ),
    Verb(
        "seal what was moved before moves sealed it",
        commands=("case seal-moved",),
        why="once after an upgrade, by a data officer at the console",
    ),
    Verb(
        "open the rows of a proposed import, as who may decide it",
        ("GET /v1/desk/proposals/<id:proposal_id>/rows",),
        desk=("GET /desk/proposals/<id:proposal_id>/rows",),
        why="rows are compared on the page or by interface, portion by portion",
    ),
    Verb(
        "file and open an institution's paper",
        (
            f"GET {PEER}/papers",
            f"POST {PEER}/papers",
            f"GET {PEER}/papers{PAPER}",
            "GET /v1/desk/institutions/<uscc>/papers",
            f"GET /v1/desk/institutions/<uscc>/papers{PAPER}",
        ),
        (
            *("centre papers", "centre paper-add", "centre paper-save"),
            *("institution papers", "institution paper-save"),
        ),
        desk=(
            "GET /desk/papers",
            "POST /desk/papers",
            "GET /desk/papers/<uscc>",
            f"GET /desk/papers/<uscc>{PAPER}",
        ),
    ),
    Verb(
        "state evidence from elsewhere",
        ("POST /v1/me/foreign-evidence",),
        ("window foreign",),
        ("GET /me/foreign", "POST /me/foreign"),
    ),
    Verb(
        "say how far evidence from elsewhere is trusted",
        (f"POST {DESK}/records/<id:record_id>/trust",),
        ("case trust",),
        desk=(f"GET {PAGE}/records/<id:record_id>/trust", f"POST {PAGE}/records/<id:record_id>/trust"),
    ),
    Verb(
        "state something of oneself",
        ("POST /v1/me/statements",),
        ("window state",),
        ("GET /me/statement", "POST /me/statement"),
    ),
    Verb(
        "see what one's certificates may bring",
        ("GET /v1/me/entitlements",),
        own=("GET /me/entitlements",),
        why="a look at one's own certificates; at the counter the worker's page is opened in their place",
    ),
    # -- the worker's word
    Verb(
        "read one's archive, a record, its receipt",
        ("GET /v1/me/archive", "GET /v1/me/bundle", f"GET {MINE}"),
        ("window list",),
        (
            "GET /me",
            "GET /me/bundle",
            "GET /me/records/<id:record_id>",
            "GET /me/records/<id:record_id>/file",
            "GET /me/records/<id:record_id>/receipt",
        ),
    ),
    Verb(
        "take a certificate on paper",
        ("GET /v1/me/certificate", f"GET {MINE}/certificate"),
        ("window certificate",),
        ("GET /me/bundle", "GET /me/records/<id:record_id>"),
    ),
    Verb(
        "confirm a record",
        (f"POST {MINE}/confirm",),
        ("window confirm",),
        ("POST /me/records/<id:record_id>/confirm", "GET /me/records/<id:record_id>/said"),
    ),
    Verb(
        "contest a record",
        (f"POST {MINE}/contest",),
        ("window contest",),
        ("GET /me/records/<id:record_id>/contest", "POST /me/records/<id:record_id>/contest"),
    ),
    # -- objections
    Verb(
        "see objections",
        (
            "GET /v1/me/disputes",
            f"GET {PEER}/disputes",
            f"GET {PEER}/disputes{CASE}",
            "GET /v1/desk/disputes",
            f"GET /v1/desk/disputes{CASE}",
        ),
        (
            *("window disputes", "centre objections", "centre objection"),
            *("objections list", "objections show"),
        ),
        ("GET /me/disputes",),
        (
            "GET /centre/disputes",
            f"GET /centre/disputes{CASE}",
            "GET /desk/disputes",
            f"GET /desk/disputes{CASE}",
            f"POST /desk/disputes{CASE}",
        ),
    ),
    Verb(
        "say something in an objection",
        (
            f"POST /v1/me/disputes{CASE}/messages",
            f"POST {PEER}/disputes{CASE}/messages",
            f"POST /v1/desk/disputes{CASE}/messages",
        ),
        ("window say", "centre say", "objections say"),
        (f"POST /me/disputes{CASE}/messages",),
        (f"POST /centre/disputes{CASE}/messages", f"POST /desk/disputes{CASE}/messages"),
    ),
    Verb(
        "answer an objection",
        (f"POST {PEER}/disputes{CASE}/answer",),
        ("centre answer",),
        desk=(f"POST /centre/disputes{CASE}/answer",),
    ),
    Verb(
        "decide an objection",
        (f"POST /v1/desk/disputes{CASE}/decide",),
        ("objections decide",),
        desk=(f"POST /desk/disputes{CASE}/decide",),
    ),
    Verb(
        "close an institution, retire its keys",
        (
            "POST /v1/desk/institutions/<uscc>/facts",
            "POST /v1/desk/issuers/<issuer>/keys/retire",
        ),
        ("institution state", "institution retire-keys"),
        desk=(
            *("GET /desk/institutions/close", "POST /desk/institutions/close"),
            *("GET /desk/issuers/retire", "POST /desk/issuers/retire"),
        ),
    ),
    # -- funds
    Verb(
        "see what each budget line has, and what was booked on it",
        ("GET /v1/desk/funds", "GET /v1/desk/funds/<line_id>", "GET /v1/desk/funds/<line_id>/journal"),
        ("fund list", "fund show", "fund journal"),
        desk=("GET /desk/funds", "GET /desk/funds/<line_id>"),
    ),
    Verb(
        "allot, shift or recall a budget",
        ("POST /v1/desk/funds/moves",),
        ("fund propose-allot", "fund propose-shift", "fund propose-recall"),
        desk=("GET /desk/funds/new", "POST /desk/funds/new", "POST /desk/funds/<line_id>/<act>"),
    ),
    # -- rules and the catalogue
    Verb(
        "see which rules and standards hold on a day",
        ("GET /v1/rules", "GET /v1/rules/<code>", "GET /v1/catalogue"),
        ("rules list",),
        why="everybody reads them at /rules and /catalogue, whoever they are",
    ),
    Verb(
        "check the text of a rule on one's own machine",
        (),
        ("rules check",),
        why="needs no service: whoever writes a rule tries it before anybody sees it",
    ),
    Verb(
        "take an extract of another register",
        ("GET /v1/desk/registers",),
        ("rules take",),
        why="whole files of other authorities are brought in where the service runs; the desk reads which",
    ),
    Verb(
        "see rules in every state, what holds and what ends soon",
        ("GET /v1/desk/rules", "GET /v1/desk/rules/<sha256>"),
        ("rules versions",),
        desk=("GET /desk/rules", "GET /desk/rules/<sha256>"),
    ),
    Verb(
        "draft, check and try a rule",
        (
            "POST /v1/desk/rules",
            "POST /v1/desk/rules/<sha256>/check",
            "POST /v1/desk/rules/<sha256>/simulate",
        ),
        ("rules draft", "rules simulate"),
        desk=(
            *("GET /desk/rules/new", "POST /desk/rules/new"),
            *("POST /desk/rules/<sha256>/check", "POST /desk/rules/<sha256>/simulate"),
        ),
    ),
    Verb(
        "propose to publish a rule",
        ("POST /v1/desk/rules/<sha256>/publish",),
        ("rules propose-publish",),
        desk=("POST /desk/rules/<sha256>/publish",),
    ),
    Verb(
        "propose the catalogue of standards",
        ("POST /v1/desk/catalogue",),
        ("rules propose-catalogue",),
        desk=("GET /desk/catalogue", "POST /desk/catalogue", "POST /desk/catalogue/propose"),
    ),
    # -- the ledger
    Verb(
        "see closed days, and a seal made anew",
        ("GET /v1/desk/ledger/days", "GET /v1/desk/ledger/days/<ledger_day>"),
        ("ledger days", "ledger seal"),
        desk=("GET /desk/ledger", "GET /desk/ledger/<ledger_day>"),
    ),
    Verb(
        "take vouchers, balances, the whole book",
        (
            "GET /v1/desk/ledger/vouchers",
            "GET /v1/desk/ledger/balances",
            "GET /v1/desk/ledger/beancount",
        ),
        ("ledger vouchers", "ledger balances", "ledger beancount"),
        why="whole tables in forms that accountants' and auditors' programs read, with nobody's data",
    ),
    # -- machines of institutions and receivers
    Verb(
        "see which machines may enter, their keys, what was done to them",
        ("GET /v1/desk/clients", "GET /v1/desk/clients/<client_id>"),
        ("client list", "client show"),
        desk=("GET /desk/clients", "GET /desk/clients/<client_id>"),
    ),
    Verb(
        "see the heads of an institution",
        ("GET /v1/desk/institutions/<uscc>/staff",),
        ("staff list",),
        desk=("GET /desk/staff",),
    ),
    Verb("enter a head", ("POST /v1/desk/staff",), ("staff propose",), desk=("POST /desk/staff",)),
    Verb(
        "let a head in who has lost every way in: decide a code, make it once",
        ("POST /v1/desk/staff/<staff_id>/codes", "POST /v1/desk/staff/<staff_id>/code"),
        ("staff propose-code", "staff code"),
        desk=("POST /desk/staff/<staff_id>/codes", "POST /desk/staff/<staff_id>/code"),
    ),
    Verb(
        "read who let whom in, and out, at institutions",
        ("GET /v1/desk/staff/acts",),
        ("staff acts",),
        desk=("GET /desk/staff/acts",),
    ),
    Verb(
        "see the people of one's institution; take an invitation back, end a position, close an account",
        (
            "GET /v1/centre/people",
            "POST /v1/centre/invitations/<id:invitation_id>/end",
            "POST /v1/centre/people/<staff_id>/end",
            "POST /v1/centre/people/<staff_id>/close",
        ),
        ("people list", "people take-back", "people end", "people close"),
        desk=(
            "GET /centre/people",
            "POST /centre/invitations/<id:invitation_id>/end",
            "POST /centre/people/<staff_id>/end",
            "POST /centre/people/<staff_id>/close",
        ),
    ),
    Verb(
        "register a machine, give it a key, lift its suspension",
        (
            "POST /v1/desk/clients",
            "POST /v1/desk/clients/<client_id>/keys",
            "POST /v1/desk/clients/<client_id>/lift",
        ),
        ("client propose", "client propose-key", "client propose-lift"),
        desk=(
            *("GET /desk/clients/new", "POST /desk/clients/new"),
            *("POST /desk/clients/<client_id>/keys", "POST /desk/clients/<client_id>/lift"),
        ),
    ),
    Verb(
        "change a machine's scopes and ceilings",
        ("POST /v1/desk/clients/<client_id>/terms",),
        ("client propose-terms",),
        desk=("POST /desk/clients/<client_id>/terms",),
    ),
    Verb(
        "stop a machine or one of its keys at once",
        ("POST /v1/desk/clients/<client_id>/suspend", "POST /v1/desk/clients/<client_id>/keys/revoke"),
        ("client suspend", "client end-key"),
        desk=("POST /desk/clients/<client_id>/suspend", "POST /desk/clients/<client_id>/keys/revoke"),
    ),
    Verb(
        "see which signed slips wait to be compared",
        ("GET /v1/desk/slips",),
        ("case slips",),
        desk=("GET /desk/slips",),
    ),
    Verb(
        "say what comparing a signed slip found",
        (f"POST {DESK}/slips{PAPER}",),
        ("case check-slip",),
        desk=(f"POST {PAGE}/slips{PAPER}",),
    ),
    # -- restricted, erased, closed
    Verb("restrict an archive", **act("restrict")),
    Verb("lift a restriction", **act("unrestrict")),
    Verb("restrict a record", **act("restrict", record=True)),
    Verb("lift the restriction of a record", **act("unrestrict", record=True)),
    Verb("decide a legal-hold copy of a restricted archive", **act("hold")),
    Verb(
        "make that copy, once",
        (f"POST {DESK}/hold-copy",),
        ("case hold-copy",),
        desk=(f"POST {PAGE}/hold-copy",),
    ),
    Verb("decide a legal-hold copy of a restricted record", **act("hold", record=True)),
    Verb("erase an archive", **act("erase")),
    Verb("erase a record", **act("erase", record=True)),
    Verb(
        "replay erasures after a restore, scrub bytes",
        commands=("erasure replay", "erasure scrub"),
        why="before it is done the service does not open, so that no door could answer",
    ),
    Verb(
        "let the log go on under another name, when its newest entries are lost for good",
        commands=("continuation propose", "continuation decide", "continuation show"),
        why="until it is decided the service does not open, so that no door could answer",
    ),
    Verb("close an archive after a death", **act("close")),
    Verb("reopen an archive closed in error", **act("reopen")),
    Verb(
        "decide a copy for relatives",
        (f"POST {DESK}/relatives",),
        ("case relatives",),
        desk=(f"GET {PAGE}/relatives", f"POST {PAGE}/relatives"),
    ),
    Verb("make that copy", (f"GET {DESK}/copy",), ("case copy",), desk=(f"POST {PAGE}/copy",)),
    # -- decisions and what waits
    Verb(
        "decide a proposal",
        (
            "GET /v1/desk/proposals",
            "POST /v1/desk/proposals/<id:proposal_id>/decide",
            "POST /v1/desk/proposals/<id:proposal_id>/withdraw",
        ),
        ("case list", "case decide"),
        desk=(
            "GET /desk/proposals",
            "GET /desk/proposals/<id:proposal_id>",
            "POST /desk/proposals/<id:proposal_id>/decide",
            "POST /desk/proposals/<id:proposal_id>/withdraw",
        ),
    ),
    Verb(
        "release or return a held record",
        (
            "GET /v1/desk/held",
            "GET /v1/desk/held/<id:held_id>",
            "POST /v1/desk/held/release",
            "POST /v1/desk/held/return",
        ),
        ("held list", "held show", "held release", "held return"),
        desk=(
            "GET /desk/held",
            "GET /desk/held/<id:held_id>",
            "POST /desk/held/<id:held_id>",
            "POST /desk/held/<id:held_id>/release",
            "POST /desk/held/<id:held_id>/return",
        ),
    ),
    # -- notices
    Verb(
        "read and mark notices",
        (
            "GET /v1/me/notices",
            "POST /v1/me/notices/read",
            f"GET {PEER}/notices",
            f"POST {PEER}/notices/read",
            "GET /v1/desk/notices",
            "POST /v1/desk/notices/read",
        ),
        (
            *("window notices", "window notices-read", "centre notices", "centre notices-read"),
            *("notices desk", "notices desk-read"),
        ),
        ("GET /me/notices", "POST /me/notices/read"),
        (
            "GET /centre/notices",
            "POST /centre/notices/read",
            "GET /desk/notices",
            "POST /desk/notices/read",
        ),
    ),
    Verb(
        "print notices for those without a phone",
        ("GET /v1/desk/notices/print", "POST /v1/desk/notices/printed"),
        ("notices print-list", "notices printed"),
        desk=("GET /desk/notices/print", "POST /desk/notices/printed"),
    ),
    Verb(
        "see and send again what was not delivered",
        commands=("notices dead", "notices replay", "notices skip"),
        why="what failed is the messenger, which the operator mends on the machine; the worker has the "
        "notice at `/me/notices`, and on paper where it matters",
    ),
    Verb(
        "give a phone number for notices",
        ("POST /v1/me/notices/phone", "POST /v1/me/notices/phone/remove"),
        ("window phone",),
        ("POST /me/notices/phone", "POST /me/notices/phone/remove"),
    ),
    Verb(
        "act for a worker at the counter",
        ("POST /v1/desk/services", "GET /v1/me/service", "POST /v1/me/service/end"),
        ("window activate",),
        (),
        (
            "GET /window",
            "POST /window",
            "POST /window/end",
            "GET /window/receipt",
            "GET /window/receipt.txt",
        ),
    ),
)
ROOMS = (
    *("/v1/me", "/v1/institution", "/v1/desk/workers", "/v1/desk/cards", "/v1/desk/disputed"),
    *("/v1/desk/institutions", "/v1/desk/issuers", "/desk/institutions"),
    *("/v1/desk/clients", "/desk/clients", "/v1/desk/funds", "/desk/funds"),
    *("/v1/desk/ledger", "/desk/ledger"),
    *("/v1/desk/rules", "/desk/rules", "/v1/desk/catalogue", "/desk/catalogue"),
    *("/v1/desk/imports", "/desk/imports"),
    *("/v1/desk/disputes", "/v1/desk/held", "/v1/desk/notices", "/v1/desk/proposals", "/v1/desk/services"),
    *("/me", "/window", "/centre/disputes", "/centre/notices", "/desk/workers", "/desk/cards"),
    *("/desk/disputes", "/desk/held", "/desk/issuers", "/desk/notices", "/desk/numbers", "/desk/papers"),
    "/desk/proposals",
)
"""Whatever stands below these belongs into a row,"""
ELSEWHERE = (
    *(
        "/v1/me/consents",
        "/v1/me/deliveries",
        "/v1/me/helpers",
        "/v1/me/helping",
        "/v1/me/looked",
        "/v1/me/services",
    ),
    "/v1/desk/institutions/<uscc>/division",
    *("/me/deliveries", "/me/for", "/me/helpers", "/me/looked", "/me/services", "/me/sessions", "/me/share"),
)
"""unless it is about sharing, helpers, who looked or signing in, which have pages of their own,"""
REGISTERS = (
    *("GET /v1/desk/institutions", "POST /v1/desk/institutions", "GET /v1/desk/issuers/<issuer>/keys"),
    "POST /v1/desk/issuers/<issuer>/keys",
    *(f"POST /v1/desk/issuers/<issuer>/keys/{act}" for act in ("lift", "revoke", "suspect", "suspend")),
)
"""or keeps the registers of institutions and keys, which no archive belongs to."""
GROUPS = (
    *("cards", "numbers", "case", "erasure", "continuation", "window", "notices", "paper", "import"),
    *(
        "held",
        "objections",
        "institution",
        "centre",
        "client",
        "staff",
        "people",
        "fund",
        "ledger",
        "rules",
        "payee",
    ),
)


def found_doors() -> set[str]:
    """Every door of the service as method and rule."""
    app = service.skeleton()
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def found_commands() -> set[str]:
    """Every command of the groups of these rooms; groups themselves do nothing."""
    words = {one.removeprefix("recordsvc ") for one in EVERY}
    leaves = {one for one in words if not any(other.startswith(f"{one} ") for other in words)}
    return {one for one in leaves if one.split()[0] in GROUPS}


def below(door: str, places: tuple[str, ...]) -> bool:
    """Whether a door stands at one of these places or below."""
    rule = door.split(" ", 1)[1]
    return any(rule == place or rule.startswith(f"{place}/") for place in places)


DOORS = {door for row in VERBS for door in (*row.api, *row.own, *row.desk)}


def test_every_door_that_a_row_names_is_there() -> None:
    assert sorted(DOORS - found_doors()) == []


def test_every_door_of_these_rooms_stands_in_a_row() -> None:
    asked = {door for door in found_doors() if below(door, ROOMS) and not below(door, ELSEWHERE)}

    assert sorted(asked - DOORS - set(REGISTERS)) == []
    assert sorted(set(REGISTERS) - asked) == []
    assert sorted(set(REGISTERS) & DOORS) == []


def test_rows_name_every_command_of_these_rooms_and_no_other() -> None:
    named = {command for row in VERBS for command in row.commands}

    assert named == found_commands()


@pytest.mark.parametrize("row", VERBS, ids=lambda row: row.name)
def test_a_row_names_each_door_in_its_column(row: Verb) -> None:
    assert all(door.split(" ", 1)[1].startswith("/v1/") for door in row.api)
    assert not any(door.split(" ", 1)[1].startswith("/v1/") for door in (*row.own, *row.desk))
    assert all(door.split(" ", 1)[1].startswith("/me") for door in row.own)


@pytest.mark.parametrize("row", VERBS, ids=lambda row: row.name)
def test_a_verb_that_lacks_door_command_or_page_says_why(row: Verb) -> None:
    whole = bool(row.api and row.commands and (row.own or row.desk))

    assert bool(row.why) != whole


def shown(door: str) -> str:
    """A door as the page writes it."""
    method, rule = door.split(" ", 1)
    rule = rule.replace(DESK, "{w}").replace(PAGE, "{w}")
    for name in ("worker_id", "record_id", "dispute_id", "paper_id", "proposal_id", "held_id"):
        rule = rule.replace(f"<id:{name}>", "{id}")
    return f"`{method} {rule.replace('<', '{').replace('>', '}')}`"


def described() -> str:
    """The page: a row for each verb, a dash where there is no such way."""
    lines = []
    for row in VERBS:
        cells = [
            row.name,
            "<br>".join(map(shown, row.api)) or "—",
            "<br>".join(f"`{one}`" for one in row.commands) or "—",
            *("<br>".join(map(shown, doors)) or "—" for doors in (row.own, row.desk)),
            row.why,
        ]
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(lines)


def test_the_page_of_verbs_is_what_the_rows_say() -> None:
    if os.environ.get("UPDATE_VERBS"):
        DOCUMENT.write_text(described(), "utf-8")

    assert DOCUMENT.read_text("utf-8") == described()

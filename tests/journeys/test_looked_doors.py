"""Every door by which somebody reads a worker's data who is not that worker leaves a row of who looked.

The list of doors comes from the application: a new one that nobody placed here makes a test fail. Each driven
door is knocked at with a real worker, the row is found, and without a row the door gives nothing away.
"""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from recordsvc.access import looked
from recordsvc.access.grants import POLICIES, Kind
from recordsvc.access.looked import Seen
from recordsvc.access.policy import doors
from recordsvc.submit import sign
from tests.archive.paperfiles import png
from tests.journeys.desk import HOST, Centre, Journey
from tests.journeys.test_closed_centre import contest, enter
from tests.journeys.test_papers import upload

WHY = "purpose=inspection&case_ref=K-1"
BODY = {"purpose": "inspection", "case_ref": "K-1"}


@dataclasses.dataclass
class Place:
    """A worker with a record, a paper and an open objection."""

    journey: Journey
    centre: Centre
    number: str
    worker_id: bytes
    paper: str
    dispute: str
    feeder: Centre

    @property
    def id(self) -> str:
        return str(uuid.UUID(bytes=self.worker_id))

    def looks(self) -> list[Seen]:
        with self.journey.house.db.read() as conn:
            return looked.of_worker(conn, self.worker_id)

    def official(self, path: str) -> Any:
        return self.journey.browser("reviewer")[0].get(path, base_url=HOST)


def _find(place: Place) -> Any:
    client, token = place.journey.browser("reviewer")
    body = {"kind": "resident-id", "number": place.number, **BODY}
    headers = {"X-CSRF-Token": token, "Origin": HOST}
    return client.post("/v1/desk/workers/find", json=body, base_url=HOST, headers=headers)


DRIVEN: dict[str, Callable[[Place], Any]] = {
    "POST /v1/desk/workers/find": _find,
    "GET /v1/desk/workers/<id:worker_id>/archive": lambda p: p.official(
        f"/v1/desk/workers/{p.id}/archive?{WHY}"
    ),
    "GET /v1/desk/workers/<id:worker_id>/numbers": lambda p: p.official(
        f"/v1/desk/workers/{p.id}/numbers?{WHY}"
    ),
    "GET /v1/desk/workers/<id:worker_id>/papers": lambda p: p.official(
        f"/v1/desk/workers/{p.id}/papers?{WHY}"
    ),
    "GET /v1/desk/workers/<id:worker_id>/papers/<id:paper_id>": lambda p: p.official(
        f"/v1/desk/workers/{p.id}/papers/{p.paper}?{WHY}"
    ),
    "GET /v1/desk/disputes/<id:dispute_id>": lambda p: p.official(f"/v1/desk/disputes/{p.dispute}?{WHY}"),
    "GET /v1/institution/disputes/<id:dispute_id>": lambda p: p.journey.get(
        p.centre, f"/v1/institution/disputes/{p.dispute}"
    ),
    "GET /v1/entries": lambda p: p.journey.get(p.feeder, "/v1/entries"),
}

ACTS = "tests/web/test_desk_acts.py: behind a look with purpose and case, which leaves the row"
PAPERS = "tests/journeys/test_proposal_papers.py: listed and opened, each a row"
LATE = "tests/web/test_desk_acts.py: the form again, behind a renewed look that leaves its own row"
CLAIM_PAGES = "tests/money/claims/test_desk_pages.py: each showing leaves a row"
HELD = "tests/journeys/test_held_looks.py: of the record while whose it is is in doubt, then of its worker"
ELSEWHERE = {
    "GET /v1/desk/claims/<id:claim_id>": "tests/money/claims/test_doors.py",
    "GET /v1/desk/payables/<id:claim_id>": "tests/money/claims/test_doors.py",
    "GET /desk/claims/<id:claim_id>": CLAIM_PAGES,
    "POST /desk/claims/<id:claim_id>/steps": CLAIM_PAGES,
    "GET /desk/payables/<id:claim_id>": CLAIM_PAGES,
    "POST /desk/payables/<id:claim_id>/steps": CLAIM_PAGES,
    "POST /v1/desk/imports/try": "tests/journeys/test_old_welder.py",
    "GET /v1/exports/items": "tests/exports/test_acks.py",
    "GET /v1/exports/files": "tests/exports/test_files.py",
    "GET /v1/exports/snapshot": "tests/exports/test_snapshot.py",
    "POST /desk/imports/try": "tests/web/test_desk_imports.py",
    "POST /desk/imports/answer": "tests/web/test_desk_imports.py",
    "GET /v1/desk/held/<id:held_id>": HELD,
    "GET /desk/held/<id:held_id>": HELD,
    "POST /desk/held/<id:held_id>/release": HELD,
    "GET /v1/desk/recoveries/<id:recovery_id>": "tests/money/recovery/test_doors.py",
    "GET /desk/recoveries/<id:recovery_id>": "tests/money/recovery/test_pages.py",
    "POST /desk/recoveries/<id:recovery_id>/<act>": "tests/money/recovery/test_pages.py",
    "GET /v1/desk/audit-packs/<id:pack_id>/file": "tests/journeys/test_audit_packs.py: a row for each worker",
    "GET /v1/desk/bank/batches/<id:batch_id>/file": "tests/money/bank/test_doors.py: a row for each worker",
    "GET /v1/centre/groups": "tests/groups/test_statements.py",
    "GET /v1/centre/groups/waiting": "tests/groups/test_statements.py",
    "GET /centre/groups/waiting": "as GET /v1/centre/groups/waiting",
    "GET /v1/centre/groups/<id:record_id>/trainings": "tests/groups/test_statements.py",
    "GET /centre/groups": "as GET /v1/centre/groups",
    "GET /centre/groups/<id:record_id>": "tests/web/test_group_pages.py",
    "POST /centre/groups/<id:record_id>/trainings": "as GET /v1/centre/groups/<id:record_id>/trainings",
    "GET /v1/centre/classes/<id:class_id>": "tests/training/test_classes.py",
    "GET /v1/centre/classes/<id:class_id>/roster": "tests/training/test_classes.py: as the sheet",
    "GET /centre/classes/<id:class_id>": "as GET /v1/centre/classes/<id:class_id>",
    "GET /centre/classes/<id:class_id>/roster": "as GET /v1/centre/classes/<id:class_id>/roster",
    "GET /desk/workers/<id:worker_id>": "tests/web/test_desk_pages.py",
    "POST /desk/workers/<id:worker_id>": "the form before GET /desk/workers/<id:worker_id>",
    "POST /desk/workers/<id:worker_id>/copy": "as GET /v1/desk/workers/<id:worker_id>/copy",
    "GET /v1/desk/workers/<id:worker_id>/copy": "tests/journeys/test_deceased.py, needs two decisions first",
    "POST /v1/desk/workers/<id:worker_id>/hold-copy": "tests/journeys/test_legal_hold.py, needs a decision",
    "POST /desk/workers/<id:worker_id>/hold-copy": "tests/journeys/test_legal_hold.py, needs a decision",
    "GET /desk/workers/<id:worker_id>/numbers": "tests/web/test_numbers.py",
    "POST /desk/workers/<id:worker_id>/numbers/papers": "tests/web/test_typed_again.py",
    "POST /desk/numbers": "tests/web/test_numbers.py",
    "POST /window": "tests/web/test_window.py: in the turn that begins the service",
    "POST /v1/shared/<id:consent_id>/open": "tests/archive/test_sharing_doors.py",
    "POST /centre/shared/<id:consent_id>/open": "tests/web/test_centre_shared.py",
    "POST /desk/activate": "tests/access/test_signin.py: in the turn that hands the code over",
    "GET /desk/notices/print": "tests/web/test_notices.py",
    "GET /v1/desk/notices/print": "tests/web/test_notices.py",
    "POST /v1/desk/cards/confirm": "tests/journeys/test_replaced_card.py",
    "GET /desk/workers/<id:worker_id>/papers": PAPERS,
    "GET /desk/workers/<id:worker_id>/papers/<id:paper_id>": PAPERS,
    "GET /v1/desk/proposals/<id:proposal_id>/rows": "tests/archive/test_own_archives.py",
    "GET /desk/proposals/<id:proposal_id>/rows": "tests/archive/test_own_archives.py",
    "GET /v1/desk/proposals/<id:proposal_id>/papers/<n>": PAPERS,
    "GET /v1/desk/proposals/<id:proposal_id>/records": "tests/journeys/test_old_welder.py",
    "GET /desk/proposals/<id:proposal_id>/papers/<n>": PAPERS,
    "GET /desk/workers/<id:worker_id>/close": ACTS,
    "GET /desk/workers/<id:worker_id>/erase": ACTS,
    "GET /desk/workers/<id:worker_id>/hold": ACTS,
    "GET /desk/workers/<id:worker_id>/merge": ACTS,
    "GET /desk/workers/<id:worker_id>/relatives": ACTS,
    "GET /desk/workers/<id:worker_id>/reopen": ACTS,
    "GET /desk/workers/<id:worker_id>/restrict": ACTS,
    "GET /desk/workers/<id:worker_id>/unmerge": ACTS,
    "GET /desk/workers/<id:worker_id>/unrestrict": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/erase": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/hold": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/move": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/restrict": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/unrestrict": ACTS,
    "GET /desk/workers/<id:worker_id>/records/<id:record_id>/trust": ACTS,
    "GET /desk/disputes/<id:dispute_id>": ACTS,
    "GET /centre/disputes/<id:dispute_id>": "tests/web/test_centre_disputes.py",
    "POST /desk/workers/<id:worker_id>/close": LATE,
    "POST /desk/workers/<id:worker_id>/erase": LATE,
    "POST /desk/workers/<id:worker_id>/hold": LATE,
    "POST /desk/workers/<id:worker_id>/merge": LATE,
    "POST /desk/workers/<id:worker_id>/relatives": LATE,
    "POST /desk/workers/<id:worker_id>/reopen": LATE,
    "POST /desk/workers/<id:worker_id>/restrict": LATE,
    "POST /desk/workers/<id:worker_id>/unmerge": LATE,
    "POST /desk/workers/<id:worker_id>/unrestrict": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/erase": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/hold": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/move": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/restrict": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/unrestrict": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/papers/<name>": LATE,
    "POST /desk/workers/<id:worker_id>/records/<id:record_id>/trust": LATE,
    "POST /desk/workers/<id:worker_id>/papers/<name>": LATE,
    "POST /desk/disputes/<id:dispute_id>/messages": LATE,
    "POST /desk/disputes/<id:dispute_id>/decide": LATE,
    "POST /desk/cards/confirm": "tests/web/test_numbers.py",
}
"""Doors that leave a row and are not driven here: what they need first, or which file knocks at them."""

DRAWS = "of institutions, inspectors' codes and accounts, never of a worker"
FEES = "orders by numbers that nobody is found by, amounts and states"
FUNDS = "amounts of a budget line"
LEDGER = "amounts, accounts and codes; whose money it is stands in the claim"
NO_PERSON = {
    "GET /v1/desk/rules": "texts of rules",
    "GET /desk/rules": "texts of rules",
    "GET /desk/rules/new": "the form for the text of a rule",
    "GET /desk/rules/<sha256>": "the text of a rule, and sums of a simulation",
    "GET /desk/catalogue": "standards by occupation and level",
    "GET /desk/imports": "how far files are, by counts and reasons",
    "GET /v1/desk/imports": "how far files are, by counts and reasons",
    "POST /desk/catalogue": "standards by occupation and level",
    "GET /v1/desk/rules/<sha256>": "the text of a rule, and sums of a simulation by the ids of decisions",
    "POST /v1/desk/rules/<sha256>/check": "the text of a rule",
    "POST /v1/desk/rules/<sha256>/simulate": "sums over decisions; gains and losses by the ids of decisions",
    "GET /v1/desk/registers": "which extracts were taken, no row of them",
    "POST /v1/desk/notices/read": "how many were marked",
    "POST /v1/institution/notices/read": "how many were marked",
    "GET /desk/held": "reasons and issuers, no content",
    "GET /desk/identity": "opaque ids of accounts that are in doubt, no name and no number",
    "GET /v1/desk/identity": "opaque ids of accounts that are in doubt, no name and no number",
    "GET /desk/issuers/retire": "a closed institution's keys",
    "GET /desk/institutions/close": "an institution's closing",
    "GET /desk/workers/<id:worker_id>/division": "the form that asks for a division, empty",
    "POST /desk/workers/<id:worker_id>/division": "the form again, as it was typed",
    "GET /desk/workers/<id:worker_id>/strays": "record ids alone",
    "GET /desk/workers/<id:worker_id>/strays/<what>/<id:matter_id>": "the ids of what is decided alone",
    "POST /desk/workers/<id:worker_id>/strays/<what>/<id:matter_id>": "the ids of what is decided alone",
    "GET /desk/papers": "the form that asks for purpose and case",
    "GET /desk/papers/<uscc>": "an institution's papers; `official_act` has the look",
    "GET /desk/papers/<uscc>/<id:paper_id>": "an institution's paper; `official_act` has the opening",
    "GET /v1/desk/institutions/<uscc>/papers": "an institution's papers; `official_act` has the look",
    "GET /v1/desk/institutions/<uscc>/papers/<id:paper_id>": "its paper; `official_act` has the opening",
    "GET /centre": "the own institution",
    "GET /v1/centre": "the own institution",
    "GET /centre/disputes": "no words of the case",
    "GET /centre/notices": "what the institution was told about its own records",
    "GET /centre/people": "colleagues",
    "GET /centre/classes": "classes, without learners",
    "GET /centre/groups/new": "the form that states a membership",
    "GET /v1/centre/classes": "classes, without learners",
    "GET /centre/classes/new": "the form that opens a class",
    "GET /v1/centre/people": "colleagues",
    "GET /centre/records": "ids and reasons of the own records that wait",
    "GET /v1/centre/records": "ids and reasons of the own records that wait",
    "POST /centre/invitations": "a code for a colleague",
    "POST /centre/people/<staff_id>/code": "a code for a colleague",
    "POST /v1/centre/people/<staff_id>/code": "a code for a colleague",
    "POST /v1/desk/staff/<staff_id>/code": "a code for a person of an institution",
    "POST /desk/staff/<staff_id>/code": "a code for a person of an institution",
    "GET /desk/staff": "heads of an institution",
    "GET /desk/staff/acts": "who let whom in at institutions: people of institutions, and no worker",
    "GET /v1/desk/staff/acts": "who let whom in at institutions: ids and codes",
    "GET /desk/slips": "opaque ids of papers and who took them",
    "GET /v1/desk/slips": "opaque ids of papers and who took them",
    "GET /v1/desk/institutions/<uscc>/staff": "heads of an institution",
    "GET /desk/people": "officials, not workers",
    "GET /v1/desk/people": "officials, not workers",
    "GET /desk/emergencies": "what officials did: ids and codes",
    "GET /desk/emergencies/<id:case_id>": "what officials did: ids and codes",
    "GET /v1/desk/emergencies": "what officials did: ids and codes",
    "GET /v1/desk/emergencies/<id:case_id>": "what officials did: ids and codes",
    "POST /v1/desk/emergencies/<id:case_id>/close": "that the case is closed",
    "GET /centre/shared": "as GET /v1/shared",
    "GET /desk/feeds": "how far receivers are, by counts; differences by receivers' own names of records",
    "GET /v1/exports/totals": "counts and a root over a receiver's own names of records",
    "POST /v1/exports/reconciliations": "how a receiver's own names of records stand on both sides",
    "POST /v1/exports/acks": "up to where a receiver has its feed: a cursor",
    "GET /v1/exports/webhook": "where a receiver hears of new items, and which events it got",
    "POST /v1/exports/webhook": "an address and a secret of its own",
    "GET /v1/shared/events": "what happened to consents for the receiver: ids and times",
    "GET /v1/shared": "what was given to the receiver: ids, purposes and dates",
    "GET /v1/desk/held": "reasons and issuers, no content",
    "GET /v1/desk/disputes": "no words of the case",
    "GET /desk/disputes": "no words of the case",
    "GET /v1/institution/disputes": "no words of the case",
    "GET /v1/desk/disputed": "ids without values",
    "GET /desk/numbers": "ids without values",
    "GET /v1/desk/workers/<id:worker_id>/strays": "record ids alone",
    "GET /v1/records/<id:record_id>": "the issuer's own record: how it stands",
    "GET /v1/records/<id:record_id>/receipt": "the issuer's own record: a proof over hashes",
    "GET /v1/institution/papers": "the institution's own papers",
    "GET /v1/institution/papers/<id:paper_id>": "its own papers; `official_act` has the opening",
    "GET /v1/institution/notices": "what the institution was told about its own records",
    "GET /v1/desk/notices": "what a desk was told: ids and codes",
    "GET /desk/notices": "what a desk was told: ids and codes",
    "GET /v1/desk/proposals/<id:proposal_id>/papers": "hashes of papers, and whether they are kept here",
    "GET /v1/desk/proposals": "what was proposed: ids and reasons",
    "GET /desk/proposals": "what was proposed: ids and reasons",
    "GET /desk/proposals/<id:proposal_id>": "what was proposed: ids and reasons",
    "GET /v1/desk/looked": "ids of looks, not whose",
    "GET /desk/looked": "ids of looks, not whose",
    "GET /v1/desk/own-archives": "officials: who has said which archive is their own, and not what",
    "GET /desk/own-archives": "officials: who has said which archive is their own, and not what",
    "GET /v1/desk/audit-packs": "which packs there are: case and counts",
    "GET /desk/packs/new": "the form that proposes a pack",
    "GET /desk/packs": "which packs there are: case and counts",
    "GET /v1/desk/outside-cases": "who looked, at which opaque id, for which case",
    "GET /desk/outside-cases": "who looked, at which opaque id, for which case",
    "GET /v1/desk/alarms": "who looked, at which opaque id",
    "GET /desk/alarms": "who looked, at which opaque id",
    "GET /v1/desk/acts": "what officials did: ids and codes",
    "GET /v1/desk/clients": "machines",
    "GET /v1/desk/clients/<client_id>": "machines",
    "GET /desk/clients": "machines",
    "GET /desk/clients/<client_id>": "machines",
    "GET /desk/clients/new": "the form that proposes a machine",
    "GET /v1/desk/institutions": "institutions",
    "GET /v1/desk/issuers/<issuer>/keys": "public keys",
    "GET /window": "the form that asks for card and document",
    "GET /desk/activate": "the form that asks for card and document",
    "POST /v1/desk/notices/printed": "ids of letters that were printed",
    "POST /v1/batches": "receipts of what the issuer itself sent",
    "POST /v1/records": "a receipt of what the issuer itself sent",
    "POST /v1/institution/disputes/<id:dispute_id>/answer": "how the case stands after its own answer",
    "POST /v1/desk/issuers/<issuer>/keys/suspend": "a key",
    "POST /v1/desk/issuers/<issuer>/keys/suspect": "a key",
    "GET /desk/draws": DRAWS,
    "GET /desk/draws/<id:draw_id>": DRAWS,
    "GET /desk/draws/<id:draw_id>/objects/<object_id>": DRAWS,
    "GET /desk/draws/new": DRAWS,
    "GET /desk/inspections": DRAWS,
    "GET /v1/desk/draws": DRAWS,
    "GET /v1/desk/draws/<id:draw_id>": DRAWS,
    "GET /v1/desk/inspections": DRAWS,
    "POST /desk/draws/<id:draw_id>/objects/<object_id>/papers": DRAWS,
    "POST /v1/desk/draws/<id:draw_id>/assign": DRAWS,
    "POST /v1/desk/draws/<id:draw_id>/objects/<object_id>/confirm": DRAWS,
    "POST /v1/desk/draws/<id:draw_id>/objects/<object_id>/report": DRAWS,
    "POST /v1/desk/draws/<id:draw_id>/publish": DRAWS,
    "POST /v1/desk/draws/<id:draw_id>/reveal": DRAWS,
    "GET /centre/fees": FEES,
    "GET /centre/fees/<id:offering_id>": FEES,
    "GET /v1/centre/fees": FEES,
    "GET /v1/centre/fees/<id:offering_id>": FEES,
    "POST /v1/centre/fees/<id:offering_id>/prices": FEES,
    "POST /v1/centre/fees/<id:offering_id>/progress": FEES,
    "POST /v1/centre/fees/<id:offering_id>/call-off": FEES,
    "POST /v1/centre/fee-payments/<id:fee_payment_id>/check": FEES,
    "POST /v1/centre/fee-refunds/<id:refund_id>/give": FEES,
    "POST /v1/centre/fee-refunds/<id:refund_id>/check": FEES,
    "GET /desk/fees": FEES,
    "GET /desk/fees/<id:offering_id>": FEES,
    "GET /v1/desk/fees": FEES,
    "GET /v1/desk/fees/<id:offering_id>": FEES,
    "GET /v1/desk/fee-disputes": FEES,
    "POST /v1/desk/fee-disputes/<id:order_id>": FEES,
    "GET /desk/funds": FUNDS,
    "GET /desk/funds/<line_id>": FUNDS,
    "GET /desk/funds/new": FUNDS,
    "GET /v1/desk/funds": FUNDS,
    "GET /v1/desk/funds/<line_id>": FUNDS,
    "GET /v1/desk/funds/<line_id>/journal": LEDGER,
    "GET /desk/ledger": LEDGER,
    "GET /desk/ledger/<ledger_day>": LEDGER,
    "GET /v1/desk/ledger/balances": LEDGER,
    "GET /v1/desk/ledger/beancount": LEDGER,
    "GET /v1/desk/ledger/days": LEDGER,
    "GET /v1/desk/ledger/days/<ledger_day>": LEDGER,
    "GET /v1/desk/ledger/vouchers": LEDGER,
    "GET /desk/payee-accounts": "states of accounts; neither number nor name",
    "GET /desk/payee-accounts/new": "a form",
    "GET /desk/bank": "payments by opaque ids, amounts and states",
    "GET /desk/bank/breaks/<id:break_id>": "a difference with the bank: ids and amounts",
    "GET /desk/bank/proposals/<id:payers_proposal>": "what a payer proposed: ids and reasons",
    "GET /desk/claims": "claims by opaque ids, kinds, amounts and states",
    "GET /desk/claims/list": "claims by opaque ids, kinds, amounts and states",
    "POST /desk/claims/list": "claims by opaque ids, kinds, amounts and states",
    "GET /desk/claims/publish": "claims by opaque ids, kinds, amounts and states",
    "GET /desk/payables": "claims by opaque ids, kinds, amounts and states",
    "POST /desk/payables": "claims by opaque ids, kinds, amounts and states",
    "GET /desk/recoveries": "cases by opaque ids, kinds, amounts and states",
    "GET /v1/desk/recoveries": "cases by opaque ids, kinds, amounts and states",
    "GET /v1/desk/claims": "claims by opaque ids, kinds, amounts and states",
    "GET /v1/desk/claim-list": "claims by opaque ids, kinds, amounts and states",
    "POST /v1/desk/claim-list": "claims by opaque ids, kinds, amounts and states",
    "GET /v1/desk/payables": "claims by opaque ids, kinds, amounts and states",
    "POST /v1/desk/payables": "claims by opaque ids, kinds, amounts and states",
    "POST /v1/desk/payables/<id:claim_id>/steps": "a claim by opaque ids, kind, amount and state",
    "POST /v1/desk/claims/<id:claim_id>/steps": "a claim by opaque ids, kind, amount and state",
    "POST /v1/desk/claims/<id:claim_id>/objections": "a claim by opaque ids, kind, amount and state",
    "GET /centre/apprentices": "the enterprise's own plans, nothing of a person",
    "GET /centre/apprentices/<id:plan_id>": "places by their number, claims by opaque ids",
    "GET /v1/institution/apprentice-plans": "the enterprise's own plans, nothing of a person",
    "GET /v1/institution/apprentice-plans/<id:plan_id>": "places by their number, claims by opaque ids",
    "POST /v1/institution/apprentice-plans/<id:plan_id>/end": "places by number, claims by opaque ids",
    "POST /v1/institution/apprentice-plans/<id:plan_id>/leave": "places by number, claims by opaque ids",
    "GET /centre/claims": "the institution's own claims by opaque ids, kinds, amounts and states",
    "GET /centre/claims/<id:bundle_id>": "lines by their number, claims by opaque ids",
    "GET /v1/institution/agencies": "contracts with the institution, without a person",
    "POST /v1/institution/agencies/<id:agency_id>/end": "a contract without a person",
    "GET /v1/institution/claims": "the institution's own claims by opaque ids, kinds, amounts and states",
    "GET /v1/institution/claim-bundles": "the institution's own sheets",
    "GET /v1/institution/claim-bundles/<id:bundle_id>": "lines by their number, claims by opaque ids",
    "GET /v1/desk/payee-accounts/<id:payee_account_id>": "states of an account; neither number nor name",
    "GET /v1/desk/payee-accounts": "states of accounts; neither number nor name",
    "GET /v1/desk/bank/accounts": "the region's own accounts",
    "GET /v1/desk/bank/batches": "payments by opaque ids, amounts and states",
    "GET /v1/desk/bank/batches/<id:batch_id>": "payments by opaque ids, amounts and states",
    "GET /v1/desk/bank/breaks": "differences with the bank: ids and amounts",
    "GET /v1/desk/bank/payments": "payments by opaque ids, amounts and states",
    "GET /v1/desk/bank/payments/<id:payment_id>": "a payment by opaque ids, amount and states",
    "GET /v1/desk/bank/proposals": "what payers proposed: ids and reasons",
    "POST /v1/desk/bank/batches/<id:batch_id>/release": "payments by opaque ids, amounts and states",
    "POST /v1/desk/bank/batches/<id:batch_id>/cancel": "payments by opaque ids, amounts and states",
    "POST /v1/desk/bank/payments/<id:payment_id>/readdress": "a payment by opaque ids, amount and states",
    "POST /v1/desk/bank/breaks/<id:break_id>/take": "a difference with the bank: ids and amounts",
    "POST /v1/desk/bank/breaks/<id:break_id>/resolve": "a difference with the bank: ids and amounts",
    "POST /desk/bank/files": "what became of a bank's file: a state",
    "POST /v1/desk/proposals/<id:proposal_id>/decide": "what was decided: ids and reasons",
    "POST /v1/desk/proposals/<id:proposal_id>/withdraw": "that it was withdrawn",
}
"""Doors that read, and show no data of a worker."""
POSTED = frozenset(one.removeprefix("POST ") for one in ELSEWHERE if one.startswith("POST "))
"""Buttons that lead to data without answering with it."""


def candidates(app: Flask) -> set[str]:
    """Every door that somebody other than the worker may enter and that is not public."""
    found = set()
    for door in doors(app).values():
        if door.policy.startswith("session."):
            continue  # whoever asks about their own sign-ins
        grants = POLICIES[door.policy]
        others = any(grant.kind in (Kind.OFFICIAL, Kind.STAFF, Kind.CLIENT) for grant in grants)
        # Of what writes, whatever answers with something to read; a reference to a proposal is none.
        found |= {
            f"{method} {door.rule}"
            for method in door.methods
            if others and (method == "GET" or door.answers.get(200) is not None or door.rule in POSTED)
        }
    return found


def test_every_door_to_others_data_is_driven_or_placed(app: Flask) -> None:
    known = {*DRIVEN, *ELSEWHERE, *NO_PERSON}
    there = candidates(app)
    assert there - known == set(), "place it: driven, driven elsewhere, or why it shows nobody's data"
    assert known - there == set(), "a door that is gone"
    assert len(known) == len(DRIVEN) + len(ELSEWHERE) + len(NO_PERSON), "a door in two lists"


@pytest.fixture
def place(journey: Journey) -> Place:
    """Make the worker and everybody who may look."""
    centre, person = journey.centre(), journey.person(1)
    record = journey.completion(centre, person)
    enter(journey, centre, record)
    me = journey.sign_in(person["number"])
    dispute = contest(journey, me, record)["dispute_id"]
    worker_id = journey.house.people.find("resident-id", person["number"])
    assert worker_id is not None
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/papers"
    paper = upload(journey, "handler", path, png()).json["paper_id"]
    key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "client-1", journey.random))
    feeder = Centre("", "一体化平台", key, key)
    body = {
        "kind": "platform",
        "name": feeder.name,
        "institution": None,
        "scopes": ["feed:read"],
        "keys": [{"jwk": key.public_jwk()}],
    }
    proposed = journey.act("registrar", "/v1/desk/clients", body)
    feeder.client_id = proposed["subject"]
    journey.decide("registrar-2", proposed["proposal_id"])
    return Place(journey, centre, person["number"], worker_id, paper, dispute, feeder)


def test_each_driven_door_leaves_a_row(place: Place) -> None:
    missing = []
    for name, knock in DRIVEN.items():
        before = len(place.looks())
        answer = knock(place)
        assert answer.status_code == 200, (name, answer.status_code, answer.json)
        if len(place.looks()) != before + 1:
            missing.append(name)
    assert missing == []


def test_without_a_row_each_door_answers_503_and_nothing_else(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("reviewer",):
        place.journey.browser(who)
    tokens = {id(one): place.journey.token(one) for one in (place.centre, place.feeder)}
    monkeypatch.setattr(place.journey, "token", lambda one: tokens[id(one)])

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("recordsvc.access.looked_log.LookTurn.before_commit", fails)
    before = place.looks()
    for name, knock in DRIVEN.items():
        answer = knock(place)
        assert (name, answer.status_code, answer.json["code"]) == (name, 503, "look-not-written")
        assert place.number.encode() not in answer.data
    assert place.looks() == before


def test_an_act_whose_row_cannot_be_written_does_not_happen(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre, card = journey.centre(), {"area": "640104", "number": "X00000027"}
    worker = journey.person(9, card=card)
    enter(journey, centre, journey.completion(centre, worker))
    asked = {
        "number": card["number"],
        "document": worker["document"],
        "document_number": worker["number"],
        "name": worker["name"],
        "normal_since": None,
        "purpose": "service-window",
        "case_ref": "W-1",
    }

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("recordsvc.access.looked_log.head", fails)
        answer = journey.act("registrar", "/v1/desk/cards/confirm", asked, 503)
    assert answer["code"] == "look-not-written"
    worker_id = journey.house.people.find("resident-id", worker["number"])
    assert worker_id is not None
    with journey.house.db.read() as conn:
        assert looked.of_worker(conn, worker_id) == []
    me = journey.sign_in(worker["number"])
    assert "card-confirmed" not in [one["kind"] for one in journey.read(me, "/v1/me/notices")["items"]]
    journey.act("registrar", "/v1/desk/cards/confirm", asked, 200)

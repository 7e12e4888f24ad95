"""Doors of the exchange (成果交换): a credit bank takes batches, and says what became of them."""

from typing import Any, Final

import flask

from recordsvc.access.clients import ClientKind
from recordsvc.access.entrance import actor
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import access, house
from recordsvc.archive.errors import Busy, RegionKeyNotInForce
from recordsvc.credits import answers as verbs
from recordsvc.credits import reconcile
from recordsvc.credits.batches import Exchange
from recordsvc.credits.errors import CreditBatchUnknown, CreditLinesRefused, NoCreditExchange
from recordsvc.credits.exchange_forms import (
    BatchesQuery,
    CreditDecisionsForm,
    CreditReconcileForm,
    ReceiptsForm,
    RedemptionsForm,
    ResultsForm,
    StandingsForm,
    TotalsQuery,
)
from recordsvc.credits.reconcile import Line
from recordsvc.credits.services import bp
from recordsvc.ground import answers, http

NDJSON: Final = "application/x-ndjson"


@door(
    bp,
    "GET",
    "/v1/credits/batches",
    policy="exports.read",
    query=BatchesQuery,
    answer={200: Sends(NDJSON), 204: None},
    problems=(CreditBatchUnknown, NoCreditExchange, RegionKeyNotInForce, Busy),
    summary="报送学分银行的下一批成果 / The next batch of outcomes for a credit bank",
    description="`credit-outcome/1`, this service's own format: a header with counts, hash and the region's "
    "signature, then a line an outcome. Nothing due: 204. The same number again is a replay.",
)
def next_batch(query: dict[str, Any]) -> flask.Response:
    """Send the batch behind a number; looks and uses are durable before what they are of leaves."""
    made = Exchange(house(), actor(), http.current().id, receiver()).after(query["after"])
    if made is None:
        return flask.Response(status=204)
    return answers.stream(iter((made,)), NDJSON)


@door(
    bp,
    "POST",
    "/v1/credits/receipts",
    policy="exports.read",
    body=ReceiptsForm,
    answer=StandingsForm,
    problems=(NoCreditExchange,),
    summary="成果批次的回执 / Receipts of batches",
)
def take_receipts(form: dict[str, Any]) -> flask.Response:
    """Take receipts."""
    return _taken("receipt", form)


@door(
    bp,
    "POST",
    "/v1/credits/results",
    policy="exports.read",
    body=ResultsForm,
    answer=StandingsForm,
    problems=(NoCreditExchange,),
    summary="成果的逐条结果 / What became of each line",
)
def take_results(form: dict[str, Any]) -> flask.Response:
    """Take results; each by itself, so that none keeps another back."""
    return _taken("result", form)


@door(
    bp,
    "POST",
    "/v1/credits/decisions",
    policy="exports.read",
    body=CreditDecisionsForm,
    answer=StandingsForm,
    problems=(NoCreditExchange,),
    summary="学分认定结论 / Decisions: these alone fill earned credits",
)
def take_decisions(form: dict[str, Any]) -> flask.Response:
    """Take decisions."""
    return _taken("decision", form)


@door(
    bp,
    "POST",
    "/v1/credits/redemptions",
    policy="exports.read",
    body=RedemptionsForm,
    answer=StandingsForm,
    problems=(NoCreditExchange,),
    summary="学分已使用 / Earned credits were redeemed, and are locked from then on",
)
def take_redemptions(form: dict[str, Any]) -> flask.Response:
    """Take redemptions."""
    return _taken("redemption", form)


@door(
    bp,
    "GET",
    "/v1/credits/totals",
    policy="exports.read",
    query=TotalsQuery,
    answer=Sends(),
    problems=(NoCreditExchange,),
    summary="成果对账：本方合计 / Totals by class and state, and the root, of a range",
)
def read_totals(query: dict[str, Any]) -> flask.Response:
    """Tell totals; nothing of any record."""
    return answers.answer(reconcile.totals(house(), receiver(), query["prefix"]))


@door(
    bp,
    "POST",
    "/v1/credits/reconciliations",
    policy="exports.read",
    body=CreditReconcileForm,
    answer=Sends(),
    problems=(NoCreditExchange, CreditLinesRefused),
    summary="成果对账：逐条比对 / Compare a range line by line; each difference is a ticket",
)
def compare(form: dict[str, Any]) -> flask.Response:
    """Compare what both sides hold; neither is changed."""
    prefix, theirs = form["prefix"], [Line(**one) for one in form["lines"]]
    names = [one.outcome_id for one in theirs]
    if len(set(names)) != len(names) or not all(name.startswith(prefix) for name in names):
        raise CreditLinesRefused(pointer="/lines")
    return answers.answer({"differences": reconcile.compare(house(), receiver(), prefix, theirs)})


def receiver() -> str:
    """Return the credit bank that asks. Raises `NoCreditExchange`."""
    client = access().clients.known(actor().id)
    if client is None or client.kind != ClientKind.CREDIT_BANK:
        raise NoCreditExchange
    return client.client_id


def _taken(kind: str, form: dict[str, Any]) -> flask.Response:
    standings = verbs.take(house(), receiver(), kind, form["answers"])
    return answers.answer({"standings": standings}, form=StandingsForm)

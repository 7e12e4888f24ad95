"""The exchange with credit banks in the filled region: sent, rejected, decided, redeemed, differing."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from recordsvc.access.grants import Actor, Kind
from recordsvc.credits import answers, own, tickets
from recordsvc.credits.batches import Exchange
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House

BANK = "bank-1"


def fill(house: House, workers: Sequence[bytes], later: Callable[[], object]) -> None:
    """Two batches of what these workers agreed to, and everything that can be said of them."""
    for n, worker_id in enumerate(workers):
        _enter(house, worker_id, f"XF64{n:08d}")
    later()
    first = _batch(house, 0)
    one, two, *_rest = first[1:]
    header = first[0]["header"]
    receipt = {"batch_id": _raw(header["batch_id"]), "count": header["count"], "sha256": header["sha256"]}
    _say(house, "receipt", "receipt-0001", receipt)
    _say(house, "receipt", "receipt-0002", receipt | {"count": 99})
    _say(house, "result", "result-00001", _of(one, status="accepted", code=None))
    _say(house, "result", "result-00002", _of(two, status="rejected", code="UNKNOWN_CODE"))
    decided = dict.fromkeys(
        ("replaces", "scheme", "rule", "course", "valid_until", "reason", "decided_on", "appeal_until")
    )
    decided |= {"decision": "recognised", "credits": "3.5", "decided_by": "认定委员会"}
    _say(house, "decision", "decision-001", _of(one, **decided))
    _say(house, "redemption", "redemption-1", _of(one, credits="3.5"))
    later()
    # Another account: all of it goes out again, over what was redeemed.
    _enter(house, workers[0], "XF6499999999")
    _batch(house, 1)
    with house.db.read() as conn:
        ticket = tickets.open_ones(conn, BANK)[0]
    house.db.write(
        partial(tickets.close, receiver=BANK, ticket_id=ticket.ticket_id, by="official:7", note="已核实")
    )


def _enter(house: House, worker_id: bytes, number: str) -> None:
    who = Actor(Kind.WORKER, uuid_text(worker_id), worker_id=worker_id)
    house.db.write(partial(own.enter_account, house=house, who=who, worker_id=worker_id, number=number))


def _batch(house: House, after: int) -> list[dict[str, Any]]:
    data = Exchange(house, Actor(Kind.CLIENT, BANK), f"credits-{after}", BANK).after(after)
    assert data is not None
    return [json.loads(line) for line in data.splitlines()]


def _of(line: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"outcome_id": bytes.fromhex(line["outcome_id"]), "version": line["version"], **said}


def _say(house: House, kind: str, answer_id: str, said: dict[str, Any]) -> None:
    answers.take(house, BANK, kind, [{"answer_id": answer_id, **said}])


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))

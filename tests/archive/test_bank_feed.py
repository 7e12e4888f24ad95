"""A credit bank's feed: what workers agreed to, under a pseudonym of its own; every other place told."""

import json
from collections.abc import Callable
from typing import Any

import flask
import pytest

from recordsvc import create_app
from recordsvc.access import consents, policy
from recordsvc.access.clients import SCOPES, Client, ClientKind
from recordsvc.access.consents import Ended
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import erasing
from recordsvc.house import House
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person
from tests.archive.test_sharing import OFFICER, give, looks, raw_id

FEED = frozenset({"feed:read"})
BANKS = {name: Actor(Kind.CLIENT, name, scopes=FEED) for name in ("bank-1", "bank-2", "region-1")}
Told = list[dict[str, Any]]


@pytest.fixture
def app(house: House, monkeypatch: pytest.MonkeyPatch) -> flask.Flask:
    made = create_app(house.settings, house)
    policy.authenticate(made, bearer=lambda token, _scheme: BANKS[token])
    made.extensions["entrance"].meter = None
    kinds = {
        "bank-1": ClientKind.CREDIT_BANK,
        "bank-2": ClientKind.CREDIT_BANK,
        "region-1": ClientKind.PLATFORM,
    }
    register = made.extensions["access"].clients
    found = {name: Client(name, kind, None, name, FEED, "active", 1, 0) for name, kind in kinds.items()}
    monkeypatch.setattr(register, "known", found.get)
    return made


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def feed(app: flask.Flask) -> Callable[[str], Told]:
    def read(who: str) -> Told:
        answer = app.test_client().get("/v1/entries", headers={"Authorization": f"Bearer {who}"})
        assert answer.status_code == 200, answer.text
        return answer.json["items"]

    return read


def agree(house: House, worker: bytes, record: bytes, bank: str = "bank-1", **changes: Any) -> bytes:
    wanted = {"receiver": f"client:{bank}", "purpose": "credit-recognition"} | changes
    return give(house, worker, record, **wanted)[1].consent_id


def open_items(told: Told) -> Told:
    return [one for one in told if not one["withheld"]]


def test_a_bank_is_told_what_was_agreed_to_and_nothing_that_names_the_worker(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    records = [centre.completion(person(n)) for n in (1, 2)]
    centre.enter(*records)
    centre.enter(centre.correction(person(1), records[0]))
    worker, who = centre.worker_id(person(1)), person(1)
    agree(house, worker, records[0])
    told = feed("bank-1")
    assert [one["kind"] for one in open_items(told)] == ["issue", "correct"]
    assert all(one["values"] for one in open_items(told))
    text = json.dumps(told, ensure_ascii=False)
    for name in (who["number"], who["name"], worker.hex(), id_of(records[0]), who["number"][-4:]):
        assert name not in text
    seen = looks(house, worker)
    assert [(one.actor_id, one.purpose, one.fields) for one in seen] == [
        ("bank-1", "credit-recognition", "records")
    ]
    assert looks(house, centre.worker_id(person(2))) == []


def test_a_restricted_record_is_told_as_such_in_the_order_of_the_log(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    """What was told before says nothing any more; the position of the restriction tells of it."""
    record, other = (centre.completion(person(1), **{"class": {"code": code}}) for code in ("C1", "C2"))
    centre.enter(record, other)
    worker, record_id = centre.worker_id(person(1)), raw_id(record)
    agree(house, worker, record, records=(record_id, raw_id(other)))
    before = open_items(feed("bank-1"))[0]["values"]
    assert before
    index = seal(house, worker, record_id)
    told = open_items(feed("bank-1"))
    assert [(one["index"], one["state"], one["values"]) for one in told][2:] == [(index, "restricted", {})]
    assert (told[0]["state"], told[0]["values"], told[0]["type"]) == ("restricted", {}, "")
    index = lift(house, worker, record_id)
    told = open_items(feed("bank-1"))
    assert (told[-1]["index"], told[-1]["state"], told[-1]["values"]) == (index, "active", before)


def test_an_agreement_to_a_restricted_record_alone_is_over(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    worker = centre.worker_id(person(1))
    agree(house, worker, record)
    assert open_items(feed("bank-1"))
    seal(house, worker, raw_id(record))
    assert open_items(feed("bank-1")) == []
    with house.db.read() as conn:
        (mine,) = consents.of_workers(conn, [worker])
    assert mine.ended_by == Ended.RESTRICTED


def test_positions_have_no_gap_that_is_not_told(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    records = [centre.completion(person(n)) for n in range(1, 5)]
    centre.enter(*records)
    agree(house, centre.worker_id(person(3)), records[2])
    told = feed("bank-1")
    assert [one["index"] for one in told] == list(range(told[-1]["index"] + 1))
    assert told[-1]["index"] == feed("region-1")[-1]["index"]
    closed = [one for one in told if one["withheld"]]
    assert all(set(one) == {"index", "withheld"} for one in closed)
    assert len(open_items(told)) == 1


def test_each_bank_has_a_pseudonym_of_its_own_and_always_the_same(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    first, second = centre.completion(person(1)), centre.completion(person(1), **{"class": {"code": "C2"}})
    centre.enter(first, second)
    worker = centre.worker_id(person(1))
    for bank in ("bank-1", "bank-2"):
        for record in (first, second):
            agree(house, worker, record, bank)
    names = {bank: {one["learner"] for one in open_items(feed(bank))} for bank in ("bank-1", "bank-2")}
    assert [len(one) for one in names.values()] == [1, 1]
    assert names["bank-1"] != names["bank-2"]


def test_fields_are_those_of_the_consent_and_of_the_bank(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    chosen = ("name", "number", "number-tail", "certificate-number", "issuer")
    agree(house, centre.worker_id(person(1)), record, text_code="extract-1", fields=chosen)
    values = open_items(feed("bank-1"))[0]["values"]
    assert values
    assert {one for one in values if not one.endswith(("/issuer", "/name"))} == set()
    assert "/worker/name" not in values


@pytest.mark.parametrize(
    "how", ["ended", "restricted", "with a code", "for another purpose", "used up", "another's"]
)
def test_what_is_not_agreed_to_is_withheld_and_nobody_looked(
    house: House, centre: Centre, feed: Callable[[str], Told], how: str
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    worker = centre.worker_id(person(1))
    changes: dict[str, Any] = {
        "with a code": {"with_code": True},
        "for another purpose": {"purpose": "job-application"},
        "used up": {"max_uses": 1},
        "another's": {"bank": "bank-2"},
    }.get(how, {})
    agree(house, worker, record, **changes)
    if how == "ended":
        house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER))
    elif how == "restricted":
        erasing.restrict(house, worker, "erasure-requested", "本人申请", OFFICER)
    elif how == "used up":
        assert open_items(feed("bank-1"))
    before = len(looks(house, worker))
    assert open_items(feed("bank-1")) == []
    assert len(looks(house, worker)) == before


def test_the_regions_own_platform_has_records_whole(
    house: House, centre: Centre, feed: Callable[[str], Told]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    assert feed("region-1")[0]["record"]["worker"]["number"] == person(1)["number"]
    assert raw_id(record).hex() == feed("region-1")[0]["record"]["id"].replace("-", "")


def test_payroll_has_no_feed() -> None:
    assert SCOPES[ClientKind.PAYROLL] == {"shared:read"}

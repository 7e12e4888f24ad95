"""The whole load in one process, on both databases: the application stands behind a WSGI transport."""

import collections
import dataclasses
import datetime as dt
import json

import httpx
import pytest
import sqlalchemy as sa

from demo import load
from demo.centres import Keyring
from demo.doors import Refused, Service, Session, Target
from demo.institutions import CARE, INSTITUTIONS, REGION
from demo.load import Loader, as_worker
from demo.region import build
from recordsvc.access import demo as logins
from recordsvc.archive import tables
from recordsvc.archive.held import Releaser
from recordsvc.ground.ports import beijing_date

WORKERS = 24


@pytest.fixture
def settings(settings):
    return dataclasses.replace(settings, environment="demo", region=REGION.uscc)


@pytest.fixture
def service(app, house, clock):
    house.db.write(lambda turn: logins.create_desk(turn, "640000"))
    target = Target(
        "http://localhost", house.settings.audience, house.settings.environment, house.settings.issuer_url
    )
    with Service(target, clock, httpx.WSGITransport(app)) as opened:
        yield opened


@pytest.fixture
def small(clock):
    return build(64, beijing_date(clock.now_ms()), WORKERS)


@pytest.fixture
def background(house, monkeypatch):
    """`recordsvc work`, whenever the loader waits for it."""
    monkeypatch.setattr(load.time, "sleep", lambda _seconds: Releaser(house).run())


@pytest.fixture
def loader(service, small, tmp_path, background):
    return Loader(service, small, tmp_path / "keys", lambda _what, _done, _total: None)


def rows(house, table):
    with house.db.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def archive(service, person):
    session = Session(service, as_worker(person.document, person.number, person.name))
    return session.get("/v1/me/archive")


def test_everything_enters_and_only_the_puzzles_wait(loader, service, small, house):
    counts = loader.run()

    assert counts["held"] == counts["released"] + len(small.puzzles)
    assert counts["accepted"] + counts["released"] == len(small.drafts) + len(small.amendments)
    waiting = Session(service, {"kind": "handler"}).get("/v1/desk/held")["items"]
    assert collections.Counter(row["reason"] for row in waiting) == {"name-differs": 2, "card-of-another": 1}


@pytest.mark.long
@pytest.mark.beside
def test_a_second_load_adds_nothing(loader, service, small, house, tmp_path):
    loader.run()
    before = [rows(house, table) for table in (tables.entry, tables.held, tables.issuer_key_event)]

    again = Loader(service, small, tmp_path / "keys", lambda _what, _done, _total: None).run()

    assert [rows(house, table) for table in (tables.entry, tables.held, tables.issuer_key_event)] == before
    assert set(again) == {"duplicate", "held", "confirmed", "contested"}


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("step", ["登记机构与密钥", "双人放行", "劳动者确认"])
def test_an_interrupted_load_goes_on_where_it_stopped(
    step, loader, service, small, house, tmp_path, background
):
    class Interrupted(Exception):
        pass

    def stop(what, done, total):
        if what == step and done >= total // 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        Loader(service, small, tmp_path / "keys", stop).run()
    loader.run()

    archives = sum(len(archive(service, person)["records"]) for person in small.people)
    assert archives == len(small.drafts)


def test_archives_show_cards_words_and_amendments(loader, service, small, tmp_path):
    """One load, read by its workers: a load takes a second or two on each database."""
    loader.run()
    archives = {person.key or person.number: archive(service, person)["records"] for person in small.people}

    # A replaced card leads to the same archive.
    cards = {record["record"]["worker"]["card"]["number"] for record in archives["new-card"]}
    assert cards == {card.number for card in small.person("new-card").cards}
    # The worker's own word stands beside each record.
    said = collections.Counter(record["confirmation"] for record in archives["carer"])
    assert said["contested"] == 1
    assert said["confirmed"] >= 2
    assert said["unconfirmed"] >= 1
    assert_amended(small, {record["id"]: record for records in archives.values() for record in records})
    assert_keys_are_private(tmp_path / "keys")


def assert_amended(region, found):
    """Corrected, revoked and restored records show it."""
    targets = collections.defaultdict(set)
    for draft in region.amendments:
        target = draft.body.get("corrects") or draft.body.get("revokes") or draft.body.get("restores")
        targets[draft.type].add(target)
    assert all(found[one]["corrected"] for one in targets["correction"])
    assert all(found[one]["life"] == "revoked" for one in targets["revocation"] - targets["restoration"])
    assert all(found[one]["life"] == "active" for one in targets["restoration"])


def assert_keys_are_private(folder):
    """Only their owner may read the institutions' keys and the secret behind the salts."""
    files = list(folder.iterdir())
    assert len(files) == sum(institution.issues for institution in INSTITUTIONS) + 1
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    told = json.loads((folder / "care.jwk").read_bytes())
    assert (told["issuer"], told["environment"]) == (CARE.uscc, "demo")
    assert told["client_id"]


def test_salts_differ_between_records_and_installations_and_stay_the_same_in_one(tmp_path):
    one, other = Keyring(tmp_path / "one"), Keyring(tmp_path / "other")

    assert Keyring(tmp_path / "one").salt("a") == one.salt("a")
    assert len({one.salt("a"), one.salt("b"), other.salt("a")}) == 3


def test_what_the_service_refuses_is_told_with_its_code(service):
    with pytest.raises(Refused, match="login-refused") as refused:
        Session(service, {"kind": "nobody"})
    assert refused.value.status == 401


def test_parcels_follow_the_quarters(region):
    sent = load.parcels(region.drafts)

    assert sum(len(parcel.drafts) for parcel in sent) == len(region.drafts)
    quarters = [load.quarter_of(parcel.drafts[0].issued_on) for parcel in sent]
    assert quarters == sorted(quarters)
    assert all(
        {load.quarter_of(one.issued_on) for one in parcel.drafts} == {quarter}
        for parcel, quarter in zip(sent, quarters, strict=True)
    )
    assert dt.date(2019, 1, 1) in quarters

"""The demo's cards: the simulated registry tells of them before any centre shows one."""

import sqlalchemy as sa

from demo.personas import personas
from recordsvc import fsck
from recordsvc.access import objects, officials
from recordsvc.access.officials import Officials
from recordsvc.people import numbers, places
from recordsvc.people import tables as people_tables
from recordsvc.people.cards import card_state
from recordsvc.running import enrol_cards
from tests.demo.test_load import background, loader, service, settings, small

__all__ = ["background", "loader", "service", "settings", "small"]


def test_replaced_cards_are_known_beforehand(house, small, loader, service):
    enrol_cards(house, small.people)
    loader.run()

    person = small.person("new-card")
    worker_id = house.people.find(person.document, person.number)
    with house.db.read_raw() as cursor:
        known = {one.value: one for one in numbers.known(house, cursor, worker_id) if one.kind == "card"}
    old, new = (known[card.number] for card in person.cards)
    assert {old.standing, new.standing} == {"verified"}
    states = [card_state(one.events, small.today.isoformat()) for one in (old, new)]
    assert [(one.social, one.bank) for one in states] == [("void", "active"), ("normal", "not-activated")]
    enrol_cards(house, small.people)
    report = fsck.fsck(house, offline=True)
    assert report.finding is None
    assert report.counts["card events"] > 0


def test_the_named_workers_are_those_of_the_folder(tmp_path):
    (tmp_path / "region.json").write_text('{"seed": 64, "today": "2026-11-20", "workers": 60}', "utf-8")
    assert "new-card" in {role.key for role, _person in personas(tmp_path)}


def test_workers_of_the_demo_lie_in_counties_and_an_official_of_one_sees_only_theirs(
    house, small, loader, service
):
    enrol_cards(house, small.people)
    loader.run()
    with house.db.read() as conn:
        assert places.unplaced(conn, 100) == 0
    found = {one.key: house.people.find(one.document, one.number) for one in small.people}
    county = small.people[0].area

    def act(turn):
        officials.add(turn, "county", "县经办")
        officials.grant(turn, "county", "handler", county, by="command:test")

    house.db.write(act)
    who = Officials(house.db).find("county").actor(house.clock.now_ms(), house.settings.region)
    own = people_tables.worker.c
    with house.db.read() as conn:
        query = sa.select(own.worker_id).where(*objects.of_workers(who, "worker.find", own.worker_id))
        seen = {bytes(one) for one in conn.scalars(query)}
    theirs = {found[one.key] for one in small.people if one.area == county and found[one.key] is not None}
    others = {found[one.key] for one in small.people if one.area != county and found[one.key] is not None}
    assert seen == theirs
    assert others

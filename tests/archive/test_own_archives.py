"""Officials' own archives: named once, confirmed by another; whatever is their own is refused and seen."""

import csv
import io
import json
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import fsck, rotation, service
from recordsvc.access import deciding, own_archives
from recordsvc.access.errors import OfficialConflict, OfficialRefused, Recused
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import of_worker
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.access.officials import Officials
from recordsvc.access.tables import looked, official_act
from recordsvc.archive import audit_packs, erasing, held, importing, merging, pack_making, release
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.reading import Reader
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.problems import TooMany
from recordsvc.ground.two_person import SamePerson
from recordsvc.house import House
from recordsvc.people import kept_numbers, merges, numbers, tables
from tests.archive.restricted import seal
from tests.archive.support import person
from tests.archive.test_areas import ROLES, Region, address, desk_doors
from tests.archive.test_importing import HEADINGS, OFFICE, old_row

DAY = 86_400_000
NUMBER = person(1)["number"]
WHY = {"purpose": "service-window", "case_ref": "t-1"}


@pytest.fixture
def app(house: House) -> flask.Flask:
    return service.build(house.settings, house)


@pytest.fixture
def region(app: flask.Flask, house: House) -> Region:
    """As in `test_areas.py`; `<role>.64` is a person, and worker 1 has a card."""
    made = Region(app, house)
    made.centre.enter(made.centre.completion(person(1, number="A00000001")))
    return made


def name(house: House, account: str, number: str = NUMBER, *, has: bool = True) -> bytes:
    return house.db.write(
        lambda turn: own_archives.name(turn, house, account, "resident-id", number, has=has)
    )


def confirm(house: House, account: str, number: str = NUMBER, *, has: bool = True) -> bytes:
    """Name it and have it confirmed by another."""
    proposal = name(house, account, number, has=has)
    house.db.write(
        lambda turn: two_person.decide(turn, proposal, "official:second", True, "核对证件", tools=house)
    )
    return proposal


def who(house: House, account: str) -> Actor:
    found = Officials(house.db).find(account)
    assert found is not None
    return found.actor(house.clock.now_ms(), house.settings.region)


def alarms(house: House) -> list[tuple[str, str]]:
    """Kind and official of every alarm, the oldest first."""
    own = looked_alarm.c
    with house.db.read() as conn:
        query = sa.select(own.kind, own.actor_id).order_by(own.raised_ms, own.key)
        return [tuple(row) for row in conn.execute(query)]


def count(house: House, table: sa.Table) -> int:
    with house.db.read() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def party(worker_id: bytes) -> str:
    return f"worker:{uuid.UUID(bytes=worker_id)}"


# -- naming it


@pytest.mark.parametrize("has_archive", [True, False])
def test_whoever_the_number_is_the_answer_is_the_same(region: Region, has_archive: bool) -> None:
    """A wrong number, a foreign one, nobody's: recorded, and nobody was looked for."""
    house, told = region.house, []
    looks, acts = count(house, looked), count(house, official_act)
    for account, number in (("handler", NUMBER), ("reviewer", person(7)["number"])):
        body = {"document": "resident-id", "number": number, "has_archive": has_archive}
        answer = region.knock(account, "64", "POST", "/v1/desk/own-archive", json=body)
        assert answer.status_code == 202, answer.text
        assert NUMBER[6:14] not in answer.text
        state = region.knock(account, "64", "GET", "/v1/desk/own-archive")
        told.append((sorted(answer.json), {**state.json, "official_id": ""}))
    assert told[0] == told[1]
    assert told[0][1]["state"] == "waiting"
    assert (count(house, looked), count(house, official_act)) == (looks, acts)
    assert alarms(house) == []


def test_the_number_stands_nowhere_with_the_official(region: Region) -> None:
    proposal = confirm(region.house, "handler.64")
    with region.house.db.read() as conn:
        found = two_person.read(conn, proposal, 0)
        rows = [*conn.execute(sa.select(own_archives.own_archive)).all(), found.payload, found.subject]
        sealed = conn.scalars(sa.select(tables.kept_number.c.sealed)).all()
    assert NUMBER not in repr(rows)
    assert all(NUMBER.encode() not in bytes(one) for one in sealed)


def test_tries_are_few(region: Region, clock: FixedClock) -> None:
    for n in (2, 3, 4):
        confirm(region.house, "handler.64", person(n)["number"])
    with pytest.raises(TooMany) as refused:
        name(region.house, "handler.64", person(5)["number"])
    assert int(dict(refused.value.headers)["Retry-After"]) == 30 * DAY // 1000
    clock.advance(30 * DAY)
    name(region.house, "handler.64", person(5)["number"])


def test_one_statement_waits_at_a_time(region: Region) -> None:
    name(region.house, "handler.64")
    with pytest.raises(OfficialConflict):
        name(region.house, "handler.64", person(2)["number"])


@pytest.mark.parametrize(("document", "number"), [("resident-id", "123"), ("card", "A00000001")])
def test_what_no_document_bears_is_refused(region: Region, document: str, number: str) -> None:
    with pytest.raises(OfficialRefused) as refused:
        region.house.db.write(
            lambda turn: own_archives.name(turn, region.house, "handler.64", document, number, has=True)
        )
    assert number not in repr(refused.value.errors)


def test_whom_it_is_about_does_not_confirm_it(region: Region) -> None:
    proposal, own = name(region.house, "registrar.64"), who(region.house, "registrar.64")
    with pytest.raises(SamePerson):
        deciding.decide(region.house, proposal, own, approve=True, reason="x")
    path = f"/v1/desk/proposals/{uuid.UUID(bytes=proposal)}/decide"
    answer = region.knock("registrar", "64", "POST", path, json={"approve": True, "reason": "x"})
    assert (answer.status_code, answer.json["code"]) == (403, "same-person")


def test_only_a_registrar_of_the_place_confirms_it(region: Region) -> None:
    path = f"/v1/desk/proposals/{uuid.UUID(bytes=name(region.house, 'handler.6401'))}/decide"
    said = {"approve": True, "reason": "x"}
    assert region.knock("reviewer", "6401", "POST", path, json=said).status_code == 403
    assert region.knock("registrar", "6402", "POST", path, json=said).status_code == 404
    assert region.knock("registrar", "6401", "POST", path, json=said).status_code in (200, 204)
    assert party(region.worker_id) in who(region.house, "handler.6401").own


def test_what_is_not_confirmed_binds_nobody_and_goes(region: Region) -> None:
    house, first = region.house, name(region.house, "handler.64")
    assert who(house, "handler.64").own == frozenset()
    house.db.write(lambda turn: two_person.decide(turn, first, "official:second", False, "证件不符"))
    with house.db.read() as conn:
        assert own_archives.of(conn, "handler.64", house.clock.now_ms()).state == "unanswered"
    confirm(house, "handler.64", person(2)["number"])
    assert count(house, tables.kept_number) == 1
    assert who(house, "handler.64").own.isdisjoint({party(region.worker_id)})


def test_a_change_takes_two_again_and_the_earlier_number_goes(region: Region) -> None:
    house = region.house
    confirm(house, "handler.64")
    name(house, "handler.64", person(2)["number"])
    assert party(region.worker_id) in who(house, "handler.64").own
    with house.db.read() as conn:
        waiting = own_archives.of(conn, "handler.64", house.clock.now_ms())
    assert waiting.state == "answered"

    (proposal,) = [one for one in pending(house) if one.kind == own_archives.KIND]
    house.db.write(
        lambda turn: two_person.decide(turn, proposal.id, "official:second", True, "ok", tools=house)
    )
    assert who(house, "handler.64").own.isdisjoint({party(region.worker_id)})
    assert count(house, tables.kept_number) == 1


def pending(house: House) -> list[two_person.Proposal]:
    with house.db.read() as conn:
        return two_person.pending(conn, house.clock.now_ms())


def test_the_register_shows_who_has_not_answered_and_nothing_else(region: Region) -> None:
    confirm(region.house, "handler.64", has=False)
    name(region.house, "reviewer.64")
    answer = region.knock("registrar", "64", "GET", "/v1/desk/own-archives")
    states = {one["official_id"]: one["state"] for one in answer.json["items"]}
    assert (states["handler.64"], states["reviewer.64"]) == ("answered", "waiting")
    assert states["inspector.64"] == "unanswered"
    assert set(answer.json["items"][0]) == {"official_id", "name", "state", "stated_ms"}
    assert answer.json["items"][0]["state"] == "unanswered"
    assert region.knock("handler", "64", "GET", "/v1/desk/own-archives").status_code == 403


# -- what it binds


@pytest.fixture
def own(region: Region) -> Region:
    """Everybody of the whole region is worker 1."""
    for role in ROLES:
        confirm(region.house, f"{role}.64")
    return region


def test_every_door_to_ones_own_answers_as_a_recusal_and_is_seen(own: Region) -> None:
    """Archive, numbers, papers, restricting, erasing, merging, held records, cases: all that paths name."""
    tried = []
    for rule, declared, method, role in desk_doors(own.app):
        if declared.judges or not rule.arguments & {"worker_id", "held_id", "dispute_id"}:
            continue
        answer = own.knock(role, "64", method, address(rule.rule, own.objects), declared)
        assert answer.status_code == 403, (method, rule.rule, answer.status_code)
        assert answer.json is None or answer.json["code"] == "recused", (method, rule.rule)
        tried.append(("own", f"{role}.64"))
    assert len(tried) > 20
    assert sorted(alarms(own.house)) == sorted(tried)


def test_a_page_that_asks_first_why_shows_nothing_of_ones_own(own: Region) -> None:
    tried = 0
    for rule, declared, method, role in desk_doors(own.app):
        if declared.judges and rule.arguments & {"worker_id", "held_id", "dispute_id"} and method == "GET":
            answer = own.knock(role, "64", method, address(rule.rule, own.objects), declared)
            assert person(1)["name"] not in answer.text, rule.rule
            tried += 1
    assert tried
    assert count(own.house, looked) == 0


def forms(region: Region) -> list[tuple[str, str, dict[str, Any], int]]:
    """Role, path, form and status of acts that name the own archive in their form or by number."""
    worker, held_id = region.objects["worker_id"], region.objects["held_id"]
    shown = {"document": "resident-id", "number": NUMBER, "card": "A00000001", **WHY}
    card = {
        "document": "resident-id",
        "document_number": NUMBER,
        "name": person(1)["name"],
        "number": "A00000001",
        "normal_since": None,
        **WHY,
    }
    pack = {"auditor": "auditor.64", "case_ref": "c-1", "reason": "r", "selection": {"workers": [worker]}}
    return [
        ("handler", "/v1/desk/workers/find", {"kind": "resident-id", "number": NUMBER, **WHY}, 404),
        ("handler", "/v1/desk/services", shown, 403),
        ("handler", "/v1/desk/activations", {**shown, "name": person(1)["name"]}, 403),
        ("handler", "/v1/desk/held/release", {"held": [held_id], "reason": "r"}, 403),
        ("handler", "/v1/desk/held/release", {"select": {"issuer": region.centre.uscc}, "reason": "r"}, 403),
        ("handler", "/v1/desk/held/return", {"held_id": held_id, "reason": "r"}, 403),
        ("data-officer", "/v1/desk/audit-packs", pack, 403),
        ("reviewer", "/v1/desk/cards/confirm", card, 404),
    ]


@pytest.mark.parametrize("n", range(8))
def test_an_act_that_names_oneself_is_refused_and_seen(region: Region, n: int) -> None:
    role, path, form, status = forms(region)[n]
    for one in ROLES:
        confirm(region.house, f"{one}.64")

    answer = region.knock(role, "64", "POST", path, json=form)
    assert (answer.status_code, answer.json["code"]) == (status, "recused" if status == 403 else "not-found")
    assert alarms(region.house) == [("own", f"{role}.64")]
    assert region.knock(role, "6401", "POST", path, json=form).status_code < 300
    assert len(alarms(region.house)) == 1


def test_two_people_do_not_decide_about_themselves(region: Region, house: House) -> None:
    """A release of the own held record, a merge, an audit pack: proposed by somebody else."""
    enter(region, 2)
    into, why = region.centre.worker_id(person(2)), merging.Why("number-corrected", "公安机关证明")
    held_id, by = region.held.held_id, "official:first"
    wanted = [
        lambda turn: release.propose(
            turn, house, held=[held_id], select=None, worker_id=None, reason="r", by=by
        ),
        lambda turn: audit_packs.propose(
            turn, "auditor.64", "c", [region.worker_id, into], {"named": 2}, "r", by
        ),
    ]
    wanted.append(lambda turn: merging.propose_merge(turn, house, region.worker_id, into, why, by))
    proposals = [house.db.write(one) for one in wanted]
    for role in ROLES:
        confirm(house, f"{role}.64")

    for n, proposal in enumerate(proposals, start=1):
        path = f"/v1/desk/proposals/{uuid.UUID(bytes=proposal)}/decide"
        answer = region.knock("reviewer", "64", "POST", path, json={"approve": True, "reason": "x"})
        assert (answer.status_code, answer.json["code"]) == (403, "recused")
        assert alarms(house) == [("own", "reviewer.64")] * n
    listed = region.knock("reviewer", "64", "GET", "/v1/desk/proposals").json["items"]
    assert not {str(uuid.UUID(bytes=one)) for one in proposals[1:]} & {one["id"] for one in listed}


def test_the_own_number_is_neither_proposed_nor_decided_for_another_archive(
    region: Region, house: House
) -> None:
    enter(region, 2)
    other, why = region.centre.worker_id(person(2)), numbers.Why("number-corrected", "公安机关证明", [])
    told = ("resident-id", NUMBER, why, "official:first")
    proposal = house.db.write(lambda turn: numbers.propose_add(turn, house, other, *told))
    for role in ROLES:
        confirm(house, f"{role}.64")

    path = f"/v1/desk/workers/{uuid.UUID(bytes=other)}/numbers"
    said = {"kind": "resident-id", "number": NUMBER, "ground": "number-corrected", "text": "x"}
    answer = region.knock("registrar", "64", "POST", path, json=said | {"papers": ["ab" * 32]})
    assert (answer.status_code, answer.json["code"]) == (403, "recused")
    path = f"/v1/desk/proposals/{uuid.UUID(bytes=proposal)}/decide"
    answer = region.knock("reviewer", "64", "POST", path, json={"approve": True, "reason": "x"})
    assert (answer.status_code, answer.json["code"]) == (403, "recused")
    assert alarms(house) == [("own", "registrar.64"), ("own", "reviewer.64")]
    with house.db.read() as conn:
        assert two_person.read(conn, proposal, house.clock.now_ms()).state == "open"


def enter(region: Region, n: int) -> None:
    region.centre.enter(region.centre.completion(person(n)))


def test_an_auditor_does_not_fetch_a_pack_with_the_own_archive(region: Region, house: House) -> None:
    pack = house.db.write(
        lambda turn: audit_packs.propose(
            turn, "auditor.64", "c", [region.worker_id], {"named": 1}, "r", "official:first"
        )
    )
    house.db.write(lambda turn: two_person.decide(turn, pack, "official:second", True, "ok", tools=house))
    while pack_making.make(house):
        pass
    confirm(house, "auditor.64")

    path = f"/v1/desk/audit-packs/{uuid.UUID(bytes=pack)}/file"
    assert region.knock("auditor", "64", "GET", path).json["code"] == "recused"
    assert region.knock("auditor", "64", "GET", "/v1/desk/audit-packs").json["items"] == []
    assert alarms(house) == [("own", "auditor.64")]


def test_another_persons_affairs_are_handled_as_before(own: Region) -> None:
    enter(own, 2)
    other = uuid.UUID(bytes=own.centre.worker_id(person(2)))
    path = f"/v1/desk/workers/{other}/archive?purpose=service-window&case_ref=t-1"
    assert own.knock("handler", "64", "GET", path).status_code == 200
    assert alarms(own.house) == []


def test_what_waits_under_the_own_number_is_ones_own_before_there_is_an_archive(
    region: Region, house: House
) -> None:
    nobody = {**person(8), "number": person(8)["number"]}
    region.centre.send(
        [region.centre.completion({**nobody, "card": {"area": "640100", "number": "A00000001"}})]
    )
    with house.db.read() as conn:
        held_id = next(one.held_id for one in held.waiting(conn) if one.held_id != region.held.held_id)
    confirm(house, "handler.64", nobody["number"], has=False)

    path = f"/v1/desk/held/{uuid.UUID(bytes=held_id)}?purpose=service-window&case_ref=t-1"
    assert region.knock("handler", "64", "GET", path).json["code"] == "recused"
    assert region.knock("reviewer", "64", "GET", path).status_code == 200


# -- what comes later


def reads(region: Region, worker_id: bytes) -> int:
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/archive?purpose=service-window&case_ref=t-1"
    return int(region.knock("handler", "64", "GET", path).status_code)


def test_an_archive_that_comes_later_is_caught(region: Region) -> None:
    confirm(region.house, "handler.64", person(9)["number"], has=False)
    assert {one.partition(":")[0] for one in who(region.house, "handler.64").own} == {"number"}
    enter(region, 9)
    assert reads(region, region.centre.worker_id(person(9))) == 403


@pytest.mark.parametrize("named", [1, 2])
def test_a_merge_is_followed_in_both_directions_and_taken_back(
    region: Region, house: House, named: int
) -> None:
    enter(region, 2)
    one, other = region.worker_id, region.centre.worker_id(person(2))
    confirm(house, "handler.64", person(named)["number"])
    foreign = other if named == 1 else one
    assert reads(region, foreign) == 200

    house.db.write(lambda turn: merges.link(turn, one, other))
    assert (reads(region, one), reads(region, other)) == (403, 403)
    house.db.write(lambda turn: merges.unlink(turn, one, other))
    assert reads(region, foreign) == 200


def test_the_own_number_is_carried_along_by_a_change_of_pepper(
    region: Region, house: House, clock: FixedClock
) -> None:
    confirm(house, "handler.64")
    confirm(house, "reviewer.64", person(9)["number"], has=False)
    rotation.rotate(house, "pepper")
    with house.db.read() as conn:
        assert kept_numbers.missing(conn, 2) == 2
    assert reads(region, region.worker_id) == 403
    rotation.work(house)
    clock.advance(house.settings.backup_days * DAY + 1)
    assert rotation.finish(house, "pepper") == ["pepper-1"]
    region._browsers.clear()

    assert reads(region, region.worker_id) == 403
    enter(region, 9)
    assert party(region.centre.worker_id(person(9))) in who(house, "reviewer.64").own
    with house.db.read() as conn:
        assert set(conn.scalars(sa.select(tables.kept_tag.c.pepper))) == {2}
    # The case of the fixture stands in no chain.
    house.db.write(lambda turn: turn.conn.execute(archive_tables.dispute.delete()))
    report = fsck.fsck(house, offline=True)
    assert (report.finding, report.counts["kept numbers"]) == (None, 2)


def test_a_pepper_is_not_dropped_while_a_kept_number_needs_it(region: Region, house: House) -> None:
    confirm(house, "handler.64")
    rotation.rotate(house, "pepper")
    with pytest.raises(rotation.StillNeeded, match="numbers are found under the older pepper only"):
        rotation.finish(house, "pepper")


def test_a_kept_number_is_under_the_new_wrapping_key(region: Region, house: House) -> None:
    confirm(house, "handler.64")
    rotation.rotate(house, "wrapping")
    rotation.work(house)
    with house.db.read() as conn:
        number_id = conn.scalar(sa.select(tables.kept_number.c.number_id))
        assert kept_numbers.masked(house.keys, conn, bytes(number_id)) == "*" * 14 + NUMBER[-4:]


def test_a_changed_tag_of_a_kept_number_is_named(region: Region, house: House) -> None:
    confirm(house, "handler.64")
    tag = tables.kept_tag
    house.db.write(lambda turn: turn.conn.execute(tag.update().values(tag=bytes(32))))
    finding = fsck.fsck(house, offline=True).finding
    assert finding is not None
    assert "kept_tag" in finding.where


def test_a_decision_in_the_same_moment_sees_what_was_confirmed(region: Region, house: House) -> None:
    """Judged by the register of its own transaction, whatever stood there when the request began."""
    enter(region, 2)
    proposal = house.db.write(
        lambda turn: audit_packs.propose(
            turn, "auditor.64", "c", [region.worker_id], {"named": 1}, "r", "official:first"
        )
    )
    before = who(house, "reviewer.64")
    confirm(house, "reviewer.64")
    with pytest.raises(Recused):
        deciding.decide(house, proposal, before, approve=True, reason="x")


def test_an_official_is_a_worker_by_the_workers_own_way(own: Region, house: House) -> None:
    """What binds the official binds the official alone: the worker reads their archive."""
    worker = Actor(Kind.WORKER, str(uuid.UUID(bytes=own.worker_id)), worker_id=own.worker_id)
    assert worker.recused == worker.own == frozenset()


# -- old papers


PROFILE = {"occupations": {"焊工": {"edition": "1999", "code": "6-04-02-05"}}}


def old_papers(region: Region, *numbers: int) -> tuple[bytes, dict[str, Any]]:
    """A file of old certificates, and what it leaves open."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS, *(old_row(n) for n in numbers)])
    return text.getvalue().encode("gb18030"), PROFILE | {"institutions": {OFFICE: region.centre.uscc}}


def proposed_import(region: Region, *numbers: int, areas: tuple[str, ...] = ("",)) -> bytes:
    """A run that `handler.64` proposed."""
    house, (data, profile) = region.house, old_papers(region, *numbers)
    sheet = house.paper_sheet(data, "qualification-certificate", profile)
    stated = ("qualification-certificate", "paper-file", "某局", "official:handler.64", "窗口2026-0012")
    plan = importing.Plan(sheet.sha256, *stated, frozenset(areas))
    list(importing.load(house, plan, sheet.rows()))
    run = importing.run_id(house, plan)
    return house.db.write(lambda turn: importing.propose(turn, run, plan))


@pytest.mark.parametrize("path", ["/v1/desk/imports/try", "/v1/desk/imports"])
def test_nobody_brings_in_a_certificate_of_their_own(region: Region, path: str) -> None:
    """The own row is refused and seen; those of others go on."""
    confirm(region.house, "handler.64")
    data, profile = old_papers(region, 1, 2)
    said = {"type": "qualification-certificate", "source": "paper-file", "vouched_by": "某局"}
    case = {} if path.endswith("try") else {"case_ref": "窗口2026-0012"}
    sent = said | case | {"profile": json.dumps(profile), "file": (io.BytesIO(data), "old.csv")}
    answer = region.knock("handler", "64", "POST", path, data=sent)
    assert (answer.json["ready"], answer.json["refused"]) == (1, 1), answer.text
    assert [(one["row"], one["code"]) for one in answer.json["errors"]] == [(2, "recused")]
    assert alarms(region.house) == [("own", "handler.64")]


def test_who_decides_an_import_opens_its_rows_masked_and_never_their_own(region: Region) -> None:
    house, proposal = region.house, proposed_import(region, 1, 2)
    confirm(house, "reviewer.64")
    rows, page, decide = (
        f"{root}/proposals/{uuid.UUID(bytes=proposal)}/{door}"
        for root, door in (("/v1/desk", "rows"), ("/desk", "rows"), ("/v1/desk", "decide"))
    )
    word = {"approve": True, "reason": "x"}
    for method, path, said in (("GET", rows, {}), ("GET", page, {}), ("POST", decide, {"json": word})):
        answer = region.knock("reviewer", "64", method, path, **said)
        assert answer.status_code == 403, (path, answer.text)
    assert alarms(house) == [("own", "reviewer.64")] * 3
    assert region.knock("handler", "64", "GET", rows).status_code == 403, "who proposed it does not decide"
    assert region.knock("reviewer", "6402", "GET", rows).status_code == 404, "another area"

    shown = region.knock("data-officer", "64", "GET", rows)
    assert [one["row"] for one in shown.json["items"]] == [2, 3]
    assert shown.json["next_after"] is None
    assert shown.json["items"][0]["number"] == "*" * 14 + NUMBER[-4:]
    assert shown.json["items"][0]["body"]["certificate"]["issued_on"] == "2006-05-08"
    paged = region.knock("data-officer", "64", "GET", page)
    assert (paged.status_code, OFFICE in paged.text, "2006" in paged.text) == (200, True, True)
    for answer in (shown, paged):
        assert NUMBER not in answer.text
        assert person(1)["name"] not in answer.text
    with house.db.read() as conn:
        seen = [(one.actor_id, one.purpose, one.case_ref) for one in of_worker(conn, region.worker_id)]
    assert seen == [("data-officer.64", "import", "窗口2026-0012")] * 2
    assert region.knock("data-officer", "64", "POST", decide, json=word).status_code in (200, 204)
    assert region.knock("data-officer", "64", "GET", rows).status_code == 403, "nothing waits any more"


@pytest.mark.parametrize("sealed", ["archive", "record"])
def test_a_row_that_says_what_is_restricted_is_opened_to_nobody(region: Region, sealed: str) -> None:
    """Named by its number alone, by interface and on the page; nobody looked at whom it is about."""
    house, mine = region.house, region.worker_id
    if sealed == "record":
        first = proposed_import(region, 1)
        house.db.write(
            lambda turn: two_person.decide(turn, first, "official:reviewer.64", True, "核对", tools=house)
        )
        assert importing.Importer(house).run() == 1
        archive = Reader(house).archive(mine)
        assert archive is not None
        seal(house, mine, archive.entries[-1].stored.record_id or b"")
    proposal = proposed_import(region, 1, 2)
    if sealed == "archive":
        officer = Actor(Kind.OFFICIAL, "data-officer.64")
        erasing.restrict(house, mine, "erasure-requested", "本人申请", officer)
    own = f"proposals/{uuid.UUID(bytes=proposal)}/rows"
    shown = region.knock("data-officer", "64", "GET", f"/v1/desk/{own}")
    assert (shown.json["withheld"], [one["row"] for one in shown.json["items"]]) == ([2], [3])
    assert NUMBER[-4:] not in shown.text
    paged = region.knock("data-officer", "64", "GET", f"/desk/{own}")
    assert ("第 2 行涉及限制处理" in paged.text, NUMBER[-4:] in paged.text) == (True, False)
    with house.db.read() as conn:
        assert [one.actor_id for one in of_worker(conn, mine) if one.purpose == "import"] == []


def test_a_row_that_became_the_own_of_one_of_the_two_does_not_enter(region: Region) -> None:
    house, proposal = region.house, proposed_import(region, 1, 2)
    house.db.write(
        lambda turn: two_person.decide(turn, proposal, "official:reviewer.64", True, "核对", tools=house)
    )
    confirm(house, "reviewer.64")
    assert importing.Importer(house).run() == 2
    with house.db.read() as conn:
        run = conn.execute(sa.select(archive_tables.import_run)).one()
    assert importing.refused(house, bytes(run.run_id)) == [(2, "needs-officials")]

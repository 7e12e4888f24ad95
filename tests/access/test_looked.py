"""Who looked: written before anything is seen, shown to the worker, never changed."""

import threading
import uuid

import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.errors import LookNotWritten, PurposeNotYours, PurposeRefused
from recordsvc.access.grants import Actor, Kind, Role
from recordsvc.access.looked import Look
from recordsvc.access.tables import looked as table
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House

INSPECTOR = Actor(Kind.OFFICIAL, "ann", roles=frozenset({"inspector", "handler"}))


def look(worker_id: bytes, purpose: str = "inspection", case_ref: str = "") -> Look:
    return Look(worker_id, INSPECTOR, purpose, "records", case_ref, "abcdefgh")


def record(house: House, *looks: Look) -> None:
    looked.record(house, looks)


def of(house: House, worker_id: bytes, **page) -> list[looked.Seen]:
    with house.db.read() as conn:
        return looked.of_worker(conn, worker_id, **page)


def test_a_look_is_there_when_recording_returns(house: House, worker_id: bytes, clock: FixedClock):
    record(house, look(worker_id, case_ref="case-7"))
    seen = of(house, worker_id)[0]
    assert (seen.at_ms, seen.actor_kind, seen.actor_id) == (clock.now_ms(), "official", "ann")
    assert (seen.role, seen.purpose, seen.fields, seen.case_ref) == (
        "handler inspector", "inspection", "records", "case-7"
    )  # fmt: skip


def test_a_purpose_that_is_not_in_force_writes_nothing(house: House, worker_id: bytes):
    with pytest.raises(PurposeRefused):
        record(house, look(worker_id), look(worker_id, "curiosity"))
    assert of(house, worker_id) == []


def test_looks_at_many_share_a_commit(house: House):
    workers = [uuid.UUID(int=n).bytes for n in range(1, 30)]
    record(house, *(look(worker) for worker in workers))
    assert all(len(of(house, worker)) == 1 for worker in workers)


def test_readers_at_once_are_all_recorded(house: House, worker_id: bytes):
    threads = [threading.Thread(target=looked.record, args=(house, [look(worker_id)])) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(of(house, worker_id)) == 12


def test_the_newest_stands_first_and_pages_go_back(house: House, worker_id: bytes, clock: FixedClock):
    for n in range(5):
        looked.record(house, [look(worker_id, case_ref=f"K-{n}")])
        clock.advance(10)
    first = of(house, worker_id, limit=2)
    rest = of(house, worker_id, before=first[-1].id)
    assert [seen.case_ref for seen in first + rest] == ["K-4", "K-3", "K-2", "K-1", "K-0"]


@pytest.mark.parametrize("change", [sa.delete(table), sa.update(table).values(purpose="audit")])
def test_a_row_is_never_changed_or_removed(house: House, worker_id: bytes, change):
    record(house, look(worker_id))
    with pytest.raises(sa.exc.DBAPIError):
        house.db.write(lambda turn: turn.conn.execute(change))
    assert [seen.purpose for seen in of(house, worker_id)] == ["inspection"]


def test_nothing_is_recorded_when_it_cannot_be_written(
    house: House, worker_id: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(looked, "uuid7", lambda *_: b"\1" * 16)
    record(house, look(worker_id, case_ref="first-1"))
    with pytest.raises(LookNotWritten):
        record(house, look(worker_id, case_ref="second-1"))
    assert [seen.case_ref for seen in of(house, worker_id)] == ["first-1"]


def test_a_worker_sees_who_looked_and_nobody_elses(enter, house: House, worker_id: bytes):
    record(house, look(worker_id, case_ref="case-7"))
    record(house, look(uuid.UUID(int=9).bytes, case_ref="other-1"), look(uuid.UUID(int=8).bytes))
    answer = enter("worker").get("/v1/me/looked")
    assert [item["case_ref"] for item in answer.json["items"]] == ["case-7"]
    assert answer.json["items"][0]["fields_seen"] == "records"
    assert (answer.json["next"], answer.headers["Cache-Control"]) == (None, "no-store")


def test_the_list_goes_on_from_its_last_row(enter, house: House, worker_id: bytes):
    record(house, *(look(worker_id) for _ in range(53)))
    worker = enter("worker")
    first = worker.get("/v1/me/looked").json
    rest = worker.get(f"/v1/me/looked?before={first['next']}").json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (50, 3, None)
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 53


@pytest.mark.parametrize("kind", ["inspector", "auditor", "registrar"])
def test_an_official_has_no_such_list(enter, kind: str):
    assert enter(kind).get("/v1/me/looked").status_code == 403


def test_a_purpose_that_is_not_of_ones_role_is_refused_by_name(house: House, worker_id: bytes) -> None:
    payer = Actor(Kind.OFFICIAL, "paul", roles=frozenset({"payer"}))
    with pytest.raises(PurposeNotYours) as refused:
        record(house, Look(worker_id, payer, "inspection", "records"))
    assert refused.value.code == "purpose-role"
    assert of(house, worker_id) == []


def test_every_purpose_states_its_words_basis_days_and_roles() -> None:
    for row in dated.table(looked.PURPOSES).rows:
        assert all(row[name] for name in ("zh", "basis_zh", "basis_en", "valid_from")), row["code"]
        assert set(row["roles"]) <= set(Role), row["code"]


def test_a_look_is_told_with_the_words_and_basis_of_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"code": "audit", "en": "", "basis_en": "", "roles": ["auditor"]}
    document = {
        "name": "lookup_purposes", "kind": "codes", "title_zh": "", "title_en": "", "source": "",
        "complete": True,
        "rows": [
            {**row, "valid_from": "2021-11-01", "valid_to": "2024-12-31", "zh": "旧称", "basis_zh": "旧法"},
            {**row, "valid_from": "2025-01-01", "valid_to": None, "zh": "新称", "basis_zh": "新法"},
        ],
    }  # fmt: skip
    monkeypatch.setattr(dated, "on", lambda _name, day: dated.Table(document).on(day))
    told = [looked.stated("audit", ms) for ms in (1_735_660_799_000, 1_735_660_800_000, 1_600_000_000_000)]
    assert [one and (one["zh"], one["basis_zh"]) for one in told] == [
        ("旧称", "旧法"),
        ("新称", "新法"),
        None,
    ]


def test_a_look_by_consent_reads_by_the_purposes_of_sharing(enter, house: House, worker_id: bytes):
    shared = Look(
        worker_id, Actor(Kind.CLIENT, "bank"), "job-application", "extract", looked.BY_CONSENT + "1"
    )
    house.db.write(lambda turn: looked.note(turn, house, shared))
    (item,) = enter("worker").get("/v1/me/looked").json["items"]
    assert (item["purpose_zh"], item["basis_zh"]) == ("求职应聘", looked.CONSENT_BASIS)

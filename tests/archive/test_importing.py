"""Old papers: rows become records the region vouches for, once, by two officials; issuers upgrade them."""

import csv
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from recordsvc import anchor, create_app, fsck
from recordsvc.access import areas, looked
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import bundle, desk_importing, importing, importrows, persons, tables, views
from recordsvc.archive.importing import Importer
from recordsvc.archive.importrows import Plan, Row
from recordsvc.archive.verify import verify_bundle
from recordsvc.ground import two_person
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House
from recordsvc.importfiles import PaperFile, Profile
from recordsvc.people import synthetic
from recordsvc.web import import_views
from tests.archive.support import Centre, person

HEADINGS = ("姓名", "身份证号码", "职业", "等级", "证书编号", "发证日期", "发证机构")
OFFICE = "示范职业技能鉴定所"
WELDER = {"焊工": {"edition": "1999", "code": "6-04-02-05"}}


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def old_row(n: int, **changes: str) -> tuple[str, ...]:
    """One line of a register of old certificates."""
    told = {
        "name": person(n)["name"],
        "id": person(n)["number"],
        "occupation": "焊工",
        "level": "四级",
        "number": f"06300101234{n:05d}"[:10] + f"4{n:05d}",
        "on": "2006年5月8日",
        "office": OFFICE,
        **changes,
    }
    return tuple(told.values())


def written(path: Path, rows: list[tuple[Any, ...]], encoding: str = "gb18030") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return path


def papers(house: House, path: Path, kind: str = "qualification-certificate", **profile: Any) -> PaperFile:
    office = Centre(house, 9, register=False).uscc if house.institutions.find(_uscc(9)) is None else _uscc(9)
    answers = Profile(occupations=WELDER, institutions={OFFICE: office}, **profile)
    return PaperFile(path, kind, answers, beijing_date(house.clock.now_ms()), {})


def _uscc(n: int) -> str:
    return synthetic.uscc(1000 + n)


def plan_of(
    file: PaperFile, kind: str = "qualification-certificate", areas: frozenset[str] = frozenset({""})
) -> Plan:
    stated = ("paper-file", "示范市就业服务中心", "official:first", "窗口2026-0012")
    return Plan(file.sha256, kind, *stated, areas)


def decide(house: House, proposal: bytes, *, approve: bool = True) -> Any:
    return house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", approve, "核对", role="reviewer", tools=house
        )
    )


def loaded(house: House, file: PaperFile, *areas: str) -> bytes:
    """Load and propose; the proposal. `areas`: where the first official works, everywhere unless said."""
    plan = plan_of(file, areas=frozenset(areas or ("",)))
    list(importing.load(house, plan, file.rows()))
    return house.db.write(lambda turn: importing.propose(turn, importing.run_id(house, plan), plan))


def imported(house: House, file: PaperFile) -> None:
    decide(house, loaded(house, file))
    Importer(house).run()


def archive_of(house: House, centre: Centre, n: int) -> persons.PersonArchives:
    found = persons.read(house, centre.worker_id(person(n)))
    assert found is not None
    return found


def records(house: House, centre: Centre, n: int) -> list[dict[str, Any]]:
    return list(json.loads(views.person_json(archive_of(house, centre, n)))["records"])


def test_rows_become_records_that_the_region_vouches_for(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    file = papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(2)]))
    imported(house, file)

    (told,) = records(house, centre, 2)
    said = told["record"]["provenance"]
    assert (told["trust"], told["superseded_by"]) == ("bureau-vouched", None)
    assert said["file"] == {
        "row": 3,
        "sha256": file.sha256.hex(),
    }
    assert said["original"]["name"] == OFFICE
    assert told["record"]["body"]["certificate"] == {
        "issued_on": "2006-05-08",
        "number": "0630010123400002"[:10] + "400002",
    }
    assert fsck.fsck(house, offline=True).finding is None


def test_nothing_enters_before_a_second_official_approved(house: House, tmp_path: Path) -> None:
    proposal = loaded(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    assert Importer(house).run() == 0
    assert house.people.find("resident-id", person(1)["number"]) is None
    decide(house, proposal, approve=False)
    Importer(house).run()

    with house.db.read() as conn:
        run = conn.execute(sa.select(tables.import_run)).one()
        assert (run.state, run.wrapped) == ("dropped", None)
        assert conn.execute(sa.select(tables.import_row)).all() == []


def test_a_second_run_and_a_death_between_enter_nothing_twice(
    house: House, centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PORTION", 2)
    file = papers(house, written(tmp_path / "old.csv", [old_row(n) for n in range(1, 6)]))
    plan = plan_of(file)
    next(iter(importing.load(house, plan, file.rows())))  # dies after one portion
    decide(house, loaded(house, file))
    wanted = importing.run_id(house, plan)
    settled = iter(Importer(house).enter(wanted))
    next(settled)
    Importer(house).run()

    run = importing.find(house, wanted)
    assert run is not None
    assert (run.state, run.ready, run.entered, run.refused) == ("done", 5, 5, 0)
    assert [len(records(house, centre, n)) for n in range(1, 6)] == [1] * 5
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).where(tables.import_row.c.sealed.is_not(None))) == 0


def wrong(number: str) -> str:
    """A number with another last digit."""
    return number[:17] + ("1" if number[17] == "0" else "0")


def test_each_bad_row_is_named_and_holds_nobody_up(house: House, centre: Centre, tmp_path: Path) -> None:
    centre.enter(centre.completion(person(7)))
    rows = [
        old_row(1),
        old_row(2, id=wrong(person(2)["number"])),
        old_row(3, on="不详"),
        old_row(4, occupation="铆工"),
        old_row(7, name="丁不同"),
        old_row(5, office="早已不在的鉴定所"),
        old_row(6, level="五级"),
    ]
    file = papers(house, written(tmp_path / "old.csv", rows))
    imported(house, file)

    told = dict(importing.refused(house, importing.run_id(house, plan_of(file))))
    assert told == {
        3: "id-check-digit",
        4: "date-unreadable",
        5: "occupation-code-missing",
        6: "needs-officials",
        7: "institution-code-missing",
        8: "certificate-level",
    }
    assert len(records(house, centre, 1)) == 1


def test_a_dry_run_writes_nothing(house: House, tmp_path: Path) -> None:
    file = papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(2, on="")]))
    told = importrows.judged(house, plan_of(file), list(file.rows()))

    assert [row.code for row in told] == [None, "award-date-missing"]
    with house.db.read() as conn:
        assert conn.execute(sa.select(tables.import_run)).all() == []


def seen_by(house: House, area: str) -> list[bytes]:
    """The runs that a handler of an area is listed."""
    who = Actor(Kind.OFFICIAL, "third", frozenset({"handler"}), duties=frozenset({("handler", area)}))
    return [one["proposal_id"] for one in desk_importing.runs(house, who)]


def test_what_the_archive_knows_is_told_to_nobody_but_as_a_row_that_waits(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    """Somebody of another name, somebody of another county, and nobody: alike until two released the file."""
    centre.enter(centre.completion(person(7)), centre.completion(person(8)), centre.completion(person(9)))
    workers = {n: centre.worker_id(person(n)) for n in (7, 8, 9)}
    for n, area in ((7, "640104"), (8, "640202"), (9, "640104")):
        house.db.write(lambda turn, n=n, area=area: areas.place_worker(turn, workers[n], area, "test"))
    rows = [old_row(1), old_row(7, name="丁不同"), old_row(8), old_row(9)]
    file = papers(house, written(tmp_path / "old.csv", rows))
    assert [row.code for row in importrows.judged(house, plan_of(file), list(file.rows()))] == [None] * 4
    proposal = loaded(house, file, "640104")
    wanted = importing.run_id(house, plan_of(file))
    assert importing.refused(house, wanted) == []
    assert [seen_by(house, area) for area in ("640202", "640104", "64")] == [[], [proposal], [proposal]]

    decide(house, proposal)
    assert Importer(house).run() == 4, "settled"
    assert importing.refused(house, wanted) == [(3, "needs-officials"), (4, "needs-officials")]
    with house.db.read() as conn:
        told = {n: looked.of_worker(conn, worker) for n, worker in workers.items()}
    assert [[(one.actor_id, one.purpose, one.case_ref) for one in told[n]] for n in (7, 8, 9)] == [
        [("first", "import", "窗口2026-0012")]
    ] * 2 + [[]]
    assert [len(records(house, centre, n)) for n in (7, 8, 9)] == [1, 1, 2]


def test_a_changed_run_is_not_approved(house: House, tmp_path: Path) -> None:
    proposal = loaded(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    house.db.write(
        lambda turn: turn.conn.execute(tables.import_run.update().values(vouched_by="别处")).rowcount
    )
    with pytest.raises(StaleProposal):
        decide(house, proposal)


def test_a_run_marked_approved_by_hand_is_not_entered(house: House, tmp_path: Path) -> None:
    loaded(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    house.db.write(
        lambda turn: turn.conn.execute(tables.import_run.update().values(state="approved")).rowcount
    )

    assert Importer(house).run() == 0
    assert house.people.find("resident-id", person(1)["number"]) is None


def test_old_numbers_fifteen_digits_and_excel_days_are_read(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    fifteen = person(1)["number"][:6] + person(1)["number"][8:17]
    book = Workbook()
    book.active.append(HEADINGS)
    book.active.append(old_row(1, id=fifteen, number="宁劳字第0815号"))
    serial = (dt.date(1999, 4, 1) - dt.date(1899, 12, 30)).days
    book.active.append((*old_row(2, number="9901234567890")[:5], serial, OFFICE))
    book.save(tmp_path / "old.xlsx")
    imported(house, papers(house, tmp_path / "old.xlsx"))

    assert records(house, centre, 1)[0]["record"]["body"]["certificate"]["number"] == "宁劳字第0815号"
    assert records(house, centre, 2)[0]["record"]["body"]["certificate"] == {
        "issued_on": "1999-04-01",
        "number": "0009901234567890",
    }


def test_the_issuers_signature_counts_instead_until_it_is_revoked(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    office = Centre(house, 9)
    on = beijing_date(house.clock.now_ms()) - dt.timedelta(days=20)
    row = old_row(1, number=f"{on:%y}30010123400001", on=on.isoformat())
    file = papers(house, written(tmp_path / "old.csv", [row]))
    imported(house, file)
    (old,) = records(house, centre, 1)
    signed = office.record("qualification-certificate", person(1), old["record"]["body"])
    office.enter(signed)

    first, second = records(house, centre, 1)
    assert (first["trust"], first["superseded_by"]) == ("bureau-vouched", second["id"])
    assert (second["trust"], second["superseded_by"]) == ("issuer-signed", None)
    made = bundle.make(house, centre.worker_id(person(1)))
    assert made is not None
    report = verify_bundle(made, [anchor.log_key(house)], region=house.settings.region)
    assert [(line.trust, line.superseded_by) for line in report.records] == [
        ("bureau-vouched", 1),
        ("issuer-signed", None),
    ]
    assert "登记机关担保转录" in report.text()
    assert "同一事实以第 1 条为准" in report.text()

    office.enter(office.revocation(person(1), signed))
    assert records(house, centre, 1)[0]["superseded_by"] is None


def test_the_same_certificate_in_another_file_is_told_and_not_doubled(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    imported(house, papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(2)])))
    again = papers(house, written(tmp_path / "new.csv", [old_row(3), old_row(2), old_row(3, office=OFFICE)]))

    dry = importrows.judged(house, plan_of(again), list(again.rows()))
    assert [row.code for row in dry] == [None, None, "already-known"], "of the file alone"
    imported(house, again)

    run = importing.find(house, importing.run_id(house, plan_of(again)))
    assert run is not None
    assert (run.state, run.entered, run.refused) == ("done", 1, 2)
    assert dict(importing.refused(house, run.run_id)) == {3: "needs-officials", 4: "already-known"}
    assert [len(records(house, centre, n)) for n in (1, 2, 3)] == [1, 1, 1]
    assert fsck.fsck(house, offline=True).finding is None


def test_two_files_that_wait_together_enter_a_certificate_once(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    one = papers(house, written(tmp_path / "a.csv", [old_row(1), old_row(2)]))
    two = papers(house, written(tmp_path / "b.csv", [old_row(2), old_row(4)]))
    for proposal in [loaded(house, file) for file in (one, two)]:
        decide(house, proposal)
    assert Importer(house).run() == 4

    refused = [importing.refused(house, importing.run_id(house, plan_of(file))) for file in (one, two)]
    assert sorted(code for rows in refused for _row, code in rows) == ["needs-officials"]
    assert [len(records(house, centre, n)) for n in (1, 2, 4)] == [1, 1, 1]


def test_another_number_or_day_is_another_certificate(house: House, centre: Centre, tmp_path: Path) -> None:
    imported(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    other = old_row(1, number="0630010123400009"[:10] + "400009")
    imported(house, papers(house, written(tmp_path / "new.csv", [other])))
    assert len(records(house, centre, 1)) == 2


PERMIT = ("姓名", "身份证号", "作业类别", "准操项目", "操作证编号", "签发日期", "发证机关")


@pytest.mark.parametrize(
    ("headings", "cells"),
    [
        (("有效期起", "有效期止"), ("2019-05-08", "2025-05-07")),
        (("有效期限",), ("2019年5月8日至2025年5月7日",)),
    ],
)
def test_permits_of_special_operations_are_read(
    house: House, centre: Centre, tmp_path: Path, headings: tuple[str, ...], cells: tuple[str, ...]
) -> None:
    who, path = person(1), tmp_path / "permits.csv"
    said = (who["name"], who["number"], "电工作业", "低压电工作业", "T640104-2019-0093", "2019.5.8", OFFICE)
    lost = (person(2)["name"], person(2)["number"], "", *said[3:])
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            [
                (*PERMIT, *headings, "初次领证日期", "应复审日期"),
                (*said, *cells, "2013-05-08", "2022-05-07"),
                (*lost, *cells, "", ""),
            ]
        )
    file = papers(house, path, "safety-permit")
    plan = plan_of(file, "safety-permit")
    list(importing.load(house, plan, file.rows()))
    wanted = importing.run_id(house, plan)
    decide(house, house.db.write(lambda turn: importing.propose(turn, wanted, plan)))
    Importer(house).run()

    assert dict(importing.refused(house, wanted)) == {3: "permit-category-missing"}
    (told,) = records(house, centre, 1)
    body = told["record"]["body"]
    assert body.pop("authority")["name"] == OFFICE
    assert body == {
        "category": "电工作业",
        "certificate": {"issued_on": "2019-05-08", "number": "T640104-2019-0093"},
        "first_issued_on": "2013-05-08",
        "item": "低压电工作业",
        "review_due_on": "2022-05-07",
        "valid_from": "2019-05-08",
        "valid_to": "2025-05-07",
    }
    assert told["trust"] == "bureau-vouched"


def test_rows_at_rest_say_nothing(house: House, tmp_path: Path) -> None:
    file = papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(2, on="")]))
    loaded(house, file)
    with house.db.read() as conn:
        at_rest = repr(conn.execute(sa.select(tables.import_row)).all()).encode()
    for value in (person(1)["name"], person(1)["number"], "焊工"):
        assert value.encode() not in at_rest
    assert dataclasses.astuple(Row(1, code="x"))[1] is None


def test_a_page_tells_how_far_a_run_is_and_why_rows_are_refused(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    """What the second official sees before and after: counts and reasons, and nothing that a row says."""
    rows = [old_row(1), old_row(2), old_row(3, on="2006年13月8日"), old_row(4, on="某年")]
    file = papers(house, written(tmp_path / "old.csv", rows))
    proposal = loaded(house, file)
    app = create_app(house.settings, house)

    def told() -> import_views.Progress | None:
        with house.db.read() as conn:
            found = two_person.read(conn, proposal, house.clock.now_ms())
        with app.app_context():
            return import_views.progress(found)

    reasons = (("看不懂日期", 2),)
    assert told() == import_views.Progress("待另一人批准", 2, 0, 2, reasons)
    decide(house, proposal)
    assert told() == import_views.Progress("已批准，正在导入", 2, 0, 2, reasons)
    Importer(house).run()
    assert told() == import_views.Progress("已导入完毕", 2, 2, 2, reasons)


def test_a_refused_run_tells_of_no_progress(house: House, centre: Centre, tmp_path: Path) -> None:
    proposal = loaded(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    decide(house, proposal, approve=False)
    with house.db.read() as conn:
        found = two_person.read(conn, proposal, house.clock.now_ms())
    with create_app(house.settings, house).app_context():
        assert import_views.progress(found) is None

"""People of institutions and departments in the demo (演示单位人员), each with something to do."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House


CASE: Final = "演示2026-1"
"""The case of what departments state in the demo."""


def make(house: "House", folder: Path) -> None:
    """Let them sign in on this machine; the region was loaded from `folder`. Repeatable."""
    _make_staff(house)
    _make_class(house, folder)
    _make_statements(house, folder)


def _make_staff(house: "House") -> None:
    """Let people of the region's institutions, an employer and a department sign in on this machine."""
    from recordsvc.access import demo
    from recordsvc.access.grants import Position
    from recordsvc.ground.ports import beijing_date

    today = beijing_date(house.clock.now_ms()).isoformat()
    by_kind: dict[str, str] = {}
    for uscc, institution in sorted(house.institutions.all().items()):
        by_kind.setdefault(institution.kind_on(today), uscc)
    wanted = (
        ("training-institution", Position.HEAD, "培训机构经办负责人", "Head of a training centre"),
        ("training-institution", Position.CLERK, "培训机构经办", "Clerk of a training centre"),
        ("training-institution", Position.TEACHER, "培训机构教师", "Teacher of a training centre"),
        ("training-institution", Position.SIGNER, "培训机构签发人", "Signer of a training centre"),
        ("employer", Position.HR, "用人单位人力资源", "HR of an employer"),
    )

    def create(turn: "Turn") -> None:
        for kind, position, zh, en in wanted:
            if kind in by_kind:
                demo.create_staff(turn, by_kind[kind], f"staff-{position}", position, (zh, en))
        for department in _DEPARTMENTS:
            _make_department(house, turn, *department)

    house.db.write(create)


_DEPARTMENTS: Final = (
    (
        "MBDEM071",
        "disabled-federation",
        "new-card",
        "宁夏回族自治区残疾人联合会（示例）",
        "残联专员",
        "Officer for disabled people",
    ),
    (
        "MBDEM072",
        "veterans-affairs",
        "veteran",
        "宁夏回族自治区退役军人事务厅（示例）",
        "退役军人事务专员",
        "Officer for veterans",
    ),
    (
        "MBDEM073",
        "agriculture-rural",
        "grower",
        "宁夏回族自治区农业农村厅（示例）",
        "农业农村专员",
        "Officer for farmers",
    ),
)
"""Departments of the demo: characters of the code, kind, the named worker it states, its name,
and what its officer is called."""


def _make_department(
    house: "House", turn: "Turn", characters: str, kind: str, _who: str, name: str, zh: str, en: str
) -> None:
    """Enter a department that answers for groups of people, with an officer who signs in here. Repeatable."""
    from demo.numbers import uscc
    from recordsvc.access import areas, demo
    from recordsvc.access.grants import Position
    from recordsvc.bodies import institutions

    code = uscc("11", "640000", characters)
    if house.institutions.find(code) is None:
        entry = institutions.Entry(code, name, kind, "2018-11-01", None, "demo")
        institutions.enter(turn, entry, "system:demo")
        areas.place_institution(turn, code, "640000", "demo", "system:demo")
    demo.create_staff(turn, code, f"staff-officer-{kind}", Position.OFFICER, (zh, en))
    # What one officer states another decides.
    demo.create_staff(
        turn, code, f"staff-officer-2-{kind}", Position.OFFICER, (f"{zh}二（复核）", f"{en}, the second")
    )


def _make_statements(house: "House", folder: Path) -> None:
    """Let each department state one of the region's named workers, so that its list has somebody."""
    from demo.personas import personas
    from recordsvc import dated
    from recordsvc.access import demo, staff
    from recordsvc.access.grants import Actor, Kind, Position
    from recordsvc.access.looked import Look
    from recordsvc.ground.ports import beijing_date
    from recordsvc.groups import departments, statements, waiting

    now_ms = house.clock.now_ms()
    today = beijing_date(now_ms).isoformat()
    people = {role.key: person for role, person in personas(folder)}
    with house.db.read() as conn:
        known = {one.kind: one.actor_id for one in demo.personas(conn)}
    groups = {
        str(row["department"]): str(row["group"])
        for row in reversed(dated.on(departments.GROUPS, today).rows)
    }
    for _, kind, who_key, *_rest in _DEPARTMENTS:
        person = people.get(who_key)
        found = None if person is None else house.people.find(person.document, person.number)
        officers = [known.get(f"staff-officer-{kind}"), known.get(f"staff-officer-2-{kind}")]
        if found is None or None in officers:
            continue

        def state(
            turn: "Turn",
            officers: list[str | None] = officers,
            found: bytes = found,
            group: str = groups[kind],
        ) -> None:
            first, second = (
                Actor(Kind.STAFF, one, frozenset({Position.OFFICER}), staff.known(turn.conn, one).institution)
                for one in officers
                if one is not None
            )
            if statements.of_worker(house, turn.conn, first.institution or "", found):
                return
            said = {"group": group, "valid_from": today, "source": "shared-database", "checked_on": today}
            asked = {**said, "case_ref": CASE}
            proposed = waiting.propose(turn, house, first, found, asked, "demo")
            look = Look(found, second, statements.PURPOSE, statements.SHOWN, asked["case_ref"], "demo")
            waiting.decide(turn, house, second, proposed, look, approve=True, reason="对照证件复核无误")

        house.db.write(state)


def _make_class(house: "House", folder: Path) -> None:
    """Open a class that runs now, of the region's named workers, for the teacher who signs in here."""
    from demo.personas import personas
    from recordsvc.access import demo, staff
    from recordsvc.access.grants import Actor, Kind, Position
    from recordsvc.ground.ports import beijing_date
    from recordsvc.training import classes

    today = beijing_date(house.clock.now_ms())
    first, last = (today + dt.timedelta(days=days) for days in (-3, 11))
    plan = {
        "code": f"{first:%Y%m}-HG-01",
        "name": "焊工初级班（演示）",
        "training_type": "employment-skill",
        "occupation": "焊工",
        "occupation_code": "6-18-02-04",
        "level": "5",
        "started_on": first.isoformat(),
        "ended_on": last.isoformat(),
        "theory_periods": 24,
        "practice_periods": 56,
    }
    people = {person.number: person for _, person in personas(folder)}.values()
    learners = [{name: getattr(one, name) for name in ("name", "document", "number")} for one in people]

    def create(turn: "Turn") -> None:
        known = {one.kind: one.actor_id for one in demo.personas(turn.conn)}
        if not {"staff-clerk", "staff-teacher"} <= known.keys():
            return
        institution = staff.known(turn.conn, known["staff-clerk"]).institution
        clerk = Actor(Kind.STAFF, known["staff-clerk"], frozenset({Position.CLERK}), institution)
        if any(one.code == plan["code"] for one in classes.seen(turn.conn, clerk, turn.now_ms)):
            return
        class_id = classes.open_class(turn, house, clerk, {**plan, "learners": learners})
        days = (plan["started_on"], plan["ended_on"])
        classes.assign(turn, clerk, class_id, known["staff-teacher"], *map(str, days))

    house.db.write(create)

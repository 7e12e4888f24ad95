"""Old papers at the desk (网上导入旧档案): a file tried, its questions answered, then proposed.

A file comes whole and is read by what `importfiles` knows, behind the port `Sheet`. What is tried tells of
the file and of nobody; whoever tries it stands in the list of acts all the same.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import sqlalchemy as sa

from recordsvc.access import acts, areas, recusals
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, author, reach
from recordsvc.archive import importing, tables
from recordsvc.archive.import_errors import ImportBegun, NothingToEnter, QuestionsOpen
from recordsvc.archive.import_persons import POLICY, check_case
from recordsvc.archive.importing import Run
from recordsvc.archive.importrows import Plan, Row, judged
from recordsvc.ground import two_person

if TYPE_CHECKING:
    from recordsvc.house import House

MOST_BYTES: Final = 1024 * 1024
MOST_ROWS: Final = 5_000
"""What the desk takes at once: judged within one request. The command takes a file of any length."""
LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Question:
    """What the file does not say: a member of the profile, or one name that this member lists."""

    about: str
    name: str


class Sheet(Protocol):
    """A file as rows of old papers, and what it leaves open."""

    sha256: bytes

    def rows(self) -> Iterator[Row]:
        """Return each row that is about somebody. Raises `FileUnreadable` beyond `MOST_ROWS`."""

    def questions(self) -> list[Question]:
        """Return what has to be answered still, as far as rows were read."""

    def words(self, code: str) -> str:
        """Return what is wrong with a row."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a file: good rows, wrong ones by number with their codes, open questions."""

    ready: int
    bad: list[tuple[int, str]]
    questions: list[Question]


def tried(house: "House", plan: Plan, sheet: Sheet, who: Actor) -> Tried:
    """Judge all rows and enter nothing but who tried it. Raises `FileUnreadable`."""
    note = OfficialAct(who, Act.IMPORT_TRY, plan.file_sha256.hex(), plan.record_type)
    acts.record(house.db, house.random, note)
    ready, bad = 0, list[tuple[int, str]]()
    for portion in importing.portions(sheet.rows()):
        told = judged(house, plan, portion)
        bad += [(row.number, row.code) for row in told if row.code is not None]
        ready += sum(row.code is None for row in told)
    return Tried(ready, bad, sheet.questions())


def loaded(house: "House", plan: Plan, sheet: Sheet) -> Run:
    """Judge and seal all rows; the run, ready to be proposed, or one that was proposed so before.

    Raises `FileUnreadable`, `QuestionsOpen`, `ImportBegun`, `NothingToEnter`, `StaleProposal` where another
    official proposes it at this moment, and `CaseRefused`, `CaseUnknown`.
    """
    check_case(house, plan.by, plan.case_ref)
    wanted = importing.run_id(house, plan)
    run = importing.current(house, wanted)
    if run is not None and run.state != "dropped":
        same = (run.source, run.vouched_by) == (plan.source, plan.vouched_by)
        if run.state == "proposed" and same:
            return run
        if run.state != "loading" or not same:
            raise ImportBegun
    for _row in sheet.rows():
        pass
    if asked := sheet.questions():
        raise QuestionsOpen(errors=[_open(one) for one in asked])
    for _seen in importing.load(house, plan, sheet.rows()):
        pass
    run = importing.find(house, wanted)
    if run is None or not run.ready:
        bad = importing.refused(house, wanted)
        importing.drop(house, wanted, "loading")
        raise NothingToEnter(errors=told(sheet, bad))
    return run


def told(sheet: Sheet, bad: list[tuple[int, str]], most: int = 1_000) -> list[dict[str, Any]]:
    """Return wrong rows as they are answered: number, code, words; no more than `most`."""
    return [
        {
            "pointer": f"/rows/{number}",
            "row": number,
            "code": code,
            "detail": f"第 {number} 行：{sheet.words(code)}",
        }
        for number, code in bad[:most]
    ]


def runs(house: "House", who: Actor) -> list[dict[str, Any]]:
    """Return the newest runs that lie where an official works, and why rows of theirs were refused.

    A run that was not proposed yet is of who began it alone.
    """
    run, row, waits = tables.import_run, tables.import_row.c, two_person.proposal
    source = run.outerjoin(waits, waits.c.id == run.c.proposal)
    seen = sa.or_(
        sa.and_(run.c.proposal.is_(None), run.c.proposed_by == author(who)),
        sa.and_(areas.within(reach(who, POLICY), waits.c.area), *recusals.outside(who, waits.c.parties)),
    )
    newest = sa.select(run).select_from(source).where(seen).order_by(run.c.begun_ms.desc(), run.c.run_id)
    with house.db.read() as conn:
        found = conn.execute(newest.limit(LISTED)).all()
        ids = [one.run_id for one in found]
        counted = conn.execute(
            sa.select(row.run_id, row.code, sa.func.count())
            .where(row.run_id.in_(ids), row.state == "refused")
            .group_by(row.run_id, row.code)
        ).all()
    reasons = {bytes(one): Counter[str]() for one in ids}
    for run_id, code, count in counted:
        reasons[bytes(run_id)][str(code)] += count
    return [
        {
            "run_id": bytes(one.run_id),
            "file_sha256": one.file_sha256.hex(),
            "type": one.record_type,
            "proposal_id": one.proposal,
            **{
                name: getattr(one, name)
                for name in ("source", "vouched_by", "state", "ready", "refused", "entered", "begun_ms")
            },
            "reasons": [
                {"code": code, "count": count} for code, count in reasons[bytes(one.run_id)].most_common()
            ],
        }
        for one in found
    ]


def _open(one: Question) -> dict[str, str]:
    place = f"/profile/{one.about}" + (f"/{one.name}" if one.name else "")
    return {"pointer": place, "code": "needed", "detail": f"还没有答复：{one.name or one.about}"}

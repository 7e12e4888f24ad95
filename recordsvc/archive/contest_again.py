"""Objecting again after a rejection (再次异议): by a dated rule, with something new, and not without end.

What counts is read from the record's own entries: contests after a rejection, until somebody acts on the
record. A correction, revocation or restoration makes it another matter, and the count begins anew. The rule
is the dated table `contest_again`; where none is in force nobody is kept from objecting.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import RecordState
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Conflict

if TYPE_CHECKING:
    from recordsvc.house import House

RULE: Final = ("contest_again", "after-rejection")
WAYS: Final = "objection_remedies"


class NothingNew(Conflict):
    """An objection that was rejected is raised again with nothing that was not there before."""

    code = "objection-not-new"
    title_zh = "异议已决定不成立，再次提出须有新的说明或材料"
    title_en = "The objection was rejected; raising it again takes new words or a new paper"
    remedy_zh = "请写明以前没有说过的情况，或者先在“我的材料”里收存新的材料，再提交。"
    remedy_en = "Say what was not said before, or file a new paper first, then send it again."


class ContestsUsedUp(Conflict):
    """An objection was rejected and raised again as often as the rule allows; `errors` names what is left."""

    code = "objections-used-up"
    title_zh = "对这条记录的异议已决定不成立，不能再次提出"
    title_en = "The objection to this record was rejected and cannot be raised again"
    remedy_zh = "不服决定的，可以依法申请行政复议或者提起行政诉讼；记录有更正后，可以重新提出异议。"
    remedy_en = "Seek reconsideration or go to court as the law allows; a changed record may be contested."


PROBLEMS: Final = (NothingNew, ContestsUsedUp)


def check(house: "House", worker_id: bytes, archive: Archive, state: RecordState, text: str) -> None:
    """Hold a new contest and its words against the rule. Raises `NothingNew`, `ContestsUsedUp`."""
    rejected_ms, again = _since_rejection(archive, state)
    if rejected_ms is None:
        return
    today = beijing_date(house.clock.now_ms()).isoformat()
    try:
        rule = dated.rule(*RULE, today)
    except NoRuleInForce:
        return
    if again >= int(rule["most"]):
        ways = dated.table(WAYS).on(today).rows
        raise ContestsUsedUp(
            errors=[{"code": one["code"], "detail": one["zh"], "detail_en": one["en"]} for one in ways]
        )
    if rule["needs_new"] and not (_new_words(state, text) or _paper(house, worker_id, rejected_ms)):
        raise NothingNew


def asks_the_region(body: Mapping[str, Any], ms: int) -> bool:
    """Tell whether what a contest of this UTC instant wants is the region's to decide: a record sealed."""
    day = beijing_date(ms).isoformat()
    row = dated.table("contest_reasons").on(day).by_code.get(str(body.get("reason", "")), {})
    return row.get("to") == "region"


def _since_rejection(archive: Archive, state: RecordState) -> tuple[int | None, int]:
    """Return when the last rejection was entered (ms; None: none stands) and how many contests came after."""
    rejected_ms: int | None = None
    again = 0
    for act in state.history:
        said = None if act.record is None else act.record["type"]
        if act.kind is not Kind.NOTE:
            rejected_ms, again = None, 0
        elif said == "dispute-outcome":
            rejected_ms = archive.entries[act.seq].ms
        elif said == "contest" and rejected_ms is not None:
            again += 1
    return rejected_ms, again


def _new_words(state: RecordState, text: str) -> bool:
    """Tell whether something is said that no earlier contest of the record said; blanks do not count."""
    before = {
        _plain(str(act.record["body"].get("text", "")))
        for act in state.history
        if act.record is not None and act.record["type"] == "contest"
    }
    return _plain(text) not in before | {""}


def _plain(text: str) -> str:
    return "".join(text.split())


def _paper(house: "House", worker_id: bytes, since_ms: int) -> bool:
    """Tell whether the worker's papers have one that was filed after this instant."""
    return any(one.filed_ms > since_ms for one in house.papers.of(worker_id))

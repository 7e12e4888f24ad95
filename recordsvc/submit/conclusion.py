"""The end of a run: the error sheet, the last words at the terminal, the exit code."""

from collections import Counter, defaultdict
from typing import Any

from rich.console import Console

from recordsvc.submit.errorsheet import Trouble, own_troubles, service_trouble, write_error_sheet
from recordsvc.submit.findings import RowClass
from recordsvc.submit.plan import Plan
from recordsvc.submit.reading import Reading
from recordsvc.submit.roster import Roster
from recordsvc.submit.state import STANDING, Prepared, State

TWIN = "twin"
"""Code of the service's warning that it has another record of the same person, class and dates."""
DONE, NEEDS_PERSON, UNPROVEN = 0, 1, 5


def conclude(console: Console, roster: Roster, state: State, plan: Plan, resumed: list[Prepared]) -> int:
    """Error sheet, last words, exit code. `resumed`: what an interrupted run left and this one sent first."""
    sent = {one.id: one for one in (*resumed, *plan.new)}.values()
    unchanged = sum(one.id not in {each.id for each in resumed} for one in plan.unchanged)
    troubles = own_troubles(roster.understood.readings) + _told_by_service(roster, state, plan)
    sheet = roster.path.with_name(f"{roster.path.name}.errors.xlsx")
    if write_error_sheet(sheet, troubles):
        console.print(f"请处理或核对：{sheet.name}", highlight=False, soft_wrap=True)
    statuses = Counter(one.status or "unanswered" for one in sent)
    told = "　".join(f"{_STATUS.get(status, status)} {count}" for status, count in statuses.items())
    console.print(f"本次报送 {len(sent)} 条：{told or '没有新的或改动的行'}；未变动 {unchanged} 行")
    if plan.vanished:
        console.print(
            f"[yellow]{len(plan.vanished)} 条以前报送的记录现在不在表里，没有撤销；"
            "如系误报，请在网页上撤销[/yellow]"
        )
    if twins := sum(_is_twin(one) for one in sent):
        console.print(
            f"[yellow]{twins} 条与以前收录的记录疑似重复（同一人、同一班级、同一日期），"
            "编号见处理表；确系重复的请撤销其中一条[/yellow]",
            soft_wrap=True,
        )
    if any(one.answer.get("unproven") for one in state.records.values()):
        console.print("[red]有的回执不能证明记录已入档，请联系服务方 / some receipts prove nothing[/red]")
        return UNPROVEN
    rejected = any(reading.row_class is RowClass.REJECT for reading in roster.understood.readings)
    open_rows = [one for one in (*plan.new, *plan.waiting) if one.status not in STANDING]
    return NEEDS_PERSON if rejected or open_rows else DONE


def _is_twin(one: Prepared) -> bool:
    return any(said.get("code") == TWIN for said in one.answer.get("warnings", []))


def _told_by_service(roster: Roster, state: State, plan: Plan) -> list[Trouble]:
    """What the service said about rows it did not simply accept."""
    readings = {reading.row: reading for reading in roster.understood.readings}
    troubles = []
    warned: dict[tuple[object, object], list[tuple[Reading, dict[str, Any]]]] = defaultdict(list)
    for prepared in (*plan.new, *plan.waiting, *plan.unchanged):
        one, reading = state.records[prepared.id], readings[prepared.row]
        if one.status == "held":
            troubles.append(service_trouble(reading, "已收到，等待人工处理", _HELD))
        told = one.answer
        troubles += [service_trouble(reading, "服务未接受", said) for said in told.get("problems", [])]
        for said in told.get("warnings", []):
            if said.get("code") == TWIN:  # each row has another record beside it
                which = f"{said.get('detail') or ''}：{said.get('record') or ''}"
                troubles.append(service_trouble(reading, "已报送，请核对", {**said, "detail": which}))
            else:
                warned[said.get("code"), said.get("pointer")].append((reading, said))
    # What holds for the whole class is one line, not forty.
    for rows in warned.values():
        reading, said = rows[0]
        others = f"（另有 {len(rows) - 1} 行相同）" if len(rows) > 1 else ""
        detail = f"{said.get('detail') or ''}{others}"
        troubles.append(service_trouble(reading, "已报送，请核对", {**said, "detail": detail}))
    return troubles


_HELD = {
    "code": "held",
    "title": "社保卡、号码、姓名与档案不一致，须由人工核对",
    "remedy": "不用重报；处理完再运行一次即可取回执",
    "title_en": "card, number and name disagree with what is known; an official has to look",
    "remedy_en": "do not send it again; run once more later to fetch the receipt",
}
_STATUS = {
    "accepted": "已入档",
    "duplicate": "早已入档",
    "held": "待人工处理",
    "rejected": "未接受",
    "erased": "已删除",
}

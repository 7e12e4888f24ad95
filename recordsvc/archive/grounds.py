"""What an act on a whole archive gives as its ground (办理依据): a code in force, a day that has been."""

import datetime as dt
from typing import TYPE_CHECKING, Final

from recordsvc import dated
from recordsvc.archive.life_errors import GroundOfAnotherAct
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused

if TYPE_CHECKING:
    from recordsvc.house import House


ACTS: Final = {
    "restrict": "限制处理",
    "lift": "解除限制",
    "merge": "合并",
    "unmerge": "撤回合并",
    "close": "关闭档案",
    "reopen": "恢复档案",
    "erase": "删除",
    "move": "移动记录",
    "replay": "恢复备份后重做",
}
"""What a row is `for` in the lists that two acts share, in words."""


def serves(row: dated.Row, act: str) -> bool:
    """Tell whether a row is a ground of this act; one that names none is a ground of every act."""
    return act in row.get("for", (act,))


def check(house: "House", table: str, code: str, act: str = "") -> None:
    """Refuse a ground that the dated list does not have today, or has for another act.

    Raises `FormRefused`, `GroundOfAnotherAct`.
    """
    row = dated.table(table).on(beijing_date(house.clock.now_ms()).isoformat()).get(code)
    if row is None:
        raise FormRefused(errors=[{"pointer": "/ground", "code": "value", "detail": "不在现行代码表内"}])
    if not serves(row, act):
        others = "、".join(ACTS[one] for one in row["for"])
        detail = f"这一依据只用于{others}，不能用于{ACTS[act]}，请另选依据"
        raise GroundOfAnotherAct(errors=[{"pointer": "/ground", "code": "value", "detail": detail}])


def needs_paper(house: "House", table: str, code: str) -> bool:
    """Tell whether what is done on a ground rests on a paper, as its row says (`paper`)."""
    row = dated.table(table).on(beijing_date(house.clock.now_ms()).isoformat()).get(code)
    return row is not None and bool(row.get("paper", False))


def check_day(house: "House", on: str) -> None:
    """Refuse what is no day, or a day to come. Raises `FormRefused`."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    if not (on <= today and _is_date(on)):
        raise FormRefused(errors=[{"pointer": "/on", "code": "value", "detail": "应为不晚于今天的日期"}])


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False

"""An import in words (导入的说法): how far a run is, and what is wrong with a row; for command and pages."""

import re
from typing import Final

from recordsvc import dated
from recordsvc.importfiles import WORDS
from recordsvc.submit.findings import ROW_CODES

STATES: Final = {
    "loading": "读取中断，未提出",
    "proposed": "待另一人批准",
    "approved": "已批准，正在导入",
    "done": "已导入完毕",
    "dropped": "已作废",
}
"""How far a run is, in words."""
MEMBERS: Final = {"level": "等级", "number": "证书编号", "issued_on": "发证日期", "occupation": "职业"}
"""Members of a record that a clerk types in a column of their own, in words."""
_LIMIT: Final = re.compile(r"\s*\{limit\}\s*(周岁|天|分钟|年|分)?")


def words(code: str) -> str:
    """Return what is wrong with a row, as a clerk is told."""
    if code in WORDS:
        return WORDS[code]
    if code in ROW_CODES:
        return ROW_CODES[code].zh
    for table in ("findings", "hold_reasons"):
        found = [row for row in dated.table(table).rows if row["code"] == code]
        if found:
            # Which limit it was, the rule of the day says; a code does not carry it.
            return _LIMIT.sub("规定的限度", str(found[-1]["zh"]))
    if code.startswith("schema:"):
        place = code.removeprefix("schema:/").split("/", 1)
        name = MEMBERS.get(place[-1].rsplit("/", 1)[-1])
        return f"“{name}”的写法看不懂或不合格式" if name else "内容不合格式"
    return "证件号码有误"

"""An import in words (导入的说法): how far a run is, and what is wrong with a row; for command and pages."""

import re
from typing import Final

from recordsvc import dated

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
_OF_FILES: Final = {
    "already-known": "同一证书（或同一班次）在前面的行里已有，不重复收录",
    "award-date-missing": "没有发证日期",
    "busy": "档案正在变动，没有导入；请稍后另存为一个文件再导入",
    "certificate-column-missing": "没有找到证书编号或发证日期栏，请在对照中写明",
    "certificate-number-lost": "证书编号是数字格，末尾几位已丢失；请从原件补录为文本",
    "certificate-number-missing": "没有证书编号",
    "class-missing": "没有班级编号",
    "course-dates-missing": "没有开始或结束日期",
    "institution-code-missing": "机构没有统一社会信用代码，请在对照中补上",
    "institution-missing": "没有机构名称",
    "level-missing": "没有等级",
    "needs-officials": "没有导入，要由工作人员逐人核对；请依案卷查阅本人档案后办理",
    "occupation-code-missing": "职业没有代码，请在对照中补上版次和代码",
    "occupation-missing": "没有职业",
    "permit-category-missing": "没有作业类别",
    "permit-item-missing": "没有操作项目",
    "permit-term-missing": "没有有效期起止日期",
    "project-missing": "没有培训项目",
    "recused": "这一行是您本人的，或您须回避的人的，没有受理，已经记下；请由其他工作人员导入",
    "result-missing": "没有合格或不合格的结果",
    "training-type-missing": "没有培训类型，请在对照中写明",
}
"""What a code of `importfiles` means and what to do."""
_LIMIT: Final = re.compile(r"\s*\{limit\}\s*(周岁|天|分钟|年|分)?")


def words(code: str) -> str:
    """Return what is wrong with a row, as a clerk is told."""
    if code in _OF_FILES:
        return _OF_FILES[code]
    # What reads files belongs to tools: a serving process has none of it before somebody opens such a page.
    from recordsvc.submit.findings import ROW_CODES

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

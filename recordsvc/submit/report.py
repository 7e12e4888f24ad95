"""What was understood, for machines (`--report`) and for the person at the terminal (numbers masked)."""

import json
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from recordsvc.people.identifiers import mask
from recordsvc.submit.findings import ROW_CODES, RowClass
from recordsvc.submit.headers import Field
from recordsvc.submit.questions import Question
from recordsvc.submit.reading import Reading
from recordsvc.submit.understand import Understanding

_FIELD_ZH = {
    Field.SERIAL: "序号",
    Field.NAME: "姓名",
    Field.ID: "证件号码",
    Field.DOCUMENT: "证件类型",
    Field.CARD: "社保卡卡号",
    Field.CHIP: "卡识别码",
    Field.CARD_AREA: "发卡地区",
    Field.SEX: "性别",
    Field.BIRTH: "出生日期",
    Field.OCCUPATION: "职业",
    Field.OCCUPATION_CODE: "职业编码",
    Field.WORK_TYPE: "工种",
    Field.LEVEL: "等级",
    Field.THEORY: "理论课时",
    Field.PRACTICE: "实操课时",
    Field.ONLINE: "线上课时",
    Field.TOTAL: "总课时",
    Field.ATTENDANCE: "出勤率",
    Field.STARTED: "开班日期",
    Field.ENDED: "结业日期",
    Field.PERIOD: "起止日期",
    Field.RESULT: "考核结果",
    Field.SCORE: "成绩",
    Field.THEORY_SCORE: "理论成绩",
    Field.PRACTICE_SCORE: "实操成绩",
    Field.RETAKE: "补考成绩",
    Field.RETAKE_PART: "单科补考",
    Field.ASSESSED_ON: "考核日期",
    Field.INSTITUTION: "培训机构",
    Field.USCC: "信用代码",
    Field.CLASS_CODE: "班级编号",
    Field.CLASS_NAME: "班级名称",
    Field.FILING: "备案号",
    Field.TRAINING_TYPE: "培训类型",
    Field.NOTE: "备注",
    Field.OTHER: "不用",
}
_CLASS_ZH = {RowClass.OK: "可以报送", RowClass.WARN: "可以报送，请核对", RowClass.REJECT: "需要处理"}


def report(name: str, understood: Understanding, questions: list[Question]) -> bytes:
    """The report as JSON: one object per data row, and how the sheet was read. Holds personal data."""
    content = {
        "file": name,
        "counts": dict(Counter(reading.row_class.value for reading in understood.readings)),
        "rows": [_row(reading) for reading in understood.readings],
        "tables": [
            {
                "sheet": table.sheet.name,
                "columns": {key.value: column.letter for key, column in table.columns.items()},
                "facts": {key.value: text for key, text in table.facts.items()},
                "not_understood": [{"column": letter, "heading": text} for letter, text in table.unknown],
                "unused": [{"column": letter, "heading": text} for letter, text in table.unused],
                "skipped": [{"sheet_row": number, "reason": reason} for number, reason in table.skipped],
            }
            for table in understood.tables
        ],
        "ignored_sheets": [{"sheet": sheet, "reason": why} for sheet, why in understood.ignored_sheets],
        "assumed": [
            {"field": doubt.field.value, "column": table.columns[doubt.field].letter, "reason": doubt.reason}
            for table, doubt in understood.doubts
        ],
        "questions": [
            {"answer": question.path, "zh": question.zh, "en": question.en, "choices": question.choices}
            for question in questions
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def show(console: Console, name: str, understood: Understanding) -> None:
    """Tell the person at the terminal what was understood."""
    console.print(f"[bold]{_plain(name)}[/bold]：{len(understood.readings)} 行学员")
    for table in understood.tables:
        columns = "　".join(
            f"{_FIELD_ZH[key]}={column.letter}"
            for key, column in sorted(table.columns.items(), key=_by_place)
        )
        console.print(f"  表“{_plain(table.sheet.name)}”：{columns}", highlight=False, soft_wrap=True)
        for key, text in table.facts.items():
            console.print(f"  表头上方：{_FIELD_ZH[key]}：{_plain(text)}", highlight=False, soft_wrap=True)
        if table.unused:
            console.print(f"  没有用的列：{_listed(table.unused)}", highlight=False, soft_wrap=True)
        if table.unknown:
            words = _listed(table.unknown)
            console.print(
                f"  [yellow]看不懂的列，没有使用：{words}[/yellow]", highlight=False, soft_wrap=True
            )
        reasons = Counter(reason for _, reason in table.skipped)
        if reasons:
            rows = "、".join(f"第 {number} 行" for number, reason in table.skipped if reason == "no-person")
            told = "、".join(
                f"{_SKIPPED.get(reason, reason)} {count} 行" for reason, count in reasons.items()
            )
            console.print(
                f"  不是学员的行：{told}{f'（{rows}）' if rows else ''}", highlight=False, soft_wrap=True
            )
    for sheet, why in understood.ignored_sheets:
        console.print(
            f"  没有读的表：{_plain(sheet)}（{_SKIPPED.get(why, why)}）", highlight=False, soft_wrap=True
        )
    console.print(_grid(understood.readings))


def _grid(readings: tuple[Reading, ...]) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for heading in ("处理", "行", "学员", "证件号码", "问题", "怎么办"):
        grid.add_column(heading, overflow="fold")
    for reading in readings:
        finding = reading.finding
        if finding is None:
            continue
        said = ROW_CODES[finding.code]
        style = "red" if reading.row_class is RowClass.REJECT else "yellow"
        where = f"（{_plain(finding.heading)}）" if finding.heading else ""
        grid.add_row(
            f"[{style}]{_CLASS_ZH[reading.row_class]}[/{style}]",
            f"{reading.sheet_row}",
            _plain(reading.name),
            mask(reading.number or reading.written_id)[-8:],
            f"{said.zh}{where}",
            said.remedy_zh,
        )
    counts = Counter(reading.row_class for reading in readings)
    grid.caption = "　".join(f"{_CLASS_ZH[key]} {counts[key]}" for key in RowClass if counts[key])
    return grid


def _row(reading: Reading) -> dict[str, Any]:
    finding = reading.finding
    said = ROW_CODES[finding.code] if finding else None
    return {
        "row": reading.row,
        "sheet": reading.sheet,
        "sheet_row": reading.sheet_row,
        "class": reading.row_class.value,
        "code": finding.code if finding else "",
        "column": (finding.heading or finding.column) if finding else "",
        "cell": f"{finding.column}{reading.sheet_row}" if finding and finding.column else "",
        "message": said.zh if said else "",
        "remedy": said.remedy_zh if said else "",
        "message_en": said.en if said else "",
        "remedy_en": said.remedy_en if said else "",
        "name": reading.name,
        "id": reading.number or reading.written_id,
        "id_written": reading.written_id,
        "codes": [other.code for other in reading.findings],
        "hints": reading.hints,
    }


_SKIPPED = {
    "heading": "重复的表头",
    "total": "合计",
    "signature": "签名",
    "end-mark": "以下空白",
    "example": "填写示例",
    "title": "标题",
    "no-person": "没有姓名也没有证件号码",
    "hidden": "隐藏",
    "not-chosen": "未选",
    "nobody-listed": "没有学员",
}


def _listed(columns: list[tuple[str, str]]) -> str:
    return "、".join(f"{letter}（{_plain(text)}）" for letter, text in columns)


def _by_place(item: tuple[Field, Any]) -> int:
    return int(item[1].index)


def _plain(text: str) -> str:
    """Text from a file, safe for a terminal: no control characters, no markup."""
    visible = "".join(c for c in text if c.isprintable())
    return visible.replace("[", "\\[")

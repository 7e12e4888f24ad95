"""Which rows are people, and what the other rows are: totals, signatures, end marks, examples, facts."""

import re
from collections.abc import Iterable

from recordsvc.submit.cells import Row
from recordsvc.submit.content import is_identity_like, is_number
from recordsvc.submit.headers import Field, recognise
from recordsvc.submit.table import Table

_TOTAL = re.compile(
    r"^(本页|本班)?(合\s*计|总\s*计|小\s*计|共\s*计|总人数|人数)[：:\s0-9人名]*.{0,8}$"
    r"|^(grand |sub)?total\b.{0,20}$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(制表|填表|填报|经办|负责|审核|复核|校长|班主任|教务)\S{0,12}[：:]"
    r"|(主管|审批|联系|打印|单位|机构|学校|日期|备注|说明|注|附)\S{0,12}[：:]"
    r"|盖章|签字|签章|公章|[（(]章[）)]"
)
_END_MARK = re.compile(r"以下(空白|无正文|为空)|此页无正文|end of (list|table)", re.IGNORECASE)
_SPOKEN = (("end-mark", _END_MARK), ("total", _TOTAL), ("signature", _SIGNATURE))
_EXAMPLE = re.compile(r"(示例|样例|例如|举例|填写说明|例|example|sample)\s*[：:]?.*", re.IGNORECASE)
_PAIR = re.compile(r"([^：:\s]{2,15})\s*[：:]\s*([^：:]*?)(?=\s{2,}|\s+[^：:\s]{2,15}[：:]|$)")
_OF_THE_CLASS = frozenset(
    {
        Field.CARD_AREA, Field.OCCUPATION, Field.OCCUPATION_CODE, Field.WORK_TYPE, Field.LEVEL, Field.THEORY,
        Field.PRACTICE, Field.ONLINE, Field.TOTAL, Field.STARTED, Field.ENDED, Field.PERIOD,
        Field.ASSESSED_ON, Field.INSTITUTION, Field.USCC, Field.CLASS_CODE, Field.CLASS_NAME, Field.FILING,
        Field.TRAINING_TYPE,
    }
)  # fmt: skip
_LONGEST_NAME = 12  # of a cell standing alone in its row; a longer one is a title


def sort_rows(table: Table) -> None:
    """Part the rows below the headings into people and everything else."""
    people = []
    for row in table.data:
        reason = _not_a_person(table, row)
        if reason is None:
            people.append(row)
        elif reason:
            table.skipped.append((row.number, reason))
    table.data = people
    table.skipped.sort()


def _not_a_person(table: Table, row: Row) -> str | None:
    """Why a row is not data ('' for a blank one), or None if it is."""
    if not row.filled:
        return ""
    number, name = table.cell(row, Field.ID), table.cell(row, Field.NAME)
    texts = [row.cells[n].text for n in row.filled]
    if is_identity_like(number) or is_identity_like(name):
        return "example" if _EXAMPLE.fullmatch(texts[0]) else None
    for reason, spoken in _SPOKEN:
        if any(spoken.search(text) for text in texts):
            return reason
    if number.empty and name.empty:
        return "no-person"
    lonely = len(texts) == 1 and (len(texts[0]) > _LONGEST_NAME or is_number(name))
    return "title" if lonely else None


def note_facts(rows: Iterable[Row], facts: dict[Field, str]) -> None:
    """Labelled values above the table that hold for everybody in it (班级编号：2024-HG-03).

    What is said twice in different words is not a fact.
    """
    found: dict[Field, set[str]] = {}
    for row in rows:
        for place, column in enumerate(row.filled):
            text = str(row.cells[column].value)
            for label, value in _PAIR.findall(text.strip()):
                following = row.filled[place + 1 : place + 2]
                said = value.strip() or (row.cells[following[0]].text if following else "")
                meant = recognise(label)
                if meant and said and not _PAIR.match(said) and meant in _OF_THE_CLASS:
                    found.setdefault(meant, set()).add(said)
    facts.update({meant: said.pop() for meant, said in found.items() if len(said) == 1})

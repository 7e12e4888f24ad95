"""What still has to be asked before a file can be signed, in the order in which one would ask it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from recordsvc import dated
from recordsvc.people import identifiers
from recordsvc.submit.answers import EVERYTHING_ELSE, Answers
from recordsvc.submit.headers import Field
from recordsvc.submit.reading import Reading
from recordsvc.submit.typed import (
    a_column,
    a_date,
    a_text,
    an_institution,
    an_integer,
    an_occupation,
    minutes_of,
    not_understood,
    one_of,
)
from recordsvc.submit.understand import Understanding, course_of
from recordsvc.submit.values import read_level

_OUTCOMES = (Field.RESULT, Field.SCORE, Field.THEORY_SCORE, Field.PRACTICE_SCORE)
_PARTS = {"hours": "课时", "scores": "成绩"}
_RETAKES = {"latest": "以补考成绩为准", "first": "以首次成绩为准"}
_VARY = {"yes": "确实各不相同"}
_RESULTS = {"passed": "合格", "failed": "不合格", "not-assessed": "未组织考核"}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. `read` turns what a person typed into the answer, or raises ValueError."""

    name: str
    key: str | None
    zh: str
    en: str
    read: Callable[[str], Any]
    choices: dict[str, str] = field(default_factory=dict)
    suggestion: str = ""

    @property
    def path(self) -> str:
        """Where the answer belongs in an answers file."""
        return self.name if self.key is None else f"{self.name}.{self.key}"


def open_questions(understood: Understanding, answers: Answers, today: dt.date) -> list[Question]:
    """Everything unanswered that a record of at least one sendable row needs."""
    rows = [reading for reading in understood.readings if reading.sendable]
    sources = (
        _columns,
        _theory_practice,
        _institution,
        _class,
        _training_type,
        _occupation,
        _level,
        _dates,
        _hours,
        _hours_vary,
        _retake,
        _outcome,
        _card,
    )
    return [question for source in sources for question in source(understood, rows, answers, today)]


Rows = list[Reading]


def _columns(
    understood: Understanding, _rows: Rows, _answers: Answers, _today: dt.date
) -> Iterator[Question]:
    names = {Field.ID: "证件号码", Field.NAME: "姓名"}
    for table, doubt in understood.doubts:
        column = table.columns[doubt.field]
        heading = column.heading or "（无表头）"
        yield Question(
            "columns",
            doubt.field.value,
            f"“{names[doubt.field]}”在 {column.letter} 列（表头：{heading}）吗？是则输入列字母",
            f"is {doubt.field.value} in column {column.letter} ({heading})? type its letter",
            a_column,
            suggestion=column.letter,
        )


def _theory_practice(
    understood: Understanding, _rows: Rows, _answers: Answers, _today: dt.date
) -> Iterator[Question]:
    """Marks of theory and practice stand under the same words as hours: 85 and 90 could be either."""
    bare = {column.letter: column.heading for table in understood.tables for column in table.bare}
    if bare:
        told = "、".join(f"{letter}（{heading}）" for letter, heading in bare.items())
        yield Question(
            "theory_practice",
            None,
            f"{told} 列写的是课时还是成绩",
            f"do the columns {', '.join(bare)} hold hours or scores",
            one_of(_PARTS),
            _PARTS,
        )


def _institution(_u: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    for text in _wordings(rows, Field.INSTITUTION):
        known = answers.get("institution", text) or {}
        uscc = next(
            (
                r.texts[Field.USCC]
                for r in rows
                if _said(r, Field.INSTITUTION) == text and Field.USCC in r.texts
            ),
            "",
        )
        if not known.get("uscc") or not known.get("name"):
            yield Question(
                "institution",
                text,
                f"培训机构{_of(text)}的统一社会信用代码和登记全称（空格隔开）",
                f"credit code and registered name of the institution {text}",
                an_institution,
                suggestion=" ".join(filter(None, (uscc, text.strip(EVERYTHING_ELSE)))) if uscc else "",
            )


def _class(_u: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    unnamed = [reading for reading in rows if Field.CLASS_CODE not in reading.texts]
    for text in _wordings(unnamed, Field.CLASS_NAME):
        if not answers.get("class", text):
            yield Question(
                "class",
                text,
                f"班级编号{_of(text)}（机构内不重复）",
                f"class code {text}, unique in the centre",
                a_text,
            )


def _training_type(_u: Understanding, rows: Rows, answers: Answers, today: dt.date) -> Iterator[Question]:
    choices = code_choices("training_types", today)
    for text in _wordings(rows, Field.TRAINING_TYPE):
        if text not in choices.values() and not answers.get("training_type", text):
            yield Question(
                "training_type",
                text,
                f"培训类型{_of(text)}",
                f"training type {text}",
                one_of(choices),
                choices,
            )


def _occupation(_u: Understanding, rows: Rows, answers: Answers, today: dt.date) -> Iterator[Question]:
    if any(reading.occupation_code for reading in rows) and not answers.get("edition"):
        editions = code_choices("occupation_editions", today)
        yield Question(
            "edition",
            None,
            "职业编码按国家职业分类大典哪一版",
            "edition of the occupation codes",
            one_of(editions),
            editions,
        )
    uncoded = [reading for reading in rows if not reading.occupation_code]
    for text in _wordings(uncoded, Field.OCCUPATION):
        if not answers.get("occupation", text):
            yield Question(
                "occupation",
                text,
                f"职业{_of(text)}的大典版次和代码，如 2022 6-18-02-04"
                + ("，再加职业名称" if text == EVERYTHING_ELSE else "")
                + "；没有国家代码的写本地目录键",
                f"edition and code of {text}, such as 2022 6-18-02-04, or a local catalogue key",
                an_occupation(text),
                suggestion=_known_occupation(text, today),
            )


def _level(_u: Understanding, rows: Rows, answers: Answers, today: dt.date) -> Iterator[Question]:
    if any(reading.level is None for reading in rows) and answers.get("level") is None:
        levels = code_choices("levels", today)
        yield Question(
            "level",
            None,
            "技能等级",
            "skill level",
            lambda text: read_level(text) or not_understood(),
            levels,
        )


def _dates(_u: Understanding, rows: Rows, answers: Answers, today: dt.date) -> Iterator[Question]:
    asked = (("started_on", "开班日期", "start date"), ("ended_on", "结业日期", "end date"))
    for name, zh, en in asked:
        missing = [r for r in rows if (r.started if name == "started_on" else r.ended) is None]
        if missing and not answers.get(name):
            yield Question(name, None, f"{zh}（如 2024-05-10）", f"{en} (such as 2024-05-10)", a_date(today))


def _hours(_u: Understanding, rows: Rows, answers: Answers, today: dt.date) -> Iterator[Question]:
    if rows and not answers.get("minutes_per_period"):
        usual = dated.table("hours_conventions").rule("minutes-per-period", today.isoformat())["value"]
        yield Question(
            "minutes_per_period",
            None,
            "一课时多少分钟",
            "minutes in one class hour",
            an_integer(30, 60),
            suggestion=str(usual),
        )
    for text in hours_keys(rows):
        if not answers.get("hours", text):
            yield Question(
                "hours",
                text,
                f"{'培训' if text == EVERYTHING_ELSE else f'总课时 {text} '}的理论、实操、线上各多少分钟"
                "（如 1080 2520 0）",
                f"minutes of theory, practice and online time (total {text}), such as 1080 2520 0",
                minutes_of,
            )


def _hours_vary(_u: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    """Hours belong to the class: where its learners' differ, the column may hold something else."""
    totals: dict[object, set[Decimal]] = defaultdict(set)
    for one in rows:
        if one.amounts and not (one.outcome and one.outcome.kind in ("absent", "dropped")):
            parts = [one.amounts[f] for f in (Field.THEORY, Field.PRACTICE, Field.ONLINE) if f in one.amounts]
            total = sum(parts, Decimal()) if parts else one.amounts[Field.TOTAL]
            totals[course_of(one), one.started, one.ended].add(total)
    differing = next((sorted(found) for found in totals.values() if len(found) > 1), None)
    if differing and not answers.get("hours_vary"):
        told = "、".join(f"{total.normalize():f}" for total in differing[:6])
        yield Question(
            "hours_vary",
            None,
            f"同一班学员的课时不同（{told}）。若那一列不是课时，请停下来改表；确实如此则输入 yes",
            f"learners of one class have different hours ({told}): yes, if that is so",
            one_of(_VARY),
            _VARY,
        )


def _retake(_u: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    """Two marks of one learner: which of them is signed nobody but the centre can say."""
    if any(reading.retaken for reading in rows) and not answers.get("retake"):
        yield Question(
            "retake",
            None,
            "有补考成绩的学员以哪个成绩为准",
            "which mark counts for learners with a second attempt",
            one_of(_RETAKES),
            _RETAKES,
        )


def _outcome(understood: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    if (
        any(r.outcome and r.outcome.kind in ("scored", "parts") for r in rows)
        and answers.get("pass_mark") is None
    ):
        yield Question(
            "pass_mark",
            None,
            "多少分合格（每一科都要达到）",
            "pass mark, for every part",
            an_integer(0, 100),
            suggestion="60",
        )
    silent = [table for table in understood.tables if not set(_OUTCOMES) & set(table.columns)]
    if silent and any(r.outcome is None for r in rows) and not answers.get("result"):
        yield Question(
            "result",
            None,
            "表里没有成绩，全班的结果是",
            "the sheet has no results; what is the result of all",
            one_of(_RESULTS),
            _RESULTS,
        )


def _card(_u: Understanding, rows: Rows, answers: Answers, _today: dt.date) -> Iterator[Question]:
    if any(r.card and not r.card_area and not r.chip for r in rows) and answers.get("card_area") is None:
        yield Question(
            "card_area",
            None,
            "社保卡发卡地区代码（6 位；不清楚就留空，卡号不写入记录）",
            "area code that issued the cards (6 digits; empty leaves the cards out)",
            lambda text: identifiers.card_area(text) if text.strip() else "",
        )


def hours_keys(rows: Rows) -> list[str]:
    """Totals whose split the sheet does not state; `*` where it states no hours at all."""
    missing = (r for r in rows if not {Field.THEORY, Field.PRACTICE} <= set(r.amounts))
    return list(dict.fromkeys(hours_key(reading) for reading in missing))


def hours_key(reading: Reading) -> str:
    """How the split of a row's hours is keyed in the answers: by its total."""
    total = reading.amounts.get(Field.TOTAL)
    return EVERYTHING_ELSE if total is None else f"{total.normalize():f}"


def code_choices(table: str, today: dt.date) -> dict[str, str]:
    """Codes in force and their Chinese names, from a published table."""
    return {str(row["code"]): str(row["zh"]) for row in dated.table(table).on(today.isoformat()).rows}


def _wordings(rows: Rows, found: Field) -> list[str]:
    return list(dict.fromkeys(_said(reading, found) for reading in rows))


def _said(reading: Reading, found: Field) -> str:
    return reading.texts.get(found, EVERYTHING_ELSE)


def _of(text: str) -> str:
    return "" if text == EVERYTHING_ELSE else f"“{text}”"


def _known_occupation(name: str, today: dt.date) -> str:
    """A suggestion from the published table, to be confirmed: the newest edition that has the name."""
    rows = [row for row in dated.table("occupations").on(today.isoformat()).rows if row["zh"] == name]
    newest = max(rows, key=lambda row: str(row["edition"]), default=None)
    return f"{newest['edition']} {newest['occupation']}" if newest else ""

"""What a column heading means. Offices word the same column in dozens of ways, in any order, over two rows.

A heading is folded (width, blanks, brackets, punctuation), looked up in a list of known wordings, and only
then judged by its words: "学员的公民身份证件号" is in no list and still is the identity number. Lists and
rules stand in `headings.json`, where a wording can be added without touching code.
"""

import json
import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any


class Field(StrEnum):
    """What a column, or a line above the table, can tell."""

    SERIAL = "serial"
    NAME = "name"
    ID = "id"
    DOCUMENT = "document"
    CARD = "card"
    CHIP = "chip"
    CARD_AREA = "card-area"
    SEX = "sex"
    BIRTH = "birth"
    OCCUPATION = "occupation"
    OCCUPATION_CODE = "occupation-code"
    WORK_TYPE = "work-type"
    LEVEL = "level"
    THEORY = "theory"
    PRACTICE = "practice"
    ONLINE = "online"
    TOTAL = "total"
    ATTENDANCE = "attendance"
    ATTENDED_THEORY = "attended-theory"
    ATTENDED_PRACTICE = "attended-practice"
    ATTENDED_ON = "attended-on"  # the days, one by one
    STARTED = "started"
    ENDED = "ended"
    PERIOD = "period"
    RESULT = "result"
    SCORE = "score"
    THEORY_SCORE = "theory-score"
    PRACTICE_SCORE = "practice-score"
    RETAKE = "retake"  # 补考成绩
    RETAKE_PART = "retake-part"  # of theory or practice alone
    ASSESSED_ON = "assessed-on"
    INSTITUTION = "institution"
    USCC = "uscc"
    CLASS_CODE = "class-code"
    CLASS_NAME = "class-name"
    FILING = "filing"
    TRAINING_TYPE = "training-type"
    NOTE = "note"
    OTHER = "other"  # understood, and not part of a training record (phone, bank account, address …)


_VOCABULARY: dict[str, Any] = json.loads(
    resources.files("recordsvc.submit").joinpath("headings.json").read_text(encoding="utf-8")
)
_KNOWN = {wording: Field(found) for found, words in _VOCABULARY["wordings"].items() for wording in words}
# Judged in this order; the first rule whose words occur, and whose exceptions do not, wins.
_RULES = tuple(
    (Field(rule["field"]), re.compile(rule["words"]), re.compile(rule.get("unless", r"(?!)")))
    for rule in _VOCABULARY["rules"]
)

_BRACKETS = re.compile(r"[(\[{【〔《<][^)\]}】〕》>]*[)\]}】〕》>]?")
_NOISE = re.compile(r"[\s:*.·、,，/\\_\-—–~#'\"“”‘’|&+的;;?!]+")
_MINUTES = re.compile(r"分钟|minutes?|\bmin\b")
_CLOCK_HOURS = re.compile(r"小时|clock ?hours?")
_HOURS = re.compile(r"[课学]时|时数|时长|小时|分钟|hour|period|minute|\bmin\b")
_MAX_HEADING = 40  # longer cells are titles or instructions
_TITLE = re.compile(r"名册|名单|登记表|汇总表|统计表|一览表|报名表|成绩表|考勤表")


def fold(heading: str) -> str:
    """A heading without width, case, blanks, brackets and punctuation: what two wordings are compared by."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    return _NOISE.sub("", _BRACKETS.sub("", plain)) or _NOISE.sub("", plain).strip("()[]【】")


@lru_cache(maxsize=4096)
def recognise(heading: str) -> Field | None:
    """The field a heading names, or None. Brackets count only when the rest says nothing: 号码（身份证）."""
    if not heading or len(heading) > _MAX_HEADING or _TITLE.search(heading):
        return None
    bare = fold(heading)
    whole = _NOISE.sub("", unicodedata.normalize("NFKC", heading).lower())
    found = _KNOWN.get(bare) or _by_words(bare)
    if found in (None, Field.SERIAL) and whole != bare:
        return _by_words(whole) or found
    return found


def minutes_per_unit(heading: str) -> int | None:
    """Minutes in one unit of an hours column if its heading says so (分钟 1, 小时 60); None: class hours."""
    plain = unicodedata.normalize("NFKC", heading).lower()
    if _MINUTES.search(plain):
        return 1
    return 60 if _CLOCK_HOURS.search(plain) else None


def says_hours(heading: str) -> bool:
    """Whether a heading, or the group above it, names hours: 理论 alone stands above marks as often."""
    return _HOURS.search(unicodedata.normalize("NFKC", heading).lower()) is not None


def _by_words(text: str) -> Field | None:
    if not text or text.isdigit():
        return None
    return next((found for found, yes, no in _RULES if yes.search(text) and not no.search(text)), None)

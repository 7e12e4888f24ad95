"""What the sheet does not say, as a person answered it: once per file, never guessed.

The shape (JSON), every member optional; keys are the sheet's own wording, `*` stands for everything else:

  columns            {"id": "C"}                 columns a person named or confirmed
  sheets             ["花名册"]                   which sheets to read
  theory_practice    "hours" | "scores"          what columns headed only 理论 and 实操 hold
  institution        {"<text|*>": {"name", "uscc"}}
  issuer             "<USCC>"                    who signs; the institution if there is only one
  class              {"<class name|*>": "code"}
  training_type      {"<text|*>": "code"}
  edition            "2022"                      of the occupation codes the sheet holds
  occupation         {"<name|*>": {"name", "edition", "code"} | {"name", "catalogue"}}
  level              "5"
  started_on, ended_on   "2024-05-10"
  minutes_per_period 45
  hours              {"<total|*>": {"theory_minutes", "practice_minutes", "online_minutes"}}
  hours_vary         "yes"                       learners of one class do have different hours
  pass_mark          60
  retake             "latest" | "first"          which mark counts where a learner has one of a second attempt
  result             "passed" | "failed" | "not-assessed"
  card_area          "640100", or "" to leave cards out

One answer for all may be given flat: {"institution": {"name", "uscc"}, "class": "A1"}.
"""

from collections.abc import Mapping
from typing import Any

from recordsvc.ground.strictjson import StrictJsonError, loads
from recordsvc.submit.cells import Unreadable

EVERYTHING_ELSE = "*"
# Answers that hold for one file only. The rest describes the centre and its template, and is remembered with
# the shape of the headings: the next class has other dates, and must not silently inherit them.
OF_THE_FILE = frozenset({"sheets", "class", "level", "started_on", "ended_on", "result", "hours_vary"})
_KEYED = ("institution", "class", "training_type", "occupation", "hours")
_LEAVES = {
    "institution": ("name", "uscc", "site"),
    "occupation": ("name", "edition", "code", "catalogue"),
    "hours": ("theory_minutes", "practice_minutes", "online_minutes"),
}
_KNOWN = frozenset({*_KEYED, *OF_THE_FILE}) | {
    "columns", "issuer", "edition", "minutes_per_period", "pass_mark", "card_area", "audience", "environment",
    "theory_practice", "retake",
}  # fmt: skip
_MAX_BYTES = 256 * 1024


class Answers:
    """Answers by path; later sources override earlier ones."""

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        """Lay the sources over one another, the last one on top."""
        self._data: dict[str, Any] = {}
        for source in sources:
            for name, value in _keyed(source).items():
                if isinstance(value, dict) and isinstance(self._data.get(name), dict):
                    self._data[name] = {**self._data[name], **value}
                else:
                    self._data[name] = value

    def get(self, name: str, key: str | None = None) -> Any:
        """An answer, or None. Of a keyed one: for the sheet's wording, else for everything else."""
        value = self._data.get(name)
        if key is None or not isinstance(value, dict):
            return value
        return value.get(key) if key in value else value.get(EVERYTHING_ELSE)

    def put(self, name: str, value: Any, key: str | None = None) -> None:
        """Keep one answer."""
        if key is None:
            self._data[name] = value
        else:
            self._data.setdefault(name, {})[key] = value

    def of_the_file(self) -> dict[str, Any]:
        """The answers that hold for this file only."""
        return {name: value for name, value in self._data.items() if name in OF_THE_FILE}

    def of_the_shape(self) -> dict[str, Any]:
        """The answers worth remembering for other files with the same headings."""
        return {name: value for name, value in self._data.items() if name not in OF_THE_FILE}

    @property
    def columns(self) -> dict[str, str]:
        """Field -> column letter, as confirmed by a person."""
        return dict(self._data.get("columns") or {})

    @property
    def sheets(self) -> list[str] | None:
        """The sheets to read, or None for all visible ones."""
        named = self._data.get("sheets")
        return list(named) if named else None


def parse_answers(data: bytes) -> dict[str, Any]:
    """The members of an answers file. An unknown member is a typing error and refused."""
    try:
        content = loads(data, _MAX_BYTES)
    except StrictJsonError as fault:
        raise Unreadable(
            "answers", f"答案文件读不懂：{fault.message_zh}", f"the answers are unreadable: {fault.message}"
        ) from fault
    unknown = sorted(set(content) - _KNOWN) if isinstance(content, dict) else ["?"]
    if not isinstance(content, dict) or unknown:
        raise Unreadable(
            "answers",
            f"答案文件里有不认识的项：{', '.join(unknown)}",
            f"unknown members in the answers: {', '.join(unknown)}",
        )
    return content


def _keyed(source: Mapping[str, Any]) -> dict[str, Any]:
    """The same answers with flat forms spread out: one answer for all is the answer for `*`."""
    spread: dict[str, Any] = {}
    for name, value in source.items():
        flat = not isinstance(value, dict) or bool(set(value) & set(_LEAVES.get(name, ())))
        spread[name] = {EVERYTHING_ELSE: value} if name in _KEYED and flat else value
    return spread

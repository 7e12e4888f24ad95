"""Files of old papers as the house reads them (旧档案文件的读取): with the register, for command and desk.

What reads files belongs to tools: a serving process loads this only once a file comes (`House.paper_sheet`).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recordsvc import importwords
from recordsvc.archive.desk_importing import MOST_ROWS, Question
from recordsvc.archive.import_errors import FileUnreadable
from recordsvc.archive.importrows import Row
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground.ports import beijing_date
from recordsvc.importfiles import PaperFile, Profile, by_name
from recordsvc.submit.cells import Unreadable

if TYPE_CHECKING:
    from recordsvc.house import House


def opened(house: "House", file: Path | bytes, record_type: str, answers: Profile) -> PaperFile:
    """Open a file as records of a type; names are those of the register. Raises `Unreadable`."""
    register = house.institutions.all().items()
    named = by_name(
        (uscc, fact.value) for uscc, one in register for fact in one.facts if fact.fact is FactKind.NAME
    )
    return PaperFile(file, record_type, answers, beijing_date(house.clock.now_ms()), named)


class DeskSheet:
    """A file that came to the desk, with its answers."""

    def __init__(self, house: "House", data: bytes, record_type: str, answers: Mapping[str, Any]) -> None:
        """Open it. Raises `FileUnreadable`."""
        try:
            self._answers = Profile.told(answers)
            self._papers = opened(house, data, record_type, self._answers)
        except Unreadable as fault:
            raise _refused(fault) from None
        self.sha256 = self._papers.sha256

    def rows(self) -> Iterator[Row]:
        """Return each row that is about somebody. Raises `FileUnreadable` beyond the desk's limit."""
        try:
            for n, row in enumerate(self._papers.rows()):
                if n == MOST_ROWS:
                    break
                yield row
            else:
                return
        except Unreadable as fault:
            raise _refused(fault) from None
        zh = f"超过 {MOST_ROWS} 行，网上每次最多导入这么多"
        raise _refused(Unreadable("rows", zh, f"more than {MOST_ROWS} rows"))

    def questions(self) -> list[Question]:
        """Return what has to be answered still, as far as rows were read."""
        asked = self._answers.open
        return [Question(about, name) for about in sorted(asked) for name in sorted(asked[about])]

    def words(self, code: str) -> str:
        """Return what is wrong with a row."""
        return importwords.words(code)


def _refused(fault: Unreadable) -> FileUnreadable:
    place = "/profile" if fault.code == "profile" else "/file"
    return FileUnreadable(
        fault.zh, detail_en=fault.en, errors=[{"pointer": place, "code": fault.code, "detail": fault.zh}]
    )

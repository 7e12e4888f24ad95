"""Notices on paper (打印通知): for people who have no phone here, handed over by an official or posted.

The list names people, so each of them is told who took it (`looked`) before it leaves. A letter stays on the
list until an official says it was printed.
"""

import csv
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc.access import acts, areas, looked, objects
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.archive import farewell, holders, letters, noticeboard, restricted
from recordsvc.archive.holders import Holder
from recordsvc.archive.letters import worker_of
from recordsvc.archive.noticeboard import Notice
from recordsvc.archive.wording import worded
from recordsvc.ground import outbox
from recordsvc.ground.commit import Turn
from recordsvc.ground.outbox import Waiting
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

MOST: Final = 200
"""Letters of one list."""
COLUMNS: Final = ("id", "name", "number", "at", "title", "text")


@dataclass(frozen=True, slots=True)
class Slip:
    """One letter on paper: whose (name, last four characters of the number), and what it says."""

    id: bytes
    name: str
    number: str
    on: str
    title: str
    text: str


def waiting(house: "House") -> int:
    """Return how many letters wait to be printed."""
    with house.db.read() as conn:
        return outbox.counts(conn).get("print", (0, 0))[0]


def slips(house: "House", who: Actor, purpose: str, case_ref: str, request_id: str = "") -> list[Slip]:
    """Return the oldest letters that wait to be printed. Raises `PurposeRefused`.

    Who looked is durable before this returns.
    """
    looked.judge(house.db, who, purpose, case_ref)
    with house.db.read() as conn:
        waiting_now = outbox.listed(conn, "print", limit=MOST)
        # Letters of a restricted archive wait: the list shows name and number.
        sealed = restricted.among(house, house.db.cursor(conn), map(worker_of, waiting_now))
        messages = [
            one for one in waiting_now if worker_of(one) not in sealed and _sees(conn, who, worker_of(one))
        ]
    workers = dict.fromkeys(worker_of(message) for message in messages)
    looks = [Look(one, who, purpose, "identity", case_ref, request_id) for one in workers]
    looked.record(house, looks)
    with house.db.read_raw() as cursor:
        of = {one: holders.holder(house, cursor, one) for one in workers}
    made = (_slip(house, message, of[worker_of(message)]) for message in messages)
    return [slip for slip in made if slip is not None]


def mark_printed(house: "House", who: Actor, ids: Sequence[bytes]) -> int:
    """Take letters off the list, on an official's word; how many were on it."""

    def act(turn: Turn) -> int:
        mine = [one.id for one in outbox.to_print(turn.conn, ids) if _sees(turn.conn, who, worker_of(one))]
        count = outbox.printed(turn, mine)
        if count:
            acts.note(
                turn, house.random, OfficialAct(who, Act.NOTICES_PRINTED, f"{count} letters", "printed")
            )
        return count

    return house.db.write(act)


def _sees(conn: Connection, who: Actor, worker_id: bytes) -> bool:
    """Tell whether who takes the list sees this person: of their area, and not recused."""
    return who.kind is not Kind.OFFICIAL or objects.own_reach(
        who, "notice.print", areas.person(conn, worker_id)
    )


def csv_of(made: Sequence[Slip]) -> bytes:
    """Write letters as CSV for office programs: byte order mark, and no cell that they take for a formula."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for one in made:
        cells = (str(uuid.UUID(bytes=one.id)), one.name, one.number, one.on, one.title, one.text)
        rows.writerow([_plain(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _slip(house: "House", message: Waiting, of: Holder) -> Slip | None:
    notice: Notice | None
    if message.topic == farewell.TOPIC:
        last = farewell.opened(house, worker_of(message), message)
        name, number, notice = last.name, last.number, letters.last_notice(message)
    else:
        name, number = of.name, of.number
        notice_id = bytes.fromhex(message.params["notice"])
        with house.db.read() as conn:
            notice = noticeboard.one_of(house, conn, worker_of(message), notice_id)
    if notice is None:
        return None
    words = worded(house, "worker", notice)
    on = beijing_date(notice.at_ms).isoformat()
    return Slip(message.id, name, number[-4:], on, words.title_zh, words.text_zh)

"""Where a log goes on under another name (日志接续声明): what is published of it, as it is stored."""

from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.translog import tables


@dataclass(frozen=True, slots=True)
class Continuation:
    """One continuation: entries kept of the log `before`, the name of the one that goes on, the statement."""

    size: int
    before: str
    origin: str
    text: str

    @property
    def seen(self) -> int:
        """The largest size that the log before is known to have had; 0 where the text is none."""
        try:
            return max(int(one["size"]) for one in orjson.loads(self.text)["seen"])
        except (ValueError, KeyError):
            return 0


def listed(conn: Connection) -> list[Continuation]:
    """Return all continuations, oldest first."""
    own = tables.continuation
    rows = conn.execute(sa.select(own).order_by(own.c.size)).all()
    return [Continuation(row.size, row.before, row.origin, row.text) for row in rows]

"""The fence between keys and rows (钥匙世代): nothing made with keys of before a change is written after it.

Keys live in a folder, rows in a database, and processes prepare rows outside every lock. So each change of
the folder has a number, its epoch, and the database knows the number it demands:

    rotate: the folder gets the new key, epoch n ──> the database demands n ──> every old row is there to see
    writer: epoch m, then keys ──> prepares rows ──> its turn: m >= demanded? else prepare them anew

A writer's turn holds the demanded epoch shared until it commits, and whoever raises it, or walks the index
(`exclusive`), holds it alone. A pass over the rows that begins after the raise therefore misses none.
"""

from typing import Any, Final

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.problems import Unavailable
from recordsvc.ground.readers import Question
from recordsvc.vault.keystore import KeyStore
from recordsvc.vault.tables import key_epoch

_ROW: Final = {"id": 1, "epoch": 0}


class KeysMoved(Unavailable):
    """A key was changed while this was being prepared, or this machine's key folder is an old one."""

    code = "keys-moved"
    title_zh = "钥匙正在轮换"
    title_en = "Keys are being changed"
    remedy_zh = "请重试；若一直如此，请管理员检查本机的密钥目录是否为最新。"
    remedy_en = "Repeat the request; if it stays so, the key folder of this machine is not the newest."


def begin(turn: Turn) -> None:
    """Put the row there at the first run."""
    insert_missing(turn.conn, key_epoch, [_ROW])


def asking(db: Database) -> Question[int]:
    """Ask which epoch is demanded; holds it until this turn commits."""
    share = "" if db.dialect == "sqlite" else " FOR SHARE"
    query = f"SELECT epoch FROM key_epoch WHERE id = 1{share}"  # noqa: S608 - a constant
    return Question(query, (), _demanded)


def hold(turn: Turn, db: Database, made_at: int) -> None:
    """Let rows made at this epoch be written in this turn. Raises `KeysMoved` when it is no longer enough."""
    demanded: int = db.ask(db.cursor(turn.conn), asking(db))[0]
    if made_at < demanded:
        raise KeysMoved


def share(turn: Turn) -> None:
    """Keep walkers of the index out until this turn commits."""
    own = sa.select(key_epoch.c.epoch).where(key_epoch.c.id == 1)
    turn.conn.execute(own.with_for_update(read=True))


def exclusive(turn: Turn) -> None:
    """Keep every writer of such rows out until this turn commits."""
    turn.conn.execute(sa.select(key_epoch.c.epoch).where(key_epoch.c.id == 1).with_for_update())


def raise_to(db: Database, keys: KeyStore) -> int:
    """Let the database demand the keys' epoch; that epoch. Repeats without effect, never goes back."""
    epoch = keys.epoch

    def act(turn: Turn) -> None:
        begin(turn)
        own = key_epoch.update().where(key_epoch.c.id == 1, key_epoch.c.epoch < epoch)
        turn.conn.execute(own.values(epoch=epoch))

    db.write(act)
    return epoch


def demanded(db: Database) -> int:
    """Which epoch the database demands."""
    with db.read() as conn:
        return int(conn.scalar(sa.select(key_epoch.c.epoch).where(key_epoch.c.id == 1)) or 0)


def _demanded(rows: list[Any]) -> int:
    return int(rows[0][0]) if rows else 0

"""The tables of all rooms, and how a database comes to have them (Alembic, linear and reversible).

`upgrade` runs as the owner and ends by setting privileges or triggers; serving processes ask `is_current`.
"""

import contextlib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, make_url

import recordsvc
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.privileges import APPLICATION_ROLE, protect


def load_tables() -> sa.MetaData:
    """Import every room's `tables.py` and return the metadata that now knows all tables."""
    for room in pkgutil.iter_modules(recordsvc.__path__, "recordsvc."):
        name = f"{room.name}.tables"
        if room.ispkg and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    return metadata


def upgrade(url: str, revision: str = "head", *, application_url: str = "") -> None:
    """Bring the database at the owner's `url` to a revision; at the head, set who may change which rows.

    `application_url` names the role that serves requests; without one the customary role is meant.
    """
    database = Database(url)
    try:
        with altering(database) as conn:
            command.upgrade(config(conn), revision)
            if is_current(conn):
                role = make_url(application_url).username if application_url else None
                protect(conn, load_tables().sorted_tables, role or APPLICATION_ROLE)
    finally:
        database.close()


def downgrade(url: str, revision: str) -> None:
    """Take the database at the owner's `url` back to a revision (`base`: empty), losing newer tables."""
    database = Database(url)
    try:
        with altering(database) as conn:
            command.downgrade(config(conn), revision)
    finally:
        database.close()


@contextlib.contextmanager
def altering(database: Database) -> Iterator[Connection]:
    """Hold a transaction in which tables may be altered; what they refer to is held at its end.

    SQLite alters a table by copying it, and would take the old one's end for the end of every row that others
    refer to: it checks nothing meanwhile, and all of it before the commit (the way its manual lays down).
    """
    if database.dialect != "sqlite":
        with database.engine.begin() as conn:
            yield conn
        return
    with database.engine.connect() as conn:
        # On the driver's connection: within a transaction SQLite would not listen.
        driver: Any = conn.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with conn.begin():
                yield conn
                lost = conn.exec_driver_sql("PRAGMA foreign_key_check").first()
                if lost is not None:
                    raise RuntimeError(f"a row of {lost[0]} would refer to no row of {lost[2]}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def head() -> str:
    """Return the revision this code needs."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise RuntimeError("there are no migrations in this installation")
    return revision


def current(conn: Connection) -> str | None:
    """Return the database's revision; None: empty."""
    return MigrationContext.configure(conn).get_current_revision()


def is_current(conn: Connection) -> bool:
    """Tell whether the database is at the revision this code needs."""
    return current(conn) == head()


def config(conn: Connection | None = None) -> Config:
    """Return Alembic's configuration, working on an open connection."""
    made = Config()
    made.set_main_option("script_location", "recordsvc:migrations")
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = conn
    return made

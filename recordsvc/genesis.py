"""The first run (初始化): keys, tables, what is fixed for ever, a log that begins with the region's key.

Every step may be repeated; what stands is never replaced. What was fixed at the first run is compared at
every start.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import anchor
from recordsvc.archive.statements import REGION_KID
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import installation
from recordsvc.ground.refusal import StartRefused
from recordsvc.house import House, key_token, open_house
from recordsvc.settings import Settings
from recordsvc.translog import tables as log_tables
from recordsvc.vault import fence
from recordsvc.vault.keyfolder import create_keys

FIXED = ("log_origin", "audience", "environment", "region")


class NotThisInstallation(StartRefused):
    """The settings contradict what was fixed at the first run; the text names the setting."""


def create(settings: Settings) -> None:
    """Make everything the service needs to start; repeats without effect. Raises `NotThisInstallation`."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_keys(settings.keys_dir, token=key_token(settings))
    from recordsvc import schema  # Alembic: 110 ms to import, which a start should not wait for

    schema.upgrade(settings.owner_database, application_url=settings.database)
    house = open_house(settings)
    try:
        if begin(house):
            anchor.keep(house)
    finally:
        house.close()


def begin(house: House) -> bool:
    """Fix the installation and begin its log, on a database that has its tables; repeats without effect.

    True if the log began now.
    """
    house.db.write(lambda turn: _fix(turn, house.settings))
    house.db.write(fence.begin)
    house.log.create()
    return house.db.write(lambda turn: _register_region(turn, house))


def check(house: House) -> None:
    """Refuse settings that contradict the first run, and a database that was never initialised."""
    with house.db.read() as conn:
        if not sa.inspect(conn).has_table(installation.name):
            raise NotThisInstallation("the database is empty: run `recordsvc init`")
        fixed = _fixed(conn)
    if house.log.former and fixed["log_origin"] != house.settings.log_origin:
        raise NotThisInstallation(
            f"the log goes on as {fixed['log_origin']!r} since it was continued; "
            f"the settings still say {house.settings.log_origin!r}"
        )
    _compare(fixed, house.settings)


def _fix(turn: Turn, settings: Settings) -> None:
    fixed = _fixed(turn.conn)
    if fixed:
        _compare(fixed, settings)
        return
    rows = [{"name": name, "value": getattr(settings, name)} for name in FIXED]
    turn.conn.execute(installation.insert(), rows)


def _fixed(conn: Connection) -> dict[str, str]:
    """Return what was fixed at the first run, the log's name as its newest continuation has it."""
    fixed = {row.name: row.value for row in conn.execute(sa.select(installation))}
    own = log_tables.continuation.c
    name = conn.execute(sa.select(own.origin).order_by(own.size.desc()).limit(1)).scalar()
    return fixed if name is None else fixed | {"log_origin": name}


def _compare(fixed: dict[str, str], settings: Settings) -> None:
    if not fixed:
        raise NotThisInstallation("nothing was fixed yet: run `recordsvc init`")
    for name in FIXED:
        if fixed.get(name) != getattr(settings, name):
            raise NotThisInstallation(
                f"{name} was fixed at the first run as {fixed.get(name)!r} and can never change; "
                f"the settings say {getattr(settings, name)!r}"
            )


def _register_region(turn: Turn, house: House) -> bool:
    """Enter the region's own key, without which no confirmation and no release could be stated; True: now."""
    region = house.settings.region
    if house.issuers.history(turn, region).n:
        return False
    public = house.keys.public("region")
    house.issuers.register(turn, region, REGION_KID, public, turn.now_ms, None)
    return True

"""Fixtures that every room's tests share.

`database` comes twice, on SQLite and on PostgreSQL: a test that takes it runs on both. The schema is made
once per test process and copied for each test; the application connects as the role that serves requests, so
that a forbidden UPDATE fails in any test, not only where someone thought of it. Time stands still until a
test moves it.
"""

import contextlib
import dataclasses
import gc
import importlib
import itertools
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from hypothesis.internal.conjecture import providers
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

from recordsvc import create_app, genesis, schema, service
from recordsvc.access import demo, login_routes, policy
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.house import House, open_house
from recordsvc.people import synthetic
from recordsvc.settings import Settings
from recordsvc.vault.keyfolder import create_keys
from tests.browser import chromium
from tests.postgresql import PostgresServer

__all__ = ["chromium"]

ROLES = Path(__file__).parent.parent / "deploy" / "postgresql" / "roles.sql"
# How long one example takes depends on who else uses the machine: it is no property of the code.
hypothesis.settings.register_profile("recordsvc", deadline=None)
hypothesis.settings.load_profile("recordsvc")
# Now and then Hypothesis draws what stands as a constant in the source of whatever modules are loaded: "the
# same examples every time" would be others after any change anywhere, and from process to process.
if os.environ.get("RECORDSVC_TEST_HISTORIES") is None:
    assert callable(providers._get_local_constants)
    providers._get_local_constants = providers.Constants

_names = itertools.count(1)
_spare: list[str] = []
"""Databases on the session's PostgreSQL server that no test uses now; empty, at the newest revision."""


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Where one test's own database is: as the application and as the owner."""

    application: str
    owner: str


SECOND_DATABASE_LONG = (
    "archive/test_areas.py",
    "archive/test_own_",
    "archive/test_stateful",
    "demo/",
    "faults/test_operator.py",
    "journeys/",
    "money/bank/test_world.py",
    "money/fees/test_debits.py",
    "oidc/",
    "oversight/",
    "test_bad_input.py",
    "test_continuing.py",
    "web/",
)
"""Whose round on PostgreSQL is for the long tests: pages and whole regions of rooms tried on both."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the second round of what costs most and differs least from database to database."""
    here = Path(__file__).parent
    for item in items:
        params = (
            item.callspec.params.values()
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else ()
        )
        if "postgresql" in params and item.path.relative_to(here).as_posix().startswith(SECOND_DATABASE_LONG):
            item.add_marker("long")
            item.add_marker("beside")


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and leave modules and tests out of it: a third of the tests' CPU went there."""
    importlib.import_module("recordsvc.service")
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 10)


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Refuse connections that would leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def _doors_opened_once() -> Iterator[None]:
    """Give every application of this process the addresses that Flask put together for the first.

    They are the same six hundred each time, and took a seventh of the tests' CPU.
    """
    opening = service.open_rooms
    opened: dict[tuple[object, ...], Flask] = {}

    def first(names: tuple[str, ...], *, with_demo: bool) -> Flask:
        made = opened.get((with_demo, *names))
        if made is None:
            made = opened[with_demo, *names] = service.skeleton(names)
            if with_demo:
                made.register_blueprint(login_routes.demo_bp)
        return made

    def open_rooms(app: Flask, rooms: Iterable[str] = service.ROOMS) -> list[ModuleType]:
        names = tuple(rooms)
        if "house" not in app.extensions:
            return opening(app, names)
        same = first(names, with_demo=demo.allowed(app.extensions["settings"]))
        app.url_map = same.url_map
        app.view_functions.update(same.view_functions)
        policy.doors(app).update(policy.doors(same))
        app.blueprints.update(same.blueprints)
        return [importlib.import_module(name) for name in names]

    def register(app: Flask, bp: Blueprint, **options: Any) -> None:
        if app.blueprints.get(bp.name) is not bp:
            registering(app, bp, **options)

    registering = Flask.register_blueprint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "open_rooms", open_rooms)
        patch.setattr(Flask, "register_blueprint", register)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Let all engines of this process share what SQLAlchemy compiled: each test has an engine of its own.

    A statement is kept under the dialect it was compiled for, so those of one class have to count as one.
    """
    compiled: dict[type[Dialect], LRUCache[Any, Any]] = {}
    create = sa.create_engine

    def sharing(*args: Any, **options: Any) -> sa.Engine:
        engine = create(*args, **options)
        engine._compiled_cache = compiled.setdefault(type(engine.dialect), LRUCache(5_000))
        return engine

    with pytest.MonkeyPatch.context() as patch:
        for one in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(one, "__eq__", lambda self, other: type(self) is type(other))
            patch.setattr(one, "__hash__", lambda self: hash(type(self)))
        patch.setattr(sa, "create_engine", sharing)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server with the service's roles and a database `template` at the newest revision."""
    with PostgresServer() as server:
        server.execute("CREATE DATABASE template TEMPLATE template0 ENCODING 'UTF8'")
        server.execute(ROLES.read_text("utf-8"), database="template")
        schema.upgrade(server.url("template", OWNER_ROLE))
        yield server


@pytest.fixture(scope="session")
def sweeper(postgresql: PostgresServer) -> Iterator["Sweeper"]:
    with contextlib.closing(Sweeper(postgresql)) as sweeper:
        yield sweeper


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("template") / "recordsvc.db"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def empty_postgresql(postgresql: PostgresServer) -> Iterator[Addresses]:
    """An empty PostgreSQL database with the service's roles."""
    name = f"empty_{next(_names)}"
    postgresql.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    postgresql.execute(ROLES.read_text("utf-8"), database=name)
    yield Addresses(postgresql.url(name, APPLICATION_ROLE), postgresql.url(name, OWNER_ROLE))
    postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on; `-k sqlite` or `-k postgresql` picks one."""
    return request.param


@pytest.fixture
def empty_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Addresses:
    """Addresses of a database without tables."""
    if dialect == "postgresql":
        return request.getfixturevalue("empty_postgresql")
    address = f"sqlite:///{tmp_path / 'empty.db'}"
    return Addresses(address, address)


@pytest.fixture
def addresses(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Addresses]:
    """Addresses of this test's own database at the newest revision."""
    if dialect == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        path = tmp_path / "data" / "recordsvc.db"
        path.parent.mkdir(mode=0o700)
        shutil.copy(template, path)
        yield Addresses(f"sqlite:///{path}", f"sqlite:///{path}")
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    sweeper: Sweeper = request.getfixturevalue("sweeper")
    name = _spare.pop() if _spare else _copy_of_template(server)
    yield Addresses(server.url(name, APPLICATION_ROLE), server.url(name, OWNER_ROLE))
    sweeper.empty(name)
    _spare.append(name)


def _copy_of_template(server: PostgresServer) -> str:
    name = f"test_{next(_names)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template OWNER {OWNER_ROLE}")
    return name


class Sweeper:
    """Makes used databases as good as new, over a connection kept for each: a fifth of the cost of another.

    Most of a test's tables are empty: one question tells which are not.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._kept: dict[str, psycopg.Connection[Any]] = {}
        self._tables = [table.name for table in reversed(schema.load_tables().sorted_tables)]
        filled = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in self._tables)
        self._filled = " UNION ALL ".join(filled).encode()

    def empty(self, database: str) -> None:
        """End all other sessions of a database, and delete all rows."""
        connection = self._kept.get(database)
        if connection is None:
            connection = self._kept[database] = psycopg.connect(self._server.dsn(database), autocommit=True)
        connection.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with connection.transaction():
            filled = {name for (name,) in connection.execute(self._filled)}
            for table in self._tables:
                if table in filled:
                    connection.execute(f'DELETE FROM "{table}"'.encode())

    def close(self) -> None:
        """Give the connections back."""
        for connection in self._kept.values():
            connection.close()


@pytest.fixture
def clock() -> FixedClock:
    """Time that moves only when a test says so."""
    return FixedClock()


@pytest.fixture
def randomness() -> SeededRandom:
    """Repeatable randomness."""
    return SeededRandom(1)


@pytest.fixture
def database(addresses: Addresses, clock: FixedClock) -> Iterator[Database]:
    """This test's own database, as the role that serves requests."""
    opened = Database(addresses.application, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def settings(addresses: Addresses, tmp_path: Path) -> Settings:
    """Settings of a service of one's own: environment `test`, an empty data folder, no witness."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700, exist_ok=True)
    return settings_of(data_dir, addresses.application, addresses.owner)


def settings_of(data_dir: Path, application: str, owner: str = "") -> Settings:
    """What a service of its own runs by, at a database's addresses as application and as owner."""
    return Settings(
        environment="test",
        data_dir=data_dir,
        log_origin="log.example.test/records",
        audience="https://records.example.test",
        region=synthetic.uscc(1, registrar="11"),
        issuer_url="https://records.example.test",
        public_url="http://localhost",
        database_url=application,
        owner_database_url=owner or application,
    )


@pytest.fixture
def house(settings: Settings, clock: FixedClock, randomness: SeededRandom) -> Iterator[House]:
    """A service after its first run: keys made, log begun with the region's key, nobody registered."""
    create_keys(settings.keys_dir, randomness.bytes)
    opened = open_house(settings, clock, randomness)
    genesis.begin(opened)
    yield opened
    opened.close()


@pytest.fixture
def app(house: House) -> Flask:
    """The web application of `house`, complete."""
    return create_app(house.settings, house)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who asks over http, without a token."""
    return app.test_client()

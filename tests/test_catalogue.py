"""Rules 1 and 4 of the architecture, held over the declared tables and the databases' own catalogues."""

import contextlib
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import schema
from recordsvc.ground.database import Database
from recordsvc.ground.privileges import (
    APPLICATION_PRIVILEGES,
    APPLICATION_ROLE,
    ERASURE_ROLE,
    Kind,
    erasing,
    kind_of,
    secrets_of,
)

TABLES = schema.load_tables().sorted_tables
WORKER_TABLES = [table for table in TABLES if table.info.get("worker")]
NOT_OURS = {"alembic_version"}


def named(table: sa.Table) -> str:
    return table.name


def unique_leaders(table: sa.Table) -> dict[str, str]:
    """First column of the primary key, of every unique constraint and of every unique index."""
    leaders = {"primary key": next(iter(table.primary_key.columns)).name}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            leaders[str(constraint.name)] = next(iter(constraint.columns)).name
    for index in table.indexes:
        if index.unique:
            leaders[str(index.name)] = next(iter(index.columns)).name
    return leaders


def references(table: sa.Table) -> list[tuple[list[str], sa.Table, list[str]]]:
    """Every foreign key: our columns, the other table, its columns."""
    return [
        ([column.name for column in key.columns], key.referred_table, [e.column.name for e in key.elements])
        for key in table.foreign_key_constraints
    ]


# -- what is declared --


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_table_declares_who_may_change_its_rows(table: sa.Table) -> None:
    assert kind_of(table) in Kind


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_table_says_what_it_holds(table: sa.Table) -> None:
    assert table.comment


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_table_has_a_key_that_no_database_numbers(table: sa.Table) -> None:
    assert list(table.primary_key.columns)
    for column in table.columns:
        assert column.identity is None
        assert not isinstance(column.default, sa.Sequence)
    # SQLAlchemy makes a lone integer key SERIAL unless told otherwise.
    assert table.autoincrement_column is None


@pytest.mark.parametrize("table", WORKER_TABLES, ids=named)
def test_a_workers_table_leads_with_the_worker(table: sa.Table) -> None:
    assert set(unique_leaders(table).values()) == {"worker_id"}


@pytest.mark.parametrize("table", WORKER_TABLES, ids=named)
def test_a_workers_table_refers_to_the_same_worker_only(table: sa.Table) -> None:
    for columns, other, theirs in references(table):
        if other.info.get("worker"):
            assert (columns[0], theirs[0]) == ("worker_id", "worker_id")


@pytest.mark.parametrize("table", [table for table in TABLES if table not in WORKER_TABLES], ids=named)
def test_another_table_refers_to_no_workers_table(table: sa.Table) -> None:
    assert [other.name for _, other, _ in references(table) if other.info.get("worker")] == []


@pytest.mark.parametrize("table", [table for table in TABLES if "worker_id" in table.columns], ids=named)
def test_a_table_with_worker_ids_is_a_workers_or_says_what_it_keeps_unique(table: sa.Table) -> None:
    unique = table.info.get("unique")

    assert (
        table in WORKER_TABLES
        or unique_leaders(table)["primary key"] == unique
        or kind_of(table) is Kind.STATE
    )


def test_money_is_never_a_float() -> None:
    floats = [
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in table.columns
        if isinstance(column.type, sa.Float | sa.Numeric)
    ]

    assert floats == []


# -- what the databases hold --


def test_the_catalogue_holds_the_declared_tables_and_no_others(database: Database) -> None:
    with database.read() as conn:
        assert set(sa.inspect(conn).get_table_names()) - NOT_OURS == {table.name for table in TABLES}


def test_unique_indexes_of_a_workers_table_lead_with_the_worker(database: Database) -> None:
    with database.read() as conn:
        inspector = sa.inspect(conn)
        for table in WORKER_TABLES:
            leaders = {inspector.get_pk_constraint(table.name)["constrained_columns"][0]}
            leaders |= {
                index["column_names"][0] for index in inspector.get_indexes(table.name) if index["unique"]
            }
            leaders |= {unique["column_names"][0] for unique in inspector.get_unique_constraints(table.name)}

            assert (table.name, leaders) == (table.name, {"worker_id"})


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_postgresql_has_no_sequences_identities_or_triggers(database: Database) -> None:
    with database.read() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM pg_sequences")) == 0
        assert conn.scalar(sa.text("SELECT count(*) FROM pg_attribute WHERE attidentity <> ''")) == 0
        assert conn.scalar(sa.text("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")) == 0


# -- what the databases refuse --


def has(conn: Connection, role: str, table: str, privilege: str) -> bool:
    return bool(
        conn.scalar(
            sa.text("SELECT has_table_privilege(:role, :table, :privilege)"),
            {"role": role, "table": table, "privilege": privilege},
        )
    )


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_application_role_has_exactly_the_privileges_of_each_kind(database: Database) -> None:
    every = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    with database.read() as conn:
        assert conn.scalar(sa.text("SELECT current_user")) == APPLICATION_ROLE
        for table in TABLES:
            held = {privilege for privilege in every if has(conn, APPLICATION_ROLE, table.name, privilege)}

            assert (table.name, held) == (table.name, set(APPLICATION_PRIVILEGES[kind_of(table)].split(", ")))


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_erasure_role_deletes_from_erasable_tables_only(database: Database) -> None:
    with database.read() as conn:
        for table in TABLES:
            assert has(conn, ERASURE_ROLE, table.name, "DELETE") == (kind_of(table) is Kind.ERASABLE), (
                table.name
            )
            assert not has(conn, ERASURE_ROLE, table.name, "INSERT"), table.name


def test_the_planner_samples_no_secret(database: Database) -> None:
    if database.dialect == "sqlite":
        return  # It has no samples but with ANALYZE, which nobody runs.
    asked = (
        "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attnum > 0 AND attstattarget = 0"
    )
    with database.engine.connect() as conn:
        left_out = {(row[0].strip('"'), row[1]) for row in conn.exec_driver_sql(asked)}
    assert left_out == {(table.name, column.name) for table in TABLES for column in secrets_of(table)}


def test_append_only_tables_refuse_update_and_delete(database: Database) -> None:
    for table in (table for table in TABLES if kind_of(table) is Kind.APPEND_ONLY):
        if database.dialect == "sqlite":
            put_some_row(database, table)
        column = next(iter(table.columns))
        for statement in (table.update().values({column: column}), table.delete()):
            with (
                pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"),
                database.engine.begin() as conn,
            ):
                conn.execute(statement)


def put_some_row(database: Database, table: sa.Table) -> None:
    """A trigger has nothing to refuse where there is no row; what the row holds does not matter."""
    assert database.url.database
    with contextlib.closing(sqlite3.connect(database.url.database)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        marks = ", ".join("?" * len(table.columns))
        connection.execute(f"INSERT INTO {table.name} VALUES ({marks})", [filler(c) for c in table.columns])


def test_erasable_rows_go_only_under_the_erasure_role(database: Database) -> None:
    table = schema.load_tables().tables["worker_key"]
    row = {column: filler(column) for column in table.columns}
    database.write(lambda turn: turn.conn.execute(table.insert().values(row)).rowcount)
    if database.dialect == "postgresql":
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            database.write(lambda turn: turn.conn.execute(table.delete()).rowcount)

    def erase(turn):
        with erasing(turn.conn):
            gone = turn.conn.execute(table.delete()).rowcount
        # The role ended with the block: this statement is the application's again.
        turn.conn.execute(table.insert().values(row))
        return gone

    assert database.write(erase) == 1


def filler(column: sa.Column) -> object:
    """Some value that fits a column; no test looks at it."""
    if isinstance(column.type, sa.LargeBinary):
        return bytes(column.type.length or 1)
    if isinstance(column.type, sa.String):
        return "x"
    if isinstance(column.type, sa.Boolean):
        return False
    return 1

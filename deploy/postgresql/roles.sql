-- Roles of the service. Run once as a superuser, connected to the service's own (empty) database:
--
--   createdb --encoding UTF8 recordsvc
--   psql --dbname recordsvc --set ON_ERROR_STOP=1 --file deploy/postgresql/roles.sql
--
-- Repeatable. Passwords are not set here: use \password in psql, peer or certificate authentication.
-- Privileges on tables are set by `recordsvc db upgrade`, run as the owner, from each table's kind:
--
--   kind          recordsvc_app                     recordsvc_erasure
--   append-only   SELECT, INSERT                    -
--   head          SELECT, INSERT, UPDATE            -
--   erasable      SELECT, INSERT                    SELECT, UPDATE, DELETE
--   state         SELECT, INSERT, UPDATE, DELETE    -
--
-- PostgreSQL 16 or newer (membership without inheritance).

DO $$
BEGIN
  -- Owns the tables, runs migrations, never serves requests.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'recordsvc_owner') THEN
    CREATE ROLE recordsvc_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
  END IF;
  -- Serves requests.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'recordsvc_app') THEN
    CREATE ROLE recordsvc_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
  END IF;
  -- Taken on by the application for single statements (SET LOCAL ROLE), never inherited, never logged in as.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'recordsvc_erasure') THEN
    CREATE ROLE recordsvc_erasure NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
  END IF;
  EXECUTE format('ALTER DATABASE %I OWNER TO recordsvc_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO recordsvc_app', current_database());
END
$$;

GRANT recordsvc_erasure TO recordsvc_app WITH INHERIT FALSE, SET TRUE;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO recordsvc_app, recordsvc_erasure;
GRANT USAGE, CREATE ON SCHEMA public TO recordsvc_owner;

-- A runaway query must not hold a snapshot for ever; the writer never waits long for a lock.
ALTER ROLE recordsvc_app SET statement_timeout = '60s';
ALTER ROLE recordsvc_app SET lock_timeout = '10s';
ALTER ROLE recordsvc_app SET idle_in_transaction_session_timeout = '60s';
-- A migration gives up rather than queue behind a long reader while everybody else queues behind it.
ALTER ROLE recordsvc_owner SET lock_timeout = '4s';

"""The shipped systemd units and PostgreSQL roles, judged by systemd and PostgreSQL themselves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc.ground.privileges import (
    APPLICATION_PRIVILEGES,
    APPLICATION_ROLE,
    ERASURE_ROLE,
    OWNER_ROLE,
)
from recordsvc.settings import Settings
from tests.conftest import ROLES, Addresses
from tests.deploy.edge import DEPLOY, need
from tests.postgresql import PostgresServer

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
EXPOSURE = 2.0
"""Of 10, as `systemd-analyze security` counts; a plain unit has 9.6."""


def named(unit: Path) -> str:
    return unit.name


@pytest.fixture
def installed(tmp_path: Path) -> list[str]:
    """The units as files that systemd can read here: their programs are this machine's."""
    program = Path(sys.executable)
    for unit in UNITS:
        text = unit.read_text("utf-8")
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={program}", text, flags=re.MULTILINE)
        account = "User=|Group=|SocketUser=|SocketGroup="
        text = re.sub(rf"^({account})\S+", r"\1root", text, flags=re.MULTILINE)
        text = text.replace("WorkingDirectory=/opt/recordsvc", "WorkingDirectory=/")
        (tmp_path / unit.name).write_text(text, "utf-8")
    return [str(tmp_path / unit.name) for unit in UNITS]


def test_systemd_reads_the_units_without_a_word(installed: list[str]) -> None:
    program = need("systemd-analyze")
    # Documentation is looked for where it would be installed.
    judged = subprocess.run(
        [program, "verify", "--man=no", *installed], capture_output=True, text=True, check=False
    )

    ours = [line for line in judged.stderr.splitlines() if "recordsvc" in line]
    assert ours == []
    assert judged.returncode == 0, judged.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_systemd_counts_little_that_a_unit_may_do(unit: Path, installed: list[str]) -> None:
    program = need("systemd-analyze")
    path = next(one for one in installed if one.endswith(f"/{unit.name}"))
    judged = subprocess.run(
        [program, "security", "--offline=true", "--no-pager", path],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", judged.stdout)

    assert found, judged.stdout + judged.stderr
    assert float(found[1]) <= EXPOSURE, judged.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_unit_gives_away_what_it_does_not_need(unit: Path) -> None:
    text = unit.read_text("utf-8")
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "MemoryDenyWriteExecute=yes",
        "UMask=0077",
        "LimitCORE=0",
        "StateDirectoryMode=0700",
        "CapabilityBoundingSet=",
    ):
        assert f"\n{line}\n" in text, line
    assert "ReadWritePaths=" not in text, "the state directory is all it writes"


MDWE = (
    "import ctypes, os, sys; libc = ctypes.CDLL(None, use_errno=True); "
    "refused = libc.prctl(65, 1, 0, 0, 0); "
    "sys.exit(77) if refused else os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
)
"""PR_SET_MDWE: what `MemoryDenyWriteExecute=` asks of newer kernels; it outlives exec."""
WORK = """
import ctypes, mmap
import jsonschema_rs, nacl.bindings, orjson, psycopg
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
import recordsvc.service as service
service.skeleton()
AESGCM(bytes(32)).encrypt(bytes(12), b"x", None)
ed25519.Ed25519PrivateKey.generate().sign(b"x")
ec.generate_private_key(ec.SECP256R1()).sign(b"x", ec.ECDSA(SHA256()))
nacl.bindings.crypto_sign_keypair()
jsonschema_rs.validator_for({"type": "object"}).validate({})
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError:
    print("works where no memory is both written and run")
"""


def test_the_service_needs_no_memory_that_is_both_written_and_run() -> None:
    tried = subprocess.run(
        [sys.executable, "-c", MDWE, WORK], capture_output=True, text=True, check=False, cwd=DEPLOY.parent
    )
    if tried.returncode == 77:
        pytest.skip("this kernel cannot refuse memory that is both written and run")

    assert tried.stdout.strip() == "works where no memory is both written and run", tried.stderr


def test_secrets_come_as_files_that_only_the_unit_sees(tmp_path: Path) -> None:
    handed = tmp_path / "credentials"
    handed.mkdir()
    (handed / "recordsvc_metrics_token").write_text("from a file\n", "utf-8")
    (handed / "of-another-program").write_text("x", "utf-8")
    settings = {
        "ENVIRONMENT": "test",
        "LOG_ORIGIN": "log.example.test",
        "AUDIENCE": "https://a.test",
        "REGION": "",
        "ISSUER_URL": "https://a.test",
        "PUBLIC_URL": "https://a.test",
    }
    environ = {f"RECORDSVC_{name}": value for name, value in settings.items()}
    environ["CREDENTIALS_DIRECTORY"] = str(handed)

    assert Settings.load(environ, tmp_path).metrics_token == "from a file"
    named_too = environ | {"RECORDSVC_METRICS_TOKEN": "from the environment"}
    assert Settings.load(named_too, tmp_path).metrics_token == "from the environment"
    for unit in ("recordsvc.service", "recordsvc-work.service"):
        text = (DEPLOY / "systemd" / unit).read_text("utf-8")
        assert "LoadCredential=recordsvc:/etc/recordsvc/secrets\n" in text


# -- roles


def test_the_roles_script_tells_the_privileges_that_the_code_gives() -> None:
    text = ROLES.read_text("utf-8")
    told = dict(
        re.findall(r"^--   (append-only|head|erasable|state)\s+([A-Z, ]+?)\s{2,}", text, re.MULTILINE)
    )

    assert told == {str(kind): given for kind, given in APPLICATION_PRIVILEGES.items()}
    assert set(re.findall(r"CREATE ROLE (\w+)", text)) == {OWNER_ROLE, APPLICATION_ROLE, ERASURE_ROLE}


def test_the_roles_script_may_be_repeated_and_leaves_no_role_more_than_it_says(
    empty_postgresql: Addresses, postgresql: PostgresServer
) -> None:
    database = str(sa.make_url(empty_postgresql.application).database)
    postgresql.execute(ROLES.read_text("utf-8"), database=database)
    engine = sa.create_engine(postgresql.url(database))
    with engine.connect() as conn:
        roles = {
            row.rolname: row
            for row in conn.execute(sa.text("SELECT * FROM pg_roles WHERE rolname LIKE 'recordsvc%'"))
        }
        may = conn.execute(
            sa.text(
                "SELECT has_schema_privilege(:app, 'public', 'CREATE'), "
                "has_database_privilege(:app, :db, 'CREATE'), "
                "has_database_privilege(:app, :db, 'TEMPORARY'), pg_has_role(:app, :owner, 'MEMBER'), "
                "pg_has_role(:app, :erasure, 'USAGE'), pg_has_role(:app, :erasure, 'MEMBER')"
            ),
            {"app": APPLICATION_ROLE, "owner": OWNER_ROLE, "erasure": ERASURE_ROLE, "db": database},
        ).one()
    engine.dispose()

    assert set(roles) == {OWNER_ROLE, APPLICATION_ROLE, ERASURE_ROLE}
    for role in roles.values():
        assert not any((role.rolsuper, role.rolcreatedb, role.rolcreaterole, role.rolbypassrls))
    assert not roles[ERASURE_ROLE].rolcanlogin
    # It makes nothing, becomes no owner, and holds the erasure role only where it takes it on.
    assert tuple(may) == (False, False, False, False, False, True)

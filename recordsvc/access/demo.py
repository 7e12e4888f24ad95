"""Demo personas (演示身份): one click makes whoever sits at this machine a worker or official of the demo.

That door exists only where the environment is `demo` and the service listens on loopback; anywhere else the
route is not there, and start-up refuses a database that holds personas.
"""

import uuid
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import officials
from recordsvc.access.errors import LoginRefused
from recordsvc.access.grants import Kind, Role
from recordsvc.access.tables import demo_login
from recordsvc.ground.commit import Turn
from recordsvc.settings import LOOPBACK, Settings, SettingsError

LOOPBACK_PEERS: Final = frozenset({"127.0.0.1", "::1"})
WORKER_POSITION: Final = 1

# kind, role, label, label_en: one persona for each kind of desk, two where two people are needed.
_DESK: Final = (
    ("registrar", Role.REGISTRAR, "登记员（机构、密钥、接入）", "Registrar (institutions, keys, clients)"),
    (
        "registrar-2",
        Role.REGISTRAR,
        "登记员二（复核他人提出的登记）",
        "Second registrar (decides what the first proposes)",
    ),
    ("handler", Role.HANDLER, "经办人（待处理记录）", "Case handler (held records)"),
    ("reviewer", Role.REVIEWER, "复核人", "Reviewer (second person)"),
    ("data-officer", Role.DATA_OFFICER, "个人信息保护负责人", "Data protection officer"),
    ("inspector", Role.INSPECTOR, "监督检查人员", "Inspector"),
    ("auditor", Role.AUDITOR, "审计员（只读）", "Auditor (reads only)"),
)


@dataclass(frozen=True, slots=True)
class Persona:
    """One demo login; `actor_id` is an official's id or a worker's id as text."""

    kind: str
    label: str
    label_en: str
    position: int
    actor_kind: str
    actor_id: str


def allowed(settings: Settings) -> bool:
    """Whether demo logins and plain-http cookies may exist."""
    return settings.environment == "demo" and settings.host in LOOPBACK


def check_allowed(settings: Settings, conn: Connection) -> None:
    """Refuse to start where the demo must not be. Raises `SettingsError`."""
    if allowed(settings):
        return
    if settings.environment == "demo":
        raise SettingsError("the demo environment serves on loopback only: set host = 127.0.0.1")
    if conn.execute(sa.select(sa.func.count()).select_from(demo_login)).scalar():
        raise SettingsError(
            "this database holds demo logins: it was made for the demo and never serves elsewhere"
        )


def personas(conn: Connection) -> list[Persona]:
    """All demo logins in their order."""
    rows = conn.execute(sa.select(demo_login).order_by(demo_login.c.position, demo_login.c.kind))
    return [Persona(*row) for row in rows]


def find(conn: Connection, kind: str) -> Persona:
    """One demo login. Raises `LoginRefused`."""
    row = conn.execute(sa.select(demo_login).where(demo_login.c.kind == kind)).one_or_none()
    if row is None:
        raise LoginRefused
    return Persona(*row)


def create_desk(turn: Turn, area: str) -> None:
    """Make the officials of the demo region, each with one role in `area`, and their logins. Repeatable."""
    known = {persona.kind for persona in personas(turn.conn)}
    for position, (kind, role, label, label_en) in enumerate(_DESK, start=10):
        if kind in known:
            continue
        official_id = f"demo-{kind}"
        officials.add(turn, official_id, label)
        officials.grant(turn, official_id, role, area, by="system:demo")
        _insert(turn, Persona(kind, label, label_en, position, Kind.OFFICIAL, official_id))


def create_worker(turn: Turn, worker_id: bytes, label: str, label_en: str, kind: str = "worker") -> None:
    """Make a worker of the demo region a persona, instead of an earlier one of that kind."""
    turn.conn.execute(demo_login.delete().where(demo_login.c.kind == kind))
    _insert(
        turn, Persona(kind, label, label_en, WORKER_POSITION, Kind.WORKER, str(uuid.UUID(bytes=worker_id)))
    )


def _insert(turn: Turn, persona: Persona) -> None:
    row = {name: getattr(persona, name) for name in Persona.__slots__}
    turn.conn.execute(demo_login.insert().values(**row))

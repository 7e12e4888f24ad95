"""Demo personas (演示身份): one click makes whoever sits at this machine a worker or official of the demo.

A worker of the demo may also sign in with what stands on their document: so the loader of the region lets
them speak. These doors exist only where the environment is `demo` and the service listens on loopback;
anywhere else the routes are not there, and start-up refuses a database that holds personas.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import officials, staff
from recordsvc.access.errors import LoginRefused
from recordsvc.access.grants import Kind, Position, Role
from recordsvc.access.tables import demo_login
from recordsvc.ground.commit import Turn
from recordsvc.people.checks import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.workers import Worker
from recordsvc.settings import LOOPBACK, Settings, SettingsError

if TYPE_CHECKING:
    from recordsvc.house import House

LOOPBACK_PEERS: Final = frozenset({"127.0.0.1", "::1"})
DESK_POSITION: Final = 100
STAFF_POSITION: Final = 1_000
"""Workers stand before the officials on the list, people of institutions behind."""

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
    (
        "reviewer-2",
        Role.REVIEWER,
        "复核人二（审批他人复核过的申领）",
        "Second reviewer (approves claims that the first reviewed)",
    ),
    ("data-officer", Role.DATA_OFFICER, "个人信息保护负责人", "Data protection officer"),
    ("payer", Role.PAYER, "支付人员（组批、对账）", "Payer (batches, reconciliation)"),
    ("payer-2", Role.PAYER, "支付人员二（复核放行）", "Second payer (releases what the first sealed)"),
    ("inspector", Role.INSPECTOR, "监督检查人员", "Inspector"),
    (
        "inspector-2",
        Role.INSPECTOR,
        "监督检查人员二（揭示他人承诺的抽查）",
        "Second inspector (reveals what the first commits to)",
    ),
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


def by_document(house: "House", form: Mapping[str, Any]) -> str:
    """The worker (id as text) whose document and name these are. Raises `LoginRefused`."""
    try:
        person, _warnings = read_person(dict(form), house.clock.now_ms())
    except IdentifierError:
        raise LoginRefused from None
    with house.db.read_raw() as cursor:
        found = house.people.resolve(cursor, [person], "demo login")[0]
    # Version 0 is a worker that a record would create; a login creates nobody.
    if not isinstance(found, Worker) or found.version == 0:
        raise LoginRefused
    return str(uuid.UUID(bytes=found.worker_id))


def create_desk(turn: Turn, area: str) -> None:
    """Make the officials of the demo region, each with one role in `area`, and their logins. Repeatable."""
    known = {persona.kind for persona in personas(turn.conn)}
    for position, (kind, role, label, label_en) in enumerate(_DESK, start=DESK_POSITION):
        if kind in known:
            continue
        official_id = f"demo-{kind}"
        officials.add(turn, official_id, label)
        officials.grant(turn, official_id, role, area, by="system:demo")
        _insert(turn, Persona(kind, label, label_en, position, Kind.OFFICIAL, official_id))


def create_staff(turn: Turn, institution: str, kind: str, position: Position, label: tuple[str, str]) -> str:
    """Make a person of an institution (USCC; `label`: Chinese, English) with a login; their id."""
    known = {persona.kind for persona in personas(turn.conn)}
    staff_id = f"s-{hashlib.sha256(kind.encode()).hexdigest()[:16]}"
    if kind in known:
        return staff_id
    staff.add(turn, staff_id, institution, label[0], "system:demo")
    staff.give(turn, staff_id, position, by="system:demo")
    _insert(turn, Persona(kind, *label, STAFF_POSITION + len(known), Kind.STAFF, staff_id))
    return staff_id


def create_worker(turn: Turn, worker_id: bytes, label: str, label_en: str, kind: str = "worker") -> None:
    """Put a worker of the demo region on the list, in the place of an earlier one of that kind."""
    workers = [known for known in personas(turn.conn) if known.actor_kind == Kind.WORKER]
    position = next((known.position for known in workers if known.kind == kind), len(workers) + 1)
    turn.conn.execute(demo_login.delete().where(demo_login.c.kind == kind))
    _insert(turn, Persona(kind, label, label_en, position, Kind.WORKER, str(uuid.UUID(bytes=worker_id))))


def _insert(turn: Turn, persona: Persona) -> None:
    row = {name: getattr(persona, name) for name in Persona.__slots__}
    turn.conn.execute(demo_login.insert().values(**row))

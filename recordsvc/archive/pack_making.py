"""Making a pack (审计材料包的制作): a sealed file for each archive, a manifest that fixes them, a zip.

`recordsvc work` writes one file at a time and moves `done` behind it: killed anywhere, it goes on. Once all
are there the manifest is signed (pack_manifest.py), and what is fetched is held against it. The key goes when
the pack expires, the folder after it.
"""

import functools
import io
import shutil
import uuid
import zipfile
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from recordsvc.access import looked
from recordsvc.access.grants import Actor
from recordsvc.access.looked import Look
from recordsvc.archive import bundle, pack_manifest, views
from recordsvc.archive.audit_packs import KIND, readable
from recordsvc.archive.look_relations import PACK_FIELDS
from recordsvc.archive.pack_manifest import Files, folder
from recordsvc.archive.pack_tables import audit_pack
from recordsvc.archive.reading import Reader
from recordsvc.archive.verify_pack import MANIFEST
from recordsvc.ground import observe, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound, Problem
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 20
"""Archives of one run and pack, so that a signal to stop is heard."""
_LOOKED: Final = 1_000
"""Newest rows of who looked that a file shows."""


def make(house: "House") -> int:
    """Make packs that wait, a portion of each; how many archives were done."""
    own = audit_pack.c
    with house.db.read() as conn:
        packs = conn.execute(sa.select(audit_pack).where(own.state == "making").order_by(own.pack_id)).all()
    return sum(_portion(house, pack) for pack in packs)


def expire(house: "House") -> int:
    """Destroy packs whose time is over; how many."""
    own = audit_pack.c
    with house.db.read() as conn:
        over = sa.select(own.pack_id).where(own.state != "expired", own.expires_ms <= house.clock.now_ms())
        packs = [bytes(one) for one in conn.execute(over).scalars()]
    for pack_id in packs:
        # The files first: a key that is gone would leave a folder that nobody looks for again.
        shutil.rmtree(folder(house, pack_id), ignore_errors=True)
        house.db.write(functools.partial(_end, pack_id))
    _withdraw(house)
    return len(packs)


def _end(pack_id: bytes, turn: Turn) -> None:
    ended = audit_pack.update().where(audit_pack.c.pack_id == pack_id)
    turn.conn.execute(ended.values(state="expired", wrapped=None))


def _withdraw(house: "House") -> None:
    """Take away files of what was restricted or erased since, archive or record: it must reach every copy."""
    own = audit_pack.c
    columns = (own.pack_id, own.wrapped, own.approved_ms)
    with house.db.read() as conn:
        packs = conn.execute(sa.select(*columns).where(own.state != "expired")).all()
    for pack in packs:
        files = Files(house, pack.pack_id, pack.wrapped)
        there = files.workers()
        with house.db.read() as conn:
            allowed = readable(conn, list(there), pack.approved_ms)
        for worker_id in there - allowed:
            files.withdraw(worker_id)


def fetch(house: "House", pack_id: bytes, who: Actor, request_id: str = "") -> bytes:
    """Return a ready pack as a zip, to the auditor it is for; every worker's row is durable before.

    Archives that were restricted or erased since it was made, or of which a record was, are no longer in it,
    and the manifest that is sent says so. Raises `NotFound` for any other pack, auditor or state,
    `LookNotWritten`, `PackDamaged`, `RegionKeyNotInForce`.
    """
    with house.db.read() as conn:
        pack = conn.execute(sa.select(audit_pack).where(audit_pack.c.pack_id == pack_id)).one_or_none()
        proposal = two_person.read_all(conn, [pack_id], house.clock.now_ms()).get(pack_id)
    if (
        pack is None
        or proposal is None
        or not _proven(pack, proposal)
        or (pack.auditor, pack.state) != (who.id, "ready")
        or pack.expires_ms <= house.clock.now_ms()
    ):
        raise NotFound
    workers = _workers(proposal)
    with house.db.read() as conn:
        allowed = readable(conn, workers, pack.approved_ms)
    told, signed, content = pack_manifest.held(Files(house, pack_id, pack.wrapped), allowed)
    looks = [Look(one, who, "audit", PACK_FIELDS, pack.case_ref, request_id) for one in content]
    looked.record(house, looks)
    with house.db.read() as conn:
        # Once more, behind the rows: what was erased while they were written does not leave.
        left = readable(conn, list(content), pack.approved_ms)
    files, manifest = pack_manifest.narrowed(house, told, signed, left)
    house.db.write(lambda turn: _count(turn, pack_id))
    return _zipped(files, manifest, content)


def _portion(house: "House", pack: Any) -> int:
    with house.db.read() as conn:
        proposal = two_person.read_all(conn, [pack.pack_id], house.clock.now_ms()).get(pack.pack_id)
        if proposal is None or not _proven(pack, proposal):
            observe.log("pack-unproven", pack=pack.pack_id.hex())
            return 0
        workers = _workers(proposal)
        some = workers[pack.done : pack.done + PORTION]
        allowed = readable(conn, some)
    files = Files(house, pack.pack_id, pack.wrapped)
    written = 0
    for worker_id in some:
        content = (
            _content(house, worker_id, whole=proposal.payload["whole"]) if worker_id in allowed else None
        )
        if content is not None:
            files.keep(worker_id, content)
            written += 1
    done, omitted = pack.done + len(some), pack.omitted + len(some) - written
    state = "making"
    if done == len(workers):
        try:
            pack_manifest.fix(house, files, pack, proposal, omitted)
            state = "ready"
        except Problem as problem:
            # It stays unfinished, and is tried again: nobody fetches a pack that was not fixed.
            observe.log("pack-not-fixed", pack=pack.pack_id.hex(), code=problem.code)
    own = audit_pack.c
    moved = audit_pack.update().where(
        own.pack_id == pack.pack_id, own.state == "making", own.done == pack.done
    )
    values = {"done": done, "omitted": omitted, "state": state}
    house.db.write(lambda turn: turn.conn.execute(moved.values(**values)).rowcount)
    return len(some)


def _proven(pack: Any, proposal: Proposal) -> bool:
    """Whether two people decided this pack for this auditor: its row is a plain row."""
    said = proposal.payload
    return (
        proposal.kind == KIND
        and proposal.state == "done"
        and proposal.decided_by not in (None, proposal.proposed_by)
        and (said["auditor"], said["case_ref"]) == (pack.auditor, pack.case_ref)
    )


def _workers(proposal: Proposal) -> list[bytes]:
    return [uuid.UUID(one).bytes for one in proposal.payload["workers"]]


def _content(house: "House", worker_id: bytes, *, whole: bool) -> bytes | None:
    """Return lines of JSON: the archive, then who looked; None for an archive that is not there."""
    if whole:
        return bundle.make(house, worker_id)
    archive = Reader(house).archive(worker_id)
    if archive is None:
        return None
    told = orjson.loads(views.archive_json(archive))
    with house.db.read() as conn:
        looks = looked.of_worker(conn, worker_id, limit=_LOOKED)
    seen = [
        {"at_ms": one.at_ms, "actor": f"{one.actor_kind}:{one.actor_id}", "role": one.role,
         "purpose": one.purpose, "fields": one.fields, "case_ref": one.case_ref}
        for one in looks
    ]  # fmt: skip
    return b"".join(orjson.dumps(line) + b"\n" for line in (views.masked(told), {"looked": seen}))


def _zipped(files: list[dict[str, Any]], manifest: str, content: dict[bytes, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(MANIFEST, manifest)
        for one in files:
            made.writestr(one["name"], content[uuid.UUID(one["name"].partition(".")[0]).bytes])
    return target.getvalue()


def _count(turn: Turn, pack_id: bytes) -> None:
    own = audit_pack.c
    turn.conn.execute(audit_pack.update().where(own.pack_id == pack_id).values(fetched=own.fetched + 1))

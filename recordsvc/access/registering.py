"""Registering clients (接入登记): proposals by one official, acts by the approval of another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.clients import ISSUING, SCOPES, ClientKind, Event, changed, one, set_state
from recordsvc.access.errors import ClientRefused, ClientStateConflict
from recordsvc.access.tables import client, client_key, client_terms
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random
from recordsvc.ground.two_person import Proposal
from recordsvc.people.checks import IdentifierError
from recordsvc.people.identifiers import uscc
from recordsvc.vault.signatures import BadSignature, public_from_jwk, public_to_jwk

DECIDERS: Final = frozenset({"registrar", "reviewer"})
MAX_KEYS: Final = 8


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is proposed: a public JWK and its dates."""

    jwk: Mapping[str, Any]
    not_before_ms: int | None = None
    not_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client as it is proposed."""

    kind: str
    name: str
    institution: str | None
    scopes: Sequence[str]
    keys: Sequence[NewKey]
    units_a_day: int | None = None
    """Its own daily ceiling; None: what its kind has."""
    at_once: int | None = None
    """Its own number of requests at once; None as above."""


def propose_client(turn: Turn, new: NewClient, *, by: str, random: Random) -> tuple[bytes, str]:
    """Propose a client; returns (proposal id, the client id it will have). Raises `ClientRefused`."""
    code = _institution(new.kind, new.institution)
    scopes = _scopes(new.kind, new.scopes)
    if not 1 <= len(new.keys) <= MAX_KEYS:
        raise _refused("/keys", f"应有 1–{MAX_KEYS} 个公钥", f"one to {MAX_KEYS} keys are needed")
    keys = [_key_payload(key, turn.now_ms, f"/keys/{n}") for n, key in enumerate(new.keys)]
    if len({key["jwk"]["kid"] for key in keys}) != len(keys):
        raise _refused("/keys", "公钥编号（kid）重复", "two keys carry one kid")
    client_id = f"{new.kind}-{random.bytes(8).hex()}"
    payload = {
        "client_id": client_id,
        "kind": new.kind,
        "name": new.name,
        "institution": code,
        "scopes": scopes,
        "keys": keys,
        "units_a_day": new.units_a_day,
        "at_once": new.at_once,
    }
    return two_person.propose(turn, "client.register", client_id, payload, by, random=random), client_id


def propose_key(turn: Turn, client_id: str, key: NewKey, *, by: str, random: Random) -> bytes:
    """Propose one more key of a client. Raises `ClientUnknown`, `ClientRefused`, `ClientStateConflict`."""
    found = one(turn.conn, client_id)
    payload = _key_payload(key, turn.now_ms, "/key")
    if payload["jwk"]["kid"] in found.keys or len(found.keys) >= MAX_KEYS:
        raise ClientStateConflict
    return two_person.propose(turn, "client.key", client_id, payload, by, random=random)


@dataclass(frozen=True, slots=True)
class NewTerms:
    """Terms as they are proposed, whole; `from_ms` None: from the approval on."""

    scopes: Sequence[str]
    units_a_day: int | None
    at_once: int | None
    reason: str
    from_ms: int | None = None


def propose_terms(turn: Turn, client_id: str, new: NewTerms, *, by: str, random: Random) -> bytes:
    """Propose other scopes and ceilings of a client, from an instant on.

    The proposal tells what the client has now beside what it would have. Raises `ClientUnknown`,
    `ClientRefused`, also where nothing would change.
    """
    known = one(turn.conn, client_id)
    if new.from_ms is not None and new.from_ms <= turn.now_ms:
        raise _refused("/from_ms", "生效时间已过；不填即批准后生效", "that instant has passed")
    scopes, now = _scopes(known.kind, new.scopes), known.at(turn.now_ms)
    asked = (frozenset(scopes), new.units_a_day, new.at_once)
    if asked == (now.scopes, now.units_a_day, now.at_once) and not known.coming(turn.now_ms):
        raise _refused("/scopes", "与现有的权限和上限相同", "nothing would change")
    payload = {
        "scopes": scopes,
        "units_a_day": new.units_a_day,
        "at_once": new.at_once,
        "from_ms": new.from_ms,
        "before": {
            "scopes": sorted(now.scopes),
            "units_a_day": now.units_a_day,
            "at_once": now.at_once,
        },
        "reason": new.reason,
    }
    return two_person.propose(turn, "client.terms", client_id, payload, by, random=random)


def propose_lift(turn: Turn, client_id: str, *, reason: str, by: str, random: Random) -> bytes:
    """Propose that a suspended client may go on. Raises `ClientUnknown`, `ClientStateConflict`."""
    if one(turn.conn, client_id).active:
        raise ClientStateConflict
    return two_person.propose(turn, "client.lift", client_id, {"reason": reason}, by, random=random)


def _basis(conn: Connection, subject: str, _payload: Mapping[str, Any]) -> str:
    """What a proposal about a known client rests on: that nobody has changed the client since."""
    found = conn.execute(sa.select(client.c.version).where(client.c.client_id == subject)).scalar()
    return str(found or 0)


@two_person.executor("client.register", deciders=DECIDERS, basis=_basis)
def _register(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    client_id = str(payload["client_id"])
    turn.conn.execute(
        client.insert().values(
            client_id=client_id,
            kind=payload["kind"],
            institution=payload["institution"],
            name=payload["name"],
            scopes=" ".join(payload["scopes"]),
            state="active",
            version=0,
            registered_ms=turn.now_ms,
            units_a_day=payload.get("units_a_day"),
            at_once=payload.get("at_once"),
        )
    )
    for key in payload["keys"]:
        _insert_key(turn, client_id, key)
    changed(turn, client_id, _event("register", decided))
    return client_id


@two_person.executor("client.key", deciders=DECIDERS, basis=_basis)
def _add_key(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    _insert_key(turn, decided.subject, payload)
    changed(turn, decided.subject, _event("add-key", decided))
    return decided.subject


@two_person.executor("client.terms", deciders=DECIDERS, basis=_basis)
def _change_terms(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    version = changed(turn, decided.subject, _event("change-terms", decided))
    turn.conn.execute(
        client_terms.insert().values(
            client_id=decided.subject,
            n=version,
            scopes=" ".join(payload["scopes"]),
            units_a_day=payload["units_a_day"],
            at_once=payload["at_once"],
            # What was to begin while it waited for the second person begins with that person's word.
            from_ms=max(turn.now_ms, payload["from_ms"] or 0),
            proposal=decided.id,
        )
    )
    return decided.subject


@two_person.executor("client.lift", deciders=DECIDERS, basis=_basis)
def _lift(turn: Turn, _payload: Mapping[str, Any], decided: Proposal) -> str:
    set_state(turn, decided.subject, "suspended", "active", _event("lift", decided))
    return decided.subject


def _scopes(kind: str, scopes: Sequence[str]) -> list[str]:
    allowed = SCOPES[ClientKind(kind)]
    if not scopes or len(set(scopes)) != len(scopes) or not allowed.issuperset(scopes):
        wanted = " ".join(sorted(allowed))
        raise _refused("/scopes", f"该类接入方只能申请：{wanted}", f"this kind may have: {wanted}")
    return sorted(scopes)


def _event(what: str, decided: Proposal) -> Event:
    return Event(what, str(decided.decided_by), decided.reason, decided.id)


def _insert_key(turn: Turn, client_id: str, key: Mapping[str, Any]) -> None:
    public, kid = public_from_jwk(dict(key["jwk"]))
    turn.conn.execute(
        client_key.insert().values(
            client_id=client_id,
            kid=kid,
            alg=public.alg,
            public=public.raw,
            not_before_ms=key["not_before_ms"],
            not_after_ms=key["not_after_ms"],
        )
    )


def _key_payload(key: NewKey, now_ms: int, pointer: str) -> dict[str, Any]:
    try:
        public, kid = public_from_jwk(dict(key.jwk))
    except BadSignature as error:
        raise _refused(f"{pointer}/jwk", "不是可用的公钥（Ed25519 或 P-256）", str(error)) from None
    start = now_ms if key.not_before_ms is None else key.not_before_ms
    if key.not_after_ms is not None and key.not_after_ms <= start:
        raise _refused(f"{pointer}/not_after", "失效时间早于生效时间", "it ends before it begins")
    # Only the members we know: whatever else the file carried stays with the client.
    return {"jwk": public_to_jwk(public, kid), "not_before_ms": start, "not_after_ms": key.not_after_ms}


def _institution(kind: str, institution: str | None) -> str | None:
    if kind not in list(ClientKind):
        raise _refused("/kind", "没有这种接入方", "no such kind of client")
    if institution is None:
        if SCOPES[ClientKind(kind)] & ISSUING:
            raise _refused("/institution", "缺少统一社会信用代码", "the code of its institution is missing")
        return None
    try:
        return uscc(institution).value
    except IdentifierError as error:
        raise _refused("/institution", "不是有效的统一社会信用代码", str(error)) from None


def _refused(pointer: str, detail: str, detail_en: str) -> ClientRefused:
    return ClientRefused(
        errors=[{"pointer": pointer, "code": "value", "detail": detail, "detail_en": detail_en}]
    )

"""A receiver's copy (副本), made of what it pulled and nothing else; checked as a partner would."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import flask
from werkzeug.test import TestResponse

from recordsvc import create_app
from recordsvc.access import policy
from recordsvc.access.clients import REGISTER, ClientKind
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.tables import client
from recordsvc.archive.confirm import confirm
from recordsvc.exports.following import Feeds
from recordsvc.exports.pulling import TYP
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.translog.tree import leaf_hash
from recordsvc.translog.tree import root as root_of
from recordsvc.vault.signatures import verify_attached
from recordsvc.vault.signers import PublicKey
from tests.archive.support import STATER, shown
from tests.archive.test_sharing import give, raw_id

HEAD = ("at_ms", "digest", "log_size", "n", "op", "receiver", "ref", "version", "why")
BANKS = ("bank-1", "bank-2")
NDJSON = {"Accept": "application/x-ndjson"}


def register(
    house: House, client_id: str, kind: ClientKind = ClientKind.CREDIT_BANK, scopes: str = "exports"
) -> None:
    """Put a client into the register, as two officials would."""

    def act(turn: Turn) -> None:
        row = {"client_id": client_id, "kind": str(kind), "institution": None, "name": client_id}
        row |= {"scopes": scopes, "state": "active", "version": 1, "registered_ms": turn.now_ms}
        turn.conn.execute(client.insert().values(**row))
        versions.bump(turn, REGISTER)

    house.db.write(act)


def application(house: House) -> flask.Flask:
    """The service, with two credit banks and the region's platform; their names stand for tokens."""
    made = create_app(house.settings, house)
    for name in BANKS:
        register(house, name)
    register(house, "region-1", ClientKind.PLATFORM, "feed:read")
    who = {name: Actor(Kind.CLIENT, name, scopes=frozenset({"exports"})) for name in BANKS}
    who["region-1"] = Actor(Kind.CLIENT, "region-1", scopes=frozenset({"feed:read"}))
    policy.authenticate(made, bearer=lambda token, _scheme: who[token])
    made.extensions["entrance"].meter = None
    made.extensions["access"].clients.all()
    return made


def agree(house: House, worker: bytes, *records: bytes, bank: str = "bank-1", **changes: Any) -> bytes:
    """Consent to records; the consent's id."""
    wanted = {"receiver": f"client:{bank}", "purpose": "credit-recognition"} | changes
    wanted.setdefault("records", tuple(raw_id(one) for one in records))
    return give(house, worker, records[0], **wanted)[1].consent_id


def confirmed(house: House, worker: bytes, *records: bytes) -> None:
    """Have the worker confirm records as they stand."""
    for one in records:
        confirm(house, worker, shown(house, worker, raw_id(one)), "window", STATER)


def region_key(house: House) -> PublicKey:
    """The region's registered key."""
    with house.db.read_raw() as cursor:
        state = house.issuers.states(cursor, [house.settings.region])[house.settings.region]
    life = state.key("region")
    assert life is not None
    return life.public


def check_signature(house: House, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest's statement, which the region signed."""
    payload = base64.urlsafe_b64encode(canonical(manifest["statement"])).decode().rstrip("=")
    protected, _, signature = manifest["signature"].split(".")
    public = region_key(house)
    verify_attached(
        f"{protected}.{payload}.{signature}", TYP, lambda kid: public if kid == "region" else None
    )
    return manifest["statement"]


@dataclass
class Copy:
    """One receiver with its cursor."""

    app: flask.Flask
    house: House
    name: str
    cursor: str = ""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """ref -> content of what stands."""
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.app.test_client().get(path, headers={"Authorization": f"Bearer {self.name}", **headers})

    def post(self, path: str, body: dict[str, Any]) -> TestResponse:
        return self.app.test_client().post(path, json=body, headers={"Authorization": f"Bearer {self.name}"})

    def pull(self, limit: int = 0) -> list[dict[str, Any]]:
        """Take what is new as a stream, check it, apply it; the items."""
        Feeds(self.house).run()
        items, statement = self.take(self.cursor, limit)
        self.apply(items)
        self.cursor = statement["to"]
        return items

    def take(self, cursor: str, limit: int = 0) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Take a batch without applying it; its items and its signed statement."""
        query = "&".join([*([f"after={cursor}"] if cursor else []), *([f"limit={limit}"] if limit else [])])
        answer = self.get(f"/v1/exports/items?{query}" if query else "/v1/exports/items", **NDJSON)
        assert answer.status_code == 200, answer.text
        data = answer.data
        *lines, last = data.splitlines(keepends=True)
        statement = check_signature(self.house, json.loads(last)["manifest"])
        assert statement["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
        items = [json.loads(one) for one in lines[1:]]
        leaves = [leaf_hash(canonical({name: one[name] for name in HEAD})) for one in items]
        assert (statement["count"], statement["root"]) == (
            len(items),
            root_of(leaves).hex() if leaves else hashlib.sha256().hexdigest(),
        )
        assert [canonical(one) + b"\n" for one in items] == lines[1:]
        for one in items:
            if "content" in one:
                salt = base64.urlsafe_b64decode(one["salt"] + "==")
                assert hashlib.sha256(salt + canonical(one["content"])).hexdigest() == one["digest"]
        return items, statement

    def apply(self, items: list[dict[str, Any]]) -> None:
        """Change the copy by items, once each, in order."""
        for one in items:
            assert one["n"] == len(self.seen) + 1, "a gap, or the same twice"
            assert one["version"] == self.heads.get(one["ref"], {"version": 0})["version"] + 1
            self.seen.append(one)
            self.heads[one["ref"]] = one
            if one["op"] == "withdraw":
                self.rows.pop(one["ref"], None)
            elif "content" in one:
                self.rows[one["ref"]] = one["content"]
            # Without content: a newer item of the same record is to come.

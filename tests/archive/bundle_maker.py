"""Writes bundles and receipts from the published formats alone: nothing of the service is imported here.

A second reading of docs/formats.md: if this and the verifier agree, both understood the same thing.
"""

import base64
import hashlib
import hmac
import json
import random
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "records.example/test-log"
AUDIENCE = "https://records.example/v1"
CENTRE, ASSESSOR, REGION = "91640100MA00000001", "91640100MA00000002", "11640000000000000X"
WORKER = "0192f3a0-0000-7000-8000-0000000000aa"
START_MS = 1_790_000_000_000
KINDS = {"issue": 1, "correct": 2, "revoke": 3, "erase": 4, "note": 5, "restore": 6, "merge": 7, "unmerge": 8}
BODY = {"programme": "养老护理员（初级）", "minutes": 5400, "days": ["2026-03-02"]}


def b64(data):
    return base64.b64encode(data).decode()


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha(data):
    return hashlib.sha256(data).digest()


def canonical(obj):
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def split(size):
    return 1 << (size - 1).bit_length() - 1


def mth(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    k = split(len(leaves))
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(index, leaves):
    if len(leaves) < 2:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


class Key:
    """One issuer key; `sign` gives 64 bytes."""

    def __init__(self, seed, kid, alg="EdDSA"):
        self.kid, self.alg = kid, alg
        secret = sha(seed.encode())
        if alg == "EdDSA":
            self.private = Ed25519PrivateKey.from_private_bytes(secret)
            self.raw = self.private.public_key().public_bytes_raw()
        else:
            self.private = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
            self.raw = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, data):
        if self.alg == "EdDSA":
            return self.private.sign(data)
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32) + s.to_bytes(32)

    def header(self, typ="recordsvc+jws"):
        return b64u(canonical({"alg": self.alg, "kid": self.kid, "typ": typ}))

    def detached(self, raw):
        head = self.header()
        return f"{head}..{b64u(self.sign(f'{head}.{b64u(raw)}'.encode()))}"

    def attached(self, payload):
        text = f"{self.header('recordsvc-batch+jws')}.{b64u(payload)}"
        return f"{text}.{b64u(self.sign(text.encode()))}"


class NoteSigner:
    """The log (type 1) or a witness (type 4)."""

    def __init__(self, name, kind=1):
        self.name, self.kind = name, kind
        self.private = Ed25519PrivateKey.from_private_bytes(sha(name.encode()))
        public = bytes((kind,)) + self.private.public_key().public_bytes_raw()
        self.id = sha(name.encode() + b"\n" + public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(public)}"

    def line(self, text, at=None):
        if self.kind == 1:
            blob = self.private.sign(text.encode())
        else:
            blob = struct.pack(">Q", at) + self.private.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        return f"— {self.name} {b64(self.id + blob)}\n"


class World:
    """A log with one worker's chain in it, other people's entries between, and issuers with keys."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.log, self.entries, self.leaves, self.events = [], [], [], []
        self.chains, self.ms = {}, START_MS
        self.signer, self.witness = NoteSigner(ORIGIN), NoteSigner("witness.example/w1", 4)
        self.keys = {
            CENTRE: Key("centre", "centre-1"),
            ASSESSOR: Key("assessor", "assessor-1", "ES256"),
            REGION: Key("region", "region-1"),
        }
        for issuer in self.keys:
            self.event(issuer)

    # --- the log ---

    def filler(self, count=1):
        for _ in range(count):
            self.log.append(b"\x01" + self.random.randbytes(32))

    def event(self, issuer, action=1, **more):
        """An issuer-key event: 1 register, 2 revoke, 3 suspend, 4 lift, 5 suspect."""
        key = more.get("key", self.keys[issuer])
        n, prev = self.chains.get(issuer, (0, bytes(32)))
        dates = (more.get("not_before", 0), more.get("not_after", 2**64 - 1), more.get("suspected", 0))
        alg = {"EdDSA": 1, "ES256": 2}[key.alg]
        entry = struct.pack(">BBBI32sQQQQB", 2, 1, action, n, prev, self.ms, *dates, alg)
        entry += bytes((len(issuer),)) + issuer.encode() + bytes((len(key.kid),)) + key.kid.encode()
        entry += struct.pack(">H", len(key.raw)) + key.raw
        self.chains[issuer] = n + 1, sha(entry)
        self.events.append((len(self.log), entry))
        self.log.append(entry)

    # --- records ---

    def record(self, name="training-completion", body=None, issuer=CENTRE, **more):
        number = len(self.entries) + self.random.randrange(1 << 40)
        if issuer == REGION:
            worker = {"worker_id": WORKER}
            more = {"actor": {"id": "w-1", "role": "worker", "case": "c-1"}, **more}
        else:
            card = {"number": "M20000017", "area": "640100"}
            worker = {"document": "resident-id", "number": "640102199001010011", "name": "阿依古丽·买买提"}
            worker = {**worker, "card": card}
        return {
            "audience": AUDIENCE,
            "body": {"programme": "养老护理员（初级）", "minutes": 5400, "days": ["2026-03-02"]}
            if body is None
            else body,
            "environment": "test",
            "id": f"0192f3a0-0000-7000-8000-{number:012x}",
            "issued_on": "2026-03-23",
            "issuer": issuer,
            "salt": b64u(self.random.randbytes(16)),
            "type": name,
            "version": 1,
            "worker": worker,
            **more,
        }

    def enter(self, record=None, kind="issue", target=None, *, evidence=None, key=None, gap=2):
        """One entry of the worker's chain; returns its seq."""
        self.filler(gap)
        self.ms += 60_000
        record = record or self.record()
        raw = canonical(record)
        evidence = evidence or (key or self.keys[record["issuer"]]).detached(raw)
        packed = evidence.encode() if isinstance(evidence, str) else canonical(evidence)
        ko = hmac.new(self.random.randbytes(32), b"open/v1", "sha256").digest()
        sizes = struct.pack(">I", len(raw)), struct.pack(">I", len(packed))
        committed = hmac.new(ko, b"rec/v1" + sizes[0] + raw + sizes[1] + packed, "sha256").digest()
        seq, nonce = len(self.entries), self.random.randbytes(32)
        number = 0xFFFFFFFF if target is None else target
        placed = sha(nonce + struct.pack(">II", seq, number) + mth(self.leaves))
        leaf = struct.pack(">BBQ", 1, KINDS[kind], self.ms) + committed + placed
        self.leaves.append(sha(b"\x00" + leaf))
        entry = {
            "index": len(self.log),
            "kind": kind,
            "leaf": b64(leaf),
            "nonce": b64(nonce),
            "seq": seq,
            "target": target,
        }
        self.entries.append({**entry, "record": record, "evidence": evidence, "open": b64(ko)})
        self.log.append(b"\x01" + self.leaves[-1])
        return seq

    def batch(self, records, signer=CENTRE, **change):
        """Evidence of each record under one signature."""
        leaves = [sha(b"\x00" + canonical(one)) for one in records]
        payload = {
            "audience": AUDIENCE,
            "batch_id": "0192f3a0-0000-7000-8000-00000000b001",
            "environment": "test",
            "issuer": signer,
            "root": b64u(mth(leaves)),
            "size": len(records),
            "type": "batch/1",
            **change,
        }
        jws = self.keys[signer].attached(canonical(payload))
        return [
            {"batch": jws, "index": n, "path": [b64u(one) for one in path(n, leaves)], "size": len(records)}
            for n in range(len(records))
        ]

    def act(self, name, target, issuer=CENTRE, **body):
        """A correction, revocation, restoration, confirmation … of the record at `target`."""
        kinds = {
            "correction": "correct",
            "revocation": "revoke",
            "restoration": "restore",
            "erasure": "erase",
        }
        member = {
            "correction": "corrects",
            "revocation": "revokes",
            "restoration": "restores",
            "confirmation": "confirms",
            "contest": "contests",
            "erasure": "erases",
        }[name]
        named = self.entries[target]["record"]["id"]
        return self.enter(self.record(name, {member: named, **body}, issuer), kinds.get(name, "note"), target)

    # --- files ---

    def checkpoint(self, at=START_MS // 1000 + 10**6):
        root = mth([sha(b"\x00" + entry) for entry in self.log])
        text = f"{ORIGIN}\n{len(self.log)}\n{b64(root)}\n"
        return text + "\n" + self.signer.line(text) + self.witness.line(text, at)

    def path(self, index):
        return [b64(one) for one in path(index, [sha(b"\x00" + entry) for entry in self.log])]

    def bundle(self, hide=()):
        """The bundle as a dict; entries whose seq is in `hide` are not disclosed."""
        self.filler(3)
        leaves = [sha(b"\x00" + entry) for entry in self.log]
        entries = []
        for one in self.entries:
            told = {**one, "path": [b64(value) for value in path(one["index"], leaves)]}
            if one["seq"] in hide:
                told = {name: told[name] for name in told if name not in ("record", "evidence", "open")}
            entries.append(told)
        return {
            "format": "recordsvc-bundle/1",
            "origin": ORIGIN,
            "checkpoint": self.checkpoint(),
            "region": REGION,
            "entries": entries,
            "issuer_keys": [
                {"entry": b64(entry), "index": index, "path": [b64(value) for value in path(index, leaves)]}
                for index, entry in self.events
            ],
            "issued_at": self.ms + 1000,
        }

    def receipt(self, seq):
        """The tlog-proof of one entry."""
        one = self.entries[seq]
        extra = base64.b64decode(one["leaf"]) + base64.b64decode(one["open"])
        lines = [
            "c2sp.org/tlog-proof@v1",
            f"extra {b64(extra)}",
            f"index {one['index']}",
            *self.path(one["index"]),
        ]
        return ("\n".join(lines) + "\n\n" + self.checkpoint()).encode()


def dump(bundle):
    """As the service writes it: compact, in the order of the members."""
    return json.dumps(bundle, separators=(",", ":"), ensure_ascii=False).encode()


def story(seed=1):
    """A life in ten entries: every kind of evidence, act and signer once."""
    world = World(seed)
    first = world.enter()
    second = world.enter(world.record("level-certificate", {"level": "5"}, ASSESSOR))
    batch = [world.record(body={"class": f"2026-{n}", "minutes": 60}) for n in range(5)]
    proofs = world.batch(batch)
    third = world.enter(batch[3], evidence=proofs[3])
    world.act("correction", first, reason="分钟数有误", fields={"/body/minutes": 5460})
    world.act("revocation", second, ASSESSOR, reason="entered-in-error")
    world.act("restoration", second, ASSESSOR, reason="维持原评价")
    world.act("confirmation", first, REGION, channel="page")
    world.act("contest", third, REGION, channel="page", text="未参加")
    world.enter(world.record("worker-statement", {"text": "自学三年"}, REGION))
    world.act("revocation", third, reason="not-attended")
    return world

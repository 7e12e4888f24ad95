"""Writes extracts from docs/formats.md alone: nothing of the service is imported here."""

import base64

from tests.archive.bundle_maker import AUDIENCE, ORIGIN, REGION, b64, b64u, canonical, mth, sha

TYP = "recordsvc-extract+jws"


def statement(size, root, records, **changes):
    """What the region signs."""
    return {
        "audience": AUDIENCE,
        "environment": "test",
        "fields": ["dates", "issuer", "name", "number-tail"],
        "format": "recordsvc-extract/1",
        "issued_at": 1_790_000_900_000,
        "origin": ORIGIN,
        "purpose": "job-application",
        "receiver": "link",
        "records": records,
        "region": REGION,
        "root": root.hex(),
        "size": size,
        **changes,
    }


def signature(key, told):
    """The detached form of the compact JWS over a statement."""
    head = key.header(TYP)
    return f"{head}..{b64u(key.sign(f'{head}.{b64u(canonical(told))}'.encode()))}"


def told(world, seq, state="active", acts=(), confirmation="not-needed"):
    """One record of a statement, with four fields of it."""
    entry = world.entries[seq]
    record = entry["record"]
    return {
        "acts": [{name: world.entries[one][name] for name in ("index", "leaf")} for one in acts],
        "confirmation": confirmation,
        "index": entry["index"],
        "leaf": entry["leaf"],
        "needs_reconfirmation": False,
        "state": state,
        "type": record["type"],
        "values": {
            "/issued_on": record["issued_on"],
            "/issuer": record["issuer"],
            "/worker/name": record["worker"]["name"],
            "number_tail": record["worker"]["number"][-4:],
        },
    }


def extract(world, records, **changes):
    """The extract as a dict."""
    root = mth([sha(b"\x00" + entry) for entry in world.log])
    said = statement(len(world.log), root, records, **changes)
    places = sorted({place["index"] for one in records for place in (one, *one["acts"])})
    key = world.keys[REGION]
    events = [
        (index, entry) for index, entry in world.events if entry[73 : 73 + entry[72]] == REGION.encode()
    ]
    return {
        "checkpoint": world.checkpoint(),
        "format": "recordsvc-extract/1",
        "issuer_keys": [
            {"entry": b64(entry), "index": index, "path": world.path(index)} for index, entry in events
        ],
        "proofs": [{"index": index, "path": world.path(index)} for index in places],
        "signature": signature(key, said),
        "statement": said,
    }


def of_story(world):
    """Two records of `bundle_maker.story`: one corrected and confirmed, one contested and revoked."""
    return extract(
        world,
        [
            told(world, 0, acts=(3,), confirmation="confirmed"),
            told(world, 2, "revoked", acts=(9,), confirmation="contested"),
        ],
    )


def short(data):
    """Base64 of a value with its last byte gone."""
    return b64(base64.b64decode(data)[:-1])

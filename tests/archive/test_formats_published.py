"""What is published about the formats is true: schemas, examples, the worked example of docs/formats.md."""

import base64
import hashlib
import hmac
import json
import re
import struct

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recordsvc import published
from recordsvc.archive import formats
from recordsvc.archive.formats import KeyAction, KeyEvent
from recordsvc.archive.verify import Outcome, verify_bundle, verify_extract, verify_receipt
from recordsvc.ground.strictjson import canonical, is_canonical
from recordsvc.translog import tree
from recordsvc.vault.signatures import verify_detached
from recordsvc.vault.signers import PublicKey
from tests.archive import make_examples
from tests.archive.bundle_maker import b64u, dump, story

EXAMPLES = published.schemas_dir() / "examples"
DOCUMENT = (published.schemas_dir().parent / "docs" / "formats.md").read_text(encoding="utf-8")


def validator(name):
    envelope = published.schema("envelope.v1.json")
    registry = jsonschema_rs.Registry([(envelope["$id"], envelope)], draft=jsonschema_rs.Draft202012)
    return jsonschema_rs.Draft202012Validator(published.schema(name), registry=registry, offline=True)


def test_the_examples_are_what_their_maker_writes():
    for name, text in make_examples.files().items():
        assert (EXAMPLES / name).read_text(encoding="utf-8") == text, name


CASES = json.loads((EXAMPLES / "bundle" / "cases.json").read_text(encoding="utf-8"))
EXTRACTS = json.loads((EXAMPLES / "extract" / "cases.json").read_text(encoding="utf-8"))["examples"]


@pytest.mark.parametrize("case", CASES["examples"], ids=lambda case: case["file"])
def test_bundle_examples(case):
    holds("bundle", verify_bundle, case)


@pytest.mark.parametrize("case", EXTRACTS, ids=lambda case: case["file"])
def test_extract_examples(case):
    holds("extract", verify_extract, case)


def holds(form, verify, case):
    """What the index says of an example is what verifier and schema say."""
    data = (EXAMPLES / form / case["file"]).read_bytes()
    keys = CASES["keys"]
    report = verify(data, [keys["log_key"]], [keys["witness_key"]], 1, region=keys["region"])
    assert report.outcome.name.lower() == case["outcome"]
    assert case["code"] in {finding.code for finding in report.findings}
    assert validator(f"{form}.v1.json").is_valid(json.loads(data)) == (case["outcome"] != "unreadable")


def test_receipt_examples():
    folder = EXAMPLES / "receipt"
    keys = CASES["keys"]
    told = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    for file in folder.glob("*.txt"):
        good = file.name.startswith("valid")
        text = file.read_text(encoding="utf-8")
        report = verify_receipt(
            text.encode(),
            canonical(told["record"]),
            told["jws"].encode(),
            [keys["log_key"]],
            [keys["witness_key"]],
            1,
        )
        assert (report.outcome is Outcome.PROVEN) == good
        assert validator("receipt.v1.json").is_valid(text) == good


@pytest.mark.parametrize("seq", [0, 2])
def test_every_receipt_satisfies_the_schema(seq):
    world = story()
    world.filler(40)
    assert validator("receipt.v1.json").is_valid(world.receipt(seq).decode())


def test_a_bundle_as_written_satisfies_the_schema():
    assert validator("bundle.v1.json").is_valid(json.loads(dump(story(5).bundle())))


# --- the worked example ---


def example(fence="example"):
    block = re.search(rf"```{fence}\n(.*?)```", DOCUMENT, re.DOTALL)[1]
    rows = [line.split(None, 1) for line in block.strip().split("\n")]
    joined = {}
    for name, value in rows:
        joined[name] = joined.get(name, "") + value
    return joined


def sha(data):
    return hashlib.sha256(data).digest()


def u32(value):
    return struct.pack(">I", value)


def test_the_worked_example_by_hand():
    """Only the standard library and one signature: what a reader in any language would do."""
    row = example()
    raw, seed = row["R"].encode(), bytes.fromhex(row["seed"])
    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert private.public_key().public_bytes_raw().hex() == row["public"]
    header = b64u(row["header"].encode())
    signed = private.sign(f"{header}.{b64u(raw)}".encode())
    evidence = f"{header}..{b64u(signed)}".encode()
    assert evidence.decode() == row["E"]
    ko = hmac.new(bytes.fromhex(row["s"]), b"open/v1", "sha256").digest()
    assert ko.hex() == row["ko"]
    committed = hmac.new(
        ko, b"rec/v1" + u32(len(raw)) + raw + u32(len(evidence)) + evidence, "sha256"
    ).digest()
    assert committed.hex() == row["D"]
    placed = sha(bytes.fromhex(row["r"]) + u32(0) + u32(0xFFFFFFFF) + sha(b""))
    assert placed.hex() == row["P"]
    leaf = b"\x01\x01" + struct.pack(">Q", int(row["ms"])) + committed + placed
    assert leaf.hex() == row["W"]
    entry = b"\x01" + sha(b"\x00" + leaf)
    assert entry.hex() == row["G"]
    assert sha(b"\x00" + entry).hex() == row["log-leaf"]
    second = sha(bytes.fromhex(row["r"]) + u32(1) + u32(0) + sha(b"\x00" + leaf))
    assert second.hex() == row["P-next"]
    assert sha(b"\x00" + raw).hex() == row["batch-leaf"]


def test_the_worked_example_by_the_code():
    row = example()
    raw, evidence = row["R"].encode(), row["E"].encode()
    key = PublicKey("EdDSA", bytes.fromhex(row["public"]))
    assert canonical(is_canonical(raw)) == raw
    assert verify_detached(raw, row["E"], lambda kid: key if kid == "centre-1" else None).kid == "centre-1"
    ko = formats.open_key(bytes.fromhex(row["s"]))
    placed = formats.place(bytes.fromhex(row["r"]), 0, None, tree.EMPTY_ROOT)
    leaf = formats.pack_leaf(
        formats.Kind.ISSUE, int(row["ms"]), formats.commitment(ko, raw, evidence), placed
    )
    assert (leaf.hex(), formats.record_entry(leaf).hex()) == (row["W"], row["G"])
    assert formats.pack_opening(leaf, ko).hex() == row["extra"]
    assert formats.service_statement(1, bytes(32)).hex() == row["G-statement"]


def test_the_worked_key_event():
    row = example()
    key = PublicKey("EdDSA", bytes.fromhex(row["public"]))
    event = KeyEvent(KeyAction.REGISTER, 0, bytes(32), int(row["ms"]), "91640100MA00000001", "centre-1", key)
    assert event.pack().hex() == row["G-key"]
    assert KeyEvent.unpack(bytes.fromhex(row["G-key"])) == event
    assert formats.key_event_hash(event.pack()).hex() == row["key-prev"]


def test_the_worked_extract_by_hand():
    """Only the standard library and two signatures."""
    row, part = example(), example("extract")
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(row["seed"]))
    region = bytes.fromhex(part["G-region"])
    first, second = sha(b"\x00" + region), bytes.fromhex(row["log-leaf"])
    root = sha(b"\x01" + first + second)
    assert (first.hex(), root.hex()) == (part["leaf-0"], part["root"])
    told = json.loads(part["statement"])
    assert json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == part["statement"]
    assert (told["size"], told["root"]) == (2, part["root"])
    (one,) = told["records"]
    assert base64.b64decode(one["leaf"]).hex() == row["W"]
    record = json.loads(row["R"])
    said = {"/issued_on": record["issued_on"], "/worker/name": record["worker"]["name"]}
    assert one["values"] == said | {"number_tail": record["worker"]["number"][-4:]}
    header = b64u(part["header"].encode())
    signed = private.sign(f"{header}.{b64u(part['statement'].encode())}".encode())
    assert part["signature"] == f"{header}..{b64u(signed)}"
    text, public = note_text(part), b"\x01" + bytes.fromhex(row["public"])
    key_id = sha(told["origin"].encode() + b"\n" + public)[:4]
    assert base64.b64decode(part["note-line"]) == key_id + private.sign(text.encode())
    assert part["log-key"] == f"{told['origin']}+{key_id.hex()}+{base64.b64encode(public).decode()}"


def note_text(part):
    """What the log signs."""
    origin = json.loads(part["statement"])["origin"]
    return f"{origin}\n2\n{base64.b64encode(bytes.fromhex(part['root'])).decode()}\n"


@pytest.mark.parametrize("name", ["", "signature", "note-line", "G-region"])
def test_the_worked_extract_by_the_code(name):
    """Put together as the page says it is proven; with one part changed it is not."""
    row, part = example(), example("extract")
    if name:
        part[name] = part[name][:-8] + {"signature": "AAAAAAAA", "note-line": "AAAAAAA="}.get(
            name, "00000000"
        )
    told = json.loads(part["statement"])
    paths = [[base64.b64encode(bytes.fromhex(one)).decode()] for one in (row["log-leaf"], part["leaf-0"])]
    event = base64.b64encode(bytes.fromhex(part["G-region"])).decode()
    made = {
        "checkpoint": f"{note_text(part)}\n— {told['origin']} {part['note-line']}\n",
        "format": told["format"],
        "issuer_keys": [{"entry": event, "index": 0, "path": paths[0]}],
        "proofs": [{"index": 1, "path": paths[1]}],
        "signature": part["signature"],
        "statement": told,
    }
    assert validator("extract.v1.json").is_valid(made)
    report = verify_extract(dump(made), [part["log-key"]], region=told["region"])
    assert (report.outcome is Outcome.PROVEN) == (not name), report.text("en")


def test_every_number_is_documented():
    for enum in (formats.Kind, formats.KeyAction):
        for member in enum:
            assert f"{member.value} {member.name.lower()}" in DOCUMENT
    assert all(f"| {member.value:#04x} |" in DOCUMENT for member in formats.EntryType)

"""Writes the examples of bundle, extract and receipt: `python -m tests.archive.make_examples`.

They are deterministic; a test holds the files against what this writes.
"""

import copy
import json
from pathlib import Path

from tests.archive import extract_maker
from tests.archive.bundle_maker import ORIGIN, REGION, NoteSigner, b64, story

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"


def bundles():
    """File name -> (bundle, outcome, code of a finding)."""
    honest = story().bundle()

    def bent(change):
        bundle = copy.deepcopy(honest)
        change(bundle["entries"])
        return bundle

    return {
        "valid.json": (honest, "proven", "chain"),
        "valid-undisclosed.json": (story().bundle(hide={0, 3}), "proven", "undisclosed"),
        "invalid-entry-left-out.json": (bent(lambda entries: entries.pop(4)), "false", "place-broken"),
        "invalid-level-raised.json": (
            bent(lambda entries: entries[1]["record"]["body"].update(level="1")),
            "false",
            "not-opened",
        ),
        "invalid-evidence-missing.json": (
            bent(lambda entries: entries[0].pop("evidence")),
            "unreadable",
            "members",
        ),
        "invalid-hash-short.json": (
            bent(lambda entries: entries[0].update(nonce=b64(bytes(31)))),
            "unreadable",
            "length",
        ),
    }


def extracts():
    """File name -> (extract, outcome, code of a finding)."""
    world = story()
    honest = extract_maker.of_story(world)

    def bent(change, *, signed=False):
        """Changed by somebody else, or by a region that signs what is not so."""
        extract = copy.deepcopy(honest)
        change(extract["statement"]["records"])
        if signed:
            extract["signature"] = extract_maker.signature(world.keys[REGION], extract["statement"])
        return extract

    short = extract_maker.short(honest["statement"]["records"][0]["leaf"])
    return {
        "valid.json": (honest, "proven", "extract-included"),
        "invalid-state-raised.json": (
            bent(lambda records: records[1].update(state="active")),
            "false",
            "signature",
        ),
        "invalid-name-changed.json": (
            bent(lambda records: records[0]["values"].update({"/worker/name": "别人"})),
            "false",
            "signature",
        ),
        "invalid-revocation-hidden.json": (
            bent(lambda records: records[1].update(state="active"), signed=True),
            "false",
            "extract-state",
        ),
        "invalid-entry-moved.json": (
            bent(lambda records: records[0].update(leaf=records[1]["leaf"]), signed=True),
            "false",
            "extract-not-in-log",
        ),
        "invalid-leaf-short.json": (
            bent(lambda records: records[0].update(leaf=short), signed=True),
            "unreadable",
            "leaf",
        ),
        "invalid-state-unsaid.json": (
            bent(lambda records: records[0].pop("state"), signed=True),
            "unreadable",
            "members",
        ),
    }


def keys():
    """What a verifier of the examples pins."""
    return {
        "log_key": NoteSigner(ORIGIN).vkey,
        "witness_key": NoteSigner("witness.example/w1", 4).vkey,
        "region": REGION,
    }


def receipts():
    """File name -> text."""
    receipt = story().receipt(0).decode()
    return {
        "valid.txt": receipt,
        "invalid-no-extra.txt": "\n".join(
            line for line in receipt.split("\n") if not line.startswith("extra")
        ),
        "invalid-short-hash.txt": receipt.replace("=\n", "\n", 2),
    }


def files():
    """Every example file with its content."""
    entry = story().entries[0]
    return {
        **_cases("bundle", bundles()),
        **_cases("extract", extracts()),
        **{f"receipt/{name}": text for name, text in receipts().items()},
        "receipt/record.json": _text({"record": entry["record"], "jws": entry["evidence"]}),
    }


def _cases(folder, told):
    """The files of a folder, with what a verifier finds in each."""
    rows = [{"file": name, "outcome": outcome, "code": code} for name, (_, outcome, code) in told.items()]
    found = {f"{folder}/{name}": _text(one) for name, (one, _, _) in told.items()}
    return found | {f"{folder}/cases.json": _text({"keys": keys(), "examples": rows})}


def _text(obj):
    return json.dumps(obj, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")

"""Writes the examples of bundle and receipt to `schemas/examples/`: `python -m tests.archive.make_examples`.

They are deterministic; a test holds the files against what this writes.
"""

import copy
import json
from pathlib import Path

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
    found = {f"bundle/{name}": _text(bundle) for name, (bundle, _, _) in bundles().items()}
    cases = [
        {"file": name, "outcome": outcome, "code": code} for name, (_, outcome, code) in bundles().items()
    ]
    entry = story().entries[0]
    return {
        **found,
        "bundle/cases.json": _text({"keys": keys(), "examples": cases}),
        **{f"receipt/{name}": text for name, text in receipts().items()},
        "receipt/record.json": _text({"record": entry["record"], "jws": entry["evidence"]}),
    }


def _text(obj):
    return json.dumps(obj, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")

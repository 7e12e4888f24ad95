"""The verifier stands alone, and the command gives the verdict as its exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from recordsvc.cli_verify import verify
from tests.archive.bundle_maker import CENTRE, ORIGIN, REGION, NoteSigner, b64u, dump, story

LOG, WITNESS = NoteSigner(ORIGIN).vkey, NoteSigner("witness.example/w1", 4).vkey
ROOT = Path(__file__).parents[2]

# What the base install brings: click and cryptography, with what cryptography itself needs.
BASE = {"click", "cryptography", "cffi", "_cffi_backend", "pycparser"}

ALONE = """
import importlib.abc, sys
allowed = set(sys.stdlib_module_names) | {base} | {{"recordsvc"}}

class OnlyBase(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(name, name=name.partition(".")[0])

sys.meta_path.insert(0, OnlyBase())
sys.path.insert(0, {root!r})
from recordsvc.cli_verify import verify
unwanted = {{"flask", "sqlalchemy", "orjson", "nacl", "werkzeug", "jinja2", "marshmallow"}}
assert not unwanted & sys.modules.keys(), unwanted & sys.modules.keys()
verify()
"""


@pytest.fixture
def files(tmp_path):
    world = story()
    (tmp_path / "bundle.json").write_bytes(dump(world.bundle()))
    (tmp_path / "receipt.txt").write_bytes(world.receipt(0))
    entry = world.entries[0]
    told = {"jws": entry["evidence"], "record": entry["record"]}
    (tmp_path / "record.json").write_text(json.dumps(told), encoding="utf-8")
    key = world.keys[CENTRE]
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": key.kid, "x": b64u(key.raw)}
    (tmp_path / "issuer.json").write_text(json.dumps(jwk), encoding="utf-8")
    (tmp_path / "log.vkey").write_text(LOG + "\n", encoding="utf-8")
    return tmp_path


def run(*args):
    return CliRunner().invoke(verify, [str(arg) for arg in args])


def test_only_cryptography_and_click_are_needed(files):
    script = ALONE.format(base=BASE, root=str(ROOT))
    args = [
        files / "bundle.json",
        "--log-key",
        LOG,
        "--witness-key",
        WITNESS,
        "--region",
        REGION,
        "--lang",
        "en",
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Result: proven.")


def test_exit_codes(files):
    bundle = files / "bundle.json"
    other = NoteSigner("records.example/other").vkey
    broken = files / "broken.json"
    broken.write_bytes(b"{")
    assert [run(bundle, "--log-key", LOG).exit_code, run(bundle, "--log-key", other).exit_code] == [0, 1]
    assert run(broken, "--log-key", LOG).exit_code == 2


def test_without_a_log_key_it_refuses_and_says_why(files):
    done = run(files / "bundle.json")
    assert done.exit_code == 2
    assert "--log-key" in done.output
    assert "only the file's own word" in done.output


def test_keys_from_files_and_json(files):
    done = run(
        files / "bundle.json", "--log-key", f"@{files / 'log.vkey'}", "--witness-key", WITNESS, "--json"
    )
    assert done.exit_code == 0
    assert json.loads(done.output)["outcome"] == "proven"


def test_the_quorum_is_all_witnesses_unless_said_otherwise(files):
    second = NoteSigner("witness.example/w2", 4).vkey
    args = (files / "bundle.json", "--log-key", LOG, "--witness-key", WITNESS, "--witness-key", second)
    assert [run(*args).exit_code, run(*args, "--quorum", "1").exit_code] == [3, 0]
    assert "尚未证明" in run(*args).output
    assert "3 not proven" in run("--help").output
    assert run(*args, "--quorum", "3").exit_code == 2


def test_receipts(files):
    args = (files / "receipt.txt", "--log-key", LOG, "--record", files / "record.json")
    assert "没有给定签发钥匙" in run(*args).output
    done = run(*args, "--issuer-key", files / "issuer.json", "--lang", "en")
    assert done.exit_code == 0
    assert "made with the issuer key given" in done.output
    assert run(files / "receipt.txt", "--log-key", LOG).exit_code == 2


def test_record_and_evidence_from_two_files(files):
    told = json.loads((files / "record.json").read_text(encoding="utf-8"))
    raw = json.dumps(told["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    (files / "r").write_bytes(raw + b"\n")
    (files / "e").write_text(told["jws"] + "\n", encoding="ascii")
    args = (files / "receipt.txt", "--log-key", LOG, "--record", files / "r")
    assert run(*args, "--evidence", files / "e").exit_code == 0
    assert run(*args).exit_code == 2


@pytest.mark.parametrize(
    "args",
    [
        ("--log-key", "nonsense"),
        ("--log-key", "@/nowhere/at/all"),
        ("--log-key", LOG, "--witness-key", LOG),
        ("--log-key", LOG, "--witness-key", "x"),
    ],
)
def test_keys_that_are_none(files, args):
    done = run(files / "bundle.json", *args)
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"record":1}', b'{"record":{},"jws":7}', b"\xff"])
def test_records_that_cannot_be_read(files, text):
    (files / "bad").write_bytes(text)
    done = run(files / "receipt.txt", "--log-key", LOG, "--record", files / "bad")
    assert done.exit_code == 2
    assert not isinstance(done.exception, AttributeError | KeyError | TypeError)
    for option in ("--issuer-key",):
        done = run(
            files / "receipt.txt", "--log-key", LOG, "--record", files / "record.json", option, files / "bad"
        )
        assert done.exit_code == 2

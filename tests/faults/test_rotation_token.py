"""The changes of key that a PKCS#11 token makes inside itself, while the whole service is under load.

SoftHSM is the token; gunicorn's workers, the background process and the commands each log in to it for
themselves. What `test_rotation_load.py` tries with key files, here with keys that never leave the token.
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from recordsvc import fsck
from tests.faults import processes
from tests.faults.processes import ask
from tests.faults.test_rotation_load import Place, StrictLoad

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed (extra `hsm`)")
MODULES = [Path(folder) / "softhsm/libsofthsm2.so" for folder in ("/usr/lib", "/usr/lib/x86_64-linux-gnu")]
MODULE = next((path for path in MODULES if path.exists()), None)
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM (softhsm2) is not installed"
    ),
]


class TokenPlace(Place):
    """An installation whose keys lie in a token."""

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | {
            "RECORDSVC_KEYSTORE": "pkcs11",
            "RECORDSVC_PKCS11_MODULE": str(MODULE),
            "RECORDSVC_PKCS11_TOKEN": "service",
            "RECORDSVC_PKCS11_PIN_FILE": str(self.folder.parent / "pin" / "pin"),
            "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"],
        }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenPlace]:
    # So many that new people come all the time.
    monkeypatch.setattr(processes, "PEOPLE", 20_000)
    config, tokens, pin = tmp_path / "softhsm2.conf", tmp_path / "tokens", tmp_path / "pin" / "pin"
    tokens.mkdir()
    pin.parent.mkdir(mode=0o700)
    pin.touch(0o600)
    pin.write_text("245678\n")
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    command = ["softhsm2-util", "--init-token", "--free", "--label", "service"]
    subprocess.run([*command, "--so-pin", "12345678", "--pin", "245678"], check=True, capture_output=True)
    # The library keeps what it read of its configuration.
    pkcs11.lib(str(MODULE)).reinitialize()
    made = TokenPlace(tmp_path / "data")
    yield made
    made.kill()
    pkcs11.lib(str(MODULE)).finalize()


def test_keys_change_inside_the_token_under_load_and_nobody_is_refused(place: TokenPlace) -> None:
    place.start()
    with StrictLoad(place, random.Random(7)) as load:
        time.sleep(2)
        for kind in ("pepper", "wrapping"):
            place.rotate(kind)
            place.kill_background_work()
            place.finish(kind)
            time.sleep(1)
        assert "token-2" in place.rotate("token")
        held = len(load.tokens)
        assert len(orjson.loads(ask(place.port, "GET", "/oauth/jwks.json").body)["keys"]) == 2
        deadline = time.monotonic() + 60
        while (len(load.tokens) <= held or not load.read) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(load.tokens) > held

    assert load.failures == []
    assert load.read > 0
    assert load.sent.qsize() > 0
    place.kill()
    with place.house() as house:
        report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding
    # The log key alone lies in a file (docs/keys.md).
    assert {one.name for one in (place.folder / "keys").iterdir()} == {"keys", "log.key"}

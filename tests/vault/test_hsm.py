"""Keys in a PKCS#11 token, with SoftHSM as the token: non-extractable, bound, shared, away and back."""

import dataclasses
import multiprocessing
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from recordsvc import anchor, fsck, genesis, rotation
from recordsvc.archive.verify import verify_receipt
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.house import House, open_house
from recordsvc.settings import Settings, SettingsError
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keyfolder import (
    add_version,
    create_keys,
    destroy_dropped,
    drop_version,
    open_keys,
    read_manifest,
)
from recordsvc.vault.keystore import KeyRing, KeysUnavailable, KeyUseError
from recordsvc.vault.livekeys import LiveKeys
from tests.archive.support import Centre, person, receipts

pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed (extra `hsm`)")
from recordsvc.vault.hsm import TokenKeys  # noqa: E402 - needs what may not be installed

MODULES = [Path(folder) / "softhsm/libsofthsm2.so" for folder in ("/usr/lib", "/usr/lib/x86_64-linux-gnu")]
MODULE = next((path for path in MODULES if path.exists()), None)
PIN = "48151623"
pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM (softhsm2) is not installed"
)


class Soft:
    """A folder of SoftHSM tokens, each with its PIN in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = folder / "tokens"
        self.tokens.mkdir(parents=True)
        self.config = folder / "softhsm2.conf"
        self.config.write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        self.pin = folder / "pin" / "pin"
        self.pin.parent.mkdir(mode=0o700)
        self.write_pin(PIN)
        self.opened: dict[str, TokenKeys] = {}

    def write_pin(self, text: str) -> None:
        self.pin.touch(0o600)
        self.pin.write_text(f"{text}\n")

    def make(self, label: str) -> None:
        command = ["softhsm2-util", "--init-token", "--free", "--label", label]
        subprocess.run([*command, "--so-pin", "12345678", "--pin", PIN], check=True, capture_output=True)

    def open(self, label: str = "service") -> TokenKeys:
        """The token, one object for a process."""
        return self.opened.setdefault(label, TokenKeys(str(MODULE), label, str(self.pin)))

    def fresh(self, label: str = "service") -> TokenKeys:
        """The token as a process finds it that has not logged in yet."""
        pkcs11.lib(str(MODULE)).reinitialize()
        return TokenKeys(str(MODULE), label, str(self.pin))

    def session(self) -> Any:
        """Another session of this process."""
        return pkcs11.lib(str(MODULE)).get_token(token_label="service").open(rw=True)


@pytest.fixture
def soft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Soft]:
    made = Soft(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.config))
    made.make("service")
    # The library keeps what it read of its configuration: each test has it loaded anew.
    pkcs11.lib(str(MODULE)).reinitialize()
    yield made
    pkcs11.lib(str(MODULE)).finalize()


@pytest.fixture
def folder(tmp_path: Path, soft: Soft) -> Path:
    create_keys(tmp_path / "keys", token=soft.open())
    return tmp_path / "keys"


@pytest.fixture
def keys(folder: Path, soft: Soft) -> KeyRing:
    return open_keys(folder, soft.open())


def test_only_the_log_key_lies_in_a_file(folder: Path, keys: KeyRing):
    assert {path.name for path in folder.iterdir()} == {"keys", "log.key"}
    held = {key_id: one.held for key_id, one in read_manifest(folder).live.items()}
    assert held.pop("log") == "file"
    assert set(held.values()) == {"pkcs11"}


def test_no_key_leaves_the_token(folder: Path, soft: Soft):
    with soft.session() as session:
        found = [
            one
            for kind in (pkcs11.ObjectClass.SECRET_KEY, pkcs11.ObjectClass.PRIVATE_KEY)
            for one in session.get_objects({pkcs11.Attribute.CLASS: kind})
        ]
        assert len(found) == 9
        for one in found:
            assert one[pkcs11.Attribute.SENSITIVE]
            assert not one[pkcs11.Attribute.EXTRACTABLE]
            secret = one.object_class is pkcs11.ObjectClass.SECRET_KEY
            with pytest.raises(pkcs11.exceptions.PKCS11Error):
                one[pkcs11.Attribute.VALUE if secret else pkcs11.Attribute.PRIVATE_EXPONENT]


def test_a_key_that_could_leave_the_token_is_refused(folder: Path, soft: Soft):
    identity = bytes.fromhex(read_manifest(folder).live["dedupe"].check)
    soft.open()
    with soft.session() as session:
        for one in list(session.get_objects({pkcs11.Attribute.ID: identity})):
            one.destroy()
        template = {pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True}
        session.generate_key(
            pkcs11.KeyType.GENERIC_SECRET, 256, id=identity, label="dedupe", store=True, template=template
        )
    with pytest.raises(KeyFileError, match="dedupe of the token can leave it"):
        open_keys(folder, soft.open())


def test_a_wrapped_key_opens_only_where_it_was_wrapped(keys: KeyRing):
    wrapped = keys.wrap(b"d" * 32, b"worker-1")
    assert len(wrapped) == 60
    assert keys.unwrap(wrapped, b"worker-1") == b"d" * 32
    for data, aad, key_id in [
        (wrapped, b"worker-2", "master"),
        (wrapped, b"worker-1", "holding"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"worker-1", "master"),
        (wrapped[:20], b"worker-1", "master"),
        (b"", b"worker-1", "master"),
    ]:
        with pytest.raises(KeyUseError):
            keys.unwrap(data, aad, key_id)


@pytest.mark.parametrize("key_id", ["token", "region"])
def test_signatures_verify(keys: KeyRing, key_id: str):
    public, signature = keys.public(key_id), keys.sign(key_id, b"data")
    assert (public.alg, len(public.raw), len(signature)) == ("ES256", 65, 64)
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public.raw)
    point.verify(der, b"data", ec.ECDSA(SHA256()))


def test_hmacs_are_of_the_key_and_the_data(keys: KeyRing):
    tags = {keys.hmac(key_id, data) for key_id in ("pepper-1", "dedupe") for data in (b"a", b"b", b"")}
    assert len(tags) == 6
    assert {len(tag) for tag in tags} == {32}
    assert keys.hmac("dedupe", b"a") in tags


def test_a_key_does_only_what_it_is_for(keys: KeyRing):
    for use in (
        lambda: keys.hmac("token", b""),
        lambda: keys.sign("dedupe", b""),
        lambda: keys.wrap(b"d" * 32, b"", "login"),
    ):
        with pytest.raises(KeyUseError):
            use()


def test_a_second_run_uses_the_keys_of_the_first(folder: Path, soft: Soft, keys: KeyRing):
    (folder / "keys").unlink()
    assert create_keys(folder, token=soft.open())
    assert open_keys(folder, soft.open()).hmac("dedupe", b"x") == keys.hmac("dedupe", b"x")


def test_versions_rotate_inside_the_token(folder: Path, soft: Soft):
    running = LiveKeys(folder, soft.open())
    older = running.wrap(b"d" * 32, b"worker")
    assert add_version(folder, "master", "holding", token=soft.open()) == ["master-2", "holding-2"]
    newer = running.wrap(b"d" * 32, b"worker")
    assert (len(older), len(newer)) == (60, 62)
    assert running.unwrap(older, b"worker") == running.unwrap(newer, b"worker") == b"d" * 32
    drop_version(folder, "master", "holding", token=soft.open())
    destroy_dropped(folder, soft.open())
    assert running.versions("master") == ("master-2",)
    with pytest.raises(KeyUseError):
        running.unwrap(older, b"worker")
    with soft.session() as session:
        labels = {one.label for one in session.get_objects()}
    assert "master-2" in labels
    assert not labels & {"master", "holding"}


def test_a_key_that_another_process_destroyed_meanwhile_is_not_missed(
    folder: Path, soft: Soft, monkeypatch: pytest.MonkeyPatch
):
    """A ring of a moment ago names a key that the token has no more: `finish` ran in between."""
    running = LiveKeys(folder, soft.open())
    sealed = running.wrap(b"d" * 32, b"worker")
    add_version(folder, "pepper", token=soft.open())
    add_version(folder, "master", "holding", token=soft.open())
    stale, looks = running.now(), running._now
    drop_version(folder, "pepper-1", token=soft.open())
    drop_version(folder, "master", "holding", token=soft.open())
    moments = iter([stale])
    monkeypatch.setattr(running, "_now", lambda: next(moments, None) or looks())

    assert [version for version, _tag in running.blind(b"number")] == [2]
    running._seen, running._ring = (0, 0, 0), stale
    with pytest.raises(KeyUseError):
        running.unwrap(sealed, b"worker")


def test_a_wrong_pin_is_refused_and_never_shown(folder: Path, soft: Soft):
    soft.write_pin("99999999")
    with pytest.raises(KeyFileError, match="is not that of token") as refused:
        open_keys(folder, soft.fresh())
    assert "99999999" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [(PIN, 0o644, "is open to others"), ("", 0o600, "does not hold one line"), ("1\n2", 0o600, "one line")],
)
def test_a_pin_file_is_as_private_as_a_key(folder: Path, soft: Soft, text: str, mode: int, message: str):
    soft.write_pin(text)
    soft.pin.chmod(mode)
    with pytest.raises(KeyFileError, match=message):
        open_keys(folder, soft.fresh())


def test_another_services_token_is_refused(folder: Path, soft: Soft, tmp_path: Path):
    soft.make("other")
    create_keys(tmp_path / "other", token=soft.fresh("other"))
    with pytest.raises(KeyFileError, match="has no key region of this service"):
        open_keys(folder, soft.fresh("other"))


def test_a_token_that_is_not_there_is_said_to_be_unavailable(folder: Path, soft: Soft):
    with pytest.raises(KeysUnavailable):
        open_keys(folder, soft.fresh("nobody"))


def test_keys_in_a_token_are_refused_without_it(folder: Path):
    with pytest.raises(KeyFileError, match="set keystore = pkcs11"):
        open_keys(folder)


def test_a_token_that_is_taken_away_and_comes_back_is_used_again(keys: KeyRing, soft: Soft):
    tag, wrapped = keys.hmac("pepper-1", b"n"), keys.wrap(b"d" * 32, b"worker")
    soft.tokens.rename(soft.folder / "away")
    for use in (
        lambda: keys.hmac("pepper-1", b"n"),
        lambda: keys.unwrap(wrapped, b"worker"),
        lambda: keys.wrap(b"d" * 32, b"worker"),
        lambda: keys.sign("token", b"data"),
    ):
        with pytest.raises(KeysUnavailable):
            use()
    assert len(keys.sign("log", b"data")) == 64
    (soft.folder / "away").rename(soft.tokens)
    assert keys.hmac("pepper-1", b"n") == tag
    assert keys.unwrap(wrapped, b"worker") == b"d" * 32


def _child(keys: KeyRing, wrapped: bytes, answer) -> None:
    try:
        opened = [keys.unwrap(wrapped, b"worker") for _ in range(50)]
        answer.put((keys.hmac("pepper-1", b"n"), set(opened)))
    except Exception as error:  # noqa: BLE001 - the parent says what it was
        answer.put(repr(error))


def test_forked_processes_use_sessions_of_their_own_at_once(keys: KeyRing):
    tag, wrapped = keys.hmac("pepper-1", b"n"), keys.wrap(b"d" * 32, b"worker")
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    children = [context.Process(target=_child, args=(keys, wrapped, answer)) for _ in range(2)]
    for child in children:
        child.start()
    here = [keys.hmac("pepper-1", b"n") for _ in range(50)]
    told = [answer.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    assert told == [(tag, {b"d" * 32})] * 2
    assert set(here) == {tag}


def test_settings_without_module_token_and_pin_are_refused(settings: Settings):
    with pytest.raises(SettingsError, match="pkcs11 needs pkcs11_module"):
        dataclasses.replace(settings, keystore="pkcs11")
    with pytest.raises(SettingsError, match="keystore must be one of"):
        dataclasses.replace(settings, keystore="cloud")


@pytest.fixture
def house(settings: Settings, soft: Soft, clock: FixedClock, randomness: SeededRandom) -> Iterator[House]:
    given = {"pkcs11_module": str(MODULE), "pkcs11_token": "service", "pkcs11_pin_file": str(soft.pin)}
    inside = dataclasses.replace(settings, keystore="pkcs11", **given)
    genesis.create(inside)
    opened = open_house(inside, clock, randomness)
    yield opened
    opened.close()


def test_a_service_lives_on_a_token_and_rotates_there(house: House, clock: FixedClock):
    """The whole way: people enter, every kind of key changes, and all that was given out still proves."""
    centre = Centre(house)
    answer = centre.send([centre.completion(person(n)) for n in range(8)])
    centre.send([centre.completion({"document": "passport", "number": "E00000001", "name": "ALI"})])
    log_keys = [anchor.log_key(house)]
    for kind in rotation.KINDS:
        rotation.rotate(house, kind)
        rotation.work(house)
        centre.enter(*(centre.completion(person(n)) for n in range(4, 12)))
        clock.advance(house.settings.backup_days * 86_400_000)
        assert rotation.finish(house, kind), kind
    log_keys.append(anchor.log_key(house))
    text = receipts(answer)[0].encode()
    item = answer.rows[0].item
    assert verify_receipt(text, item.raw, item.evidence, log_keys).outcome.name == "PROVEN"
    report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding
    assert {path.name for path in house.settings.keys_dir.iterdir()} == {"keys", "log-2.key"}

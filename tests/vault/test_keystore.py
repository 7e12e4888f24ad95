"""The key store: made once, read only when nothing about it is doubtful."""

import base64
import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from recordsvc.vault import keyfile, signers
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keyfolder import add_version, create_keys, drop_version, open_keys
from recordsvc.vault.keystore import FIRST_KEYS, KeyRing, KeyUseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def keys(folder: Path) -> KeyRing:
    return open_keys(folder)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_keys_are_owner_only(folder: Path):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_second_run_changes_nothing(folder: Path):
    before = bytes_of(folder)
    assert create_keys(folder) is False
    assert bytes_of(folder) == before


def test_a_first_run_that_was_killed_is_continued_with_the_keys_it_made(tmp_path: Path):
    left = iter(range(4))

    def dies(size: int) -> bytes:
        next(left)
        return os.urandom(size)

    with pytest.raises(StopIteration):
        create_keys(tmp_path / "keys", dies)
    made = bytes_of(tmp_path / "keys")
    assert 0 < len(made) < len(FIRST_KEYS)
    assert create_keys(tmp_path / "keys") is True
    assert made.items() <= bytes_of(tmp_path / "keys").items()
    open_keys(tmp_path / "keys")


def test_first_runs_at_once_agree_on_the_keys(tmp_path: Path):
    folder = tmp_path / "keys"
    seen, start = [], threading.Barrier(4)

    def run() -> None:
        start.wait()
        create_keys(folder)
        seen.append(open_keys(folder).hmac("dedupe", b"x"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_no_half_written_file_is_left(folder: Path):
    assert not [path for path in folder.iterdir() if path.name.endswith(".new")]


@pytest.mark.parametrize("key_id", ["log", "region"])
def test_ed25519_signatures_verify(keys: KeyRing, key_id: str):
    public = keys.public(key_id)
    assert public.alg == "EdDSA"
    Ed25519PublicKey.from_public_bytes(public.raw).verify(keys.sign(key_id, b"data"), b"data")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public.raw).verify(keys.sign(key_id, b"data"), b"other")


def test_es256_signatures_are_r_and_s(keys: KeyRing):
    public, signature = keys.public("token"), keys.sign("token", b"data")
    assert (public.alg, len(public.raw), len(signature)) == ("ES256", 65, 64)
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public.raw)
    key.verify(der, b"data", ec.ECDSA(SHA256()))


def test_ed25519_is_the_same_with_and_without_pynacl(monkeypatch: pytest.MonkeyPatch):
    seed = bytes(range(32))
    fast, public = signers.ed25519(seed)
    monkeypatch.setattr(signers, "sodium", None)
    plain, same = signers.ed25519(seed)
    assert fast(b"data") == plain(b"data") == Ed25519PrivateKey.from_private_bytes(seed).sign(b"data")
    assert public == same


@pytest.mark.parametrize("scalar", [0, 2**256 - 1])
def test_a_scalar_outside_the_group_is_not_a_key(scalar: int):
    assert not signers.fits(signers.Algorithm.ES256, scalar.to_bytes(32))


def test_a_wrapped_key_opens_only_where_it_was_wrapped(keys: KeyRing, tmp_path: Path):
    wrapped = keys.wrap(b"d" * 32, b"worker-1")
    assert len(wrapped) == 60
    assert keys.unwrap(wrapped, b"worker-1") == b"d" * 32
    create_keys(tmp_path / "other")
    for store, data, aad, key_id in [
        (keys, wrapped, b"worker-2", "master"),
        (keys, wrapped, b"worker-1", "holding"),
        (keys, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"worker-1", "master"),
        (keys, wrapped[:20], b"worker-1", "master"),
        (keys, b"", b"worker-1", "master"),
        (open_keys(tmp_path / "other"), wrapped, b"worker-1", "master"),
    ]:
        with pytest.raises(KeyUseError):
            store.unwrap(data, aad, key_id)


@pytest.mark.parametrize("use", ["hmac", "sign", "public", "unwrap"])
def test_a_key_does_only_what_it_is_for(keys: KeyRing, use: str):
    key_id = "log" if use in {"hmac", "unwrap"} else "dedupe"
    arguments = {
        "hmac": (key_id, b""),
        "sign": (key_id, b""),
        "public": (key_id,),
        "unwrap": (b"", b"", key_id),
    }
    with pytest.raises(KeyUseError):
        getattr(keys, use)(*arguments[use])


def test_the_store_does_not_show_secrets(keys: KeyRing, folder: Path):
    line = next(x for x in (folder / "dedupe.key").read_text().splitlines() if x.startswith("secret: "))
    secret = line.removeprefix("secret: ")
    shown = f"{keys!r} {keys}"
    assert secret not in shown
    assert base64.b64decode(secret).hex() not in shown


def test_peppers_follow_one_another(folder: Path):
    first = open_keys(folder)
    assert add_version(folder, "pepper") == ["pepper-2"]
    both = open_keys(folder)
    assert (first.peppers, both.peppers) == (("pepper-1",), ("pepper-1", "pepper-2"))
    assert both.hmac("pepper-1", b"n") == first.hmac("pepper-1", b"n") != both.hmac("pepper-2", b"n")
    with pytest.raises(KeyFileError, match="older live version"):
        drop_version(folder, "pepper-2")
    drop_version(folder, "pepper-1")
    assert open_keys(folder).peppers == ("pepper-2",)
    assert not (folder / "pepper-1.key").exists()
    assert add_version(folder, "pepper") == ["pepper-3"]


def test_peppers_are_in_order_of_number_not_of_letters(folder: Path):
    for _ in range(9):
        add_version(folder, "pepper")
    assert open_keys(folder).peppers[-2:] == ("pepper-9", "pepper-10")


def torn(folder: Path) -> None:
    path = folder / "log.key"
    path.write_bytes(path.read_bytes()[:-20])


def flipped(folder: Path) -> None:
    path = folder / "log.key"
    data = bytearray(path.read_bytes())
    data[-90] ^= 1
    path.write_bytes(data)


def empty(folder: Path) -> None:
    (folder / "log.key").write_bytes(b"")


def missing(folder: Path) -> None:
    (folder / "master.key").unlink()


def manifest_missing_a_key(folder: Path) -> None:
    rows = [x for x in (folder / "keys").read_text().splitlines() if not x.startswith(("master ", "sha256"))]
    body = "".join(f"{row}\n" for row in rows)
    (folder / "keys").write_text(f"{body}sha256: {hashlib.sha256(body.encode()).hexdigest()}\n")


def swapped_within(folder: Path) -> None:
    (folder / "region.key").write_bytes((folder / "log.key").read_bytes())


def swapped_between_services(folder: Path) -> None:
    create_keys(folder.parent / "other")
    (folder / "log.key").write_bytes((folder.parent / "other" / "log.key").read_bytes())


def readable_by_all(folder: Path) -> None:
    (folder / "log.key").chmod(0o604)


def readable_by_the_group(folder: Path) -> None:
    (folder / "log.key").chmod(0o640)


def folder_open(folder: Path) -> None:
    folder.chmod(0o755)


def linked(folder: Path) -> None:
    (folder / "log.key").rename(folder.parent / "elsewhere.key")
    (folder / "log.key").symlink_to(folder.parent / "elsewhere.key")


def folder_linked(folder: Path) -> None:
    folder.rename(folder.parent / "real")
    folder.symlink_to(folder.parent / "real")


def a_pipe(folder: Path) -> None:
    (folder / "log.key").unlink()
    os.mkfifo(folder / "log.key", 0o600)


def no_folder(folder: Path) -> None:
    folder.rename(folder.parent / "gone")


def not_text(folder: Path) -> None:
    body = b"recordsvc-key/1\nid: \xff\n"
    (folder / "log.key").write_bytes(body + b"sha256: " + hashlib.sha256(body).hexdigest().encode() + b"\n")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (torn, "log.key is torn or was changed"),
        (flipped, "log.key is torn or was changed"),
        (empty, "log.key is empty"),
        (missing, "master.key is missing"),
        (manifest_missing_a_key, "keys names no master"),
        (swapped_within, "region.key holds another key"),
        (swapped_between_services, "log.key is another service's key"),
        (readable_by_all, "log.key is open to others"),
        (readable_by_the_group, "log.key is open to others"),
        (folder_open, "is open to others"),
        (linked, "log.key cannot be opened as a plain file"),
        (folder_linked, "cannot be opened as a plain folder"),
        (a_pipe, "log.key is not a plain file"),
        (no_folder, "does not exist"),
        (not_text, "log.key holds another key or format"),
    ],
)
def test_a_doubtful_store_is_refused(folder: Path, fault, message: str):
    fault(folder)
    with pytest.raises(KeyFileError, match=message):
        open_keys(folder)


def test_keys_of_another_user_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keyfile.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(KeyFileError, match="belongs to user"):
        open_keys(folder)


def test_a_missing_key_is_not_quietly_replaced(folder: Path):
    missing(folder)
    assert create_keys(folder) is False
    with pytest.raises(KeyFileError, match="is missing"):
        open_keys(folder)

"""One contract for every object store; then what is particular about the folder, and about the signature."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Theirs

from recordsvc.ground.ports import FixedClock
from recordsvc.vault import objects
from recordsvc.vault.objects import (
    Credentials,
    LocalObjects,
    ObjectMissing,
    ObjectStore,
    S3Objects,
    StoreUnavailable,
)
from tests.vault.s3peer import peer

CREDENTIALS = Credentials("key-id", "not a secret", "us-east-1")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with peer(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture(params=["local", "s3", "s3-prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "local":
        yield LocalObjects(tmp_path / "objects")
        return
    address = request.getfixturevalue("bucket") + ("/some/prefix" if "prefix" in request.param else "")
    found = S3Objects(address, CREDENTIALS, FixedClock())
    yield found
    for name in list(found.names()):
        found.delete(name)


def name(n: int) -> str:
    return f"{n:032x}"


# -- the contract --


def test_what_is_put_is_there_byte_for_byte(store: ObjectStore) -> None:
    for n, data in enumerate((b"x", bytes(range(256)) * 4096, b"\r\n\0")):
        store.put(name(n), data)
        assert store.get(name(n)) == data
        assert store.exists(name(n))
    assert sorted(store.names()) == [name(0), name(1), name(2)]


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    assert not store.exists(name(1))
    assert list(store.names()) == []
    with pytest.raises(ObjectMissing):
        store.get(name(1))
    store.put(name(2), b"other")
    with pytest.raises(ObjectMissing):
        store.get(name(1))


def test_what_is_deleted_is_gone_and_deleting_again_is_fine(store: ObjectStore) -> None:
    store.put(name(1), b"x")
    store.put(name(257), b"in the same folder")
    for _again in range(2):
        store.delete(name(1))
        assert not store.exists(name(1))
    assert list(store.names()) == [name(257)]


@pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 33, f"{'0' * 31}\n"])
def test_nothing_but_our_own_names_is_a_name(store: ObjectStore, wrong: str) -> None:
    for call in (store.get, store.delete, store.exists, lambda one: store.put(one, b"x")):
        with pytest.raises(ValueError, match="name"):
            call(wrong)


def test_more_names_than_one_page_holds(bucket: str) -> None:
    store = S3Objects(f"{bucket}/many", CREDENTIALS, FixedClock())
    for n in range(7):
        store.put(name(n), b"x")
    asked = store._ask
    store._ask = lambda *a, query=None, **k: asked(*a, query=query and query | {"max-keys": "3"}, **k)

    assert sorted(store.names()) == [name(n) for n in range(7)]


def test_a_store_that_is_away_is_unavailable(tmp_path: Path) -> None:
    store = S3Objects("http://127.0.0.1:1/papers", CREDENTIALS, FixedClock())
    with pytest.raises(StoreUnavailable):
        store.put(name(1), b"x")
    with pytest.raises(StoreUnavailable):
        list(store.names())


# -- the folder --


def test_files_and_folders_are_closed_to_others(tmp_path: Path) -> None:
    LocalObjects(tmp_path / "objects").put(name(1), b"x")
    found = [tmp_path / "objects", *(tmp_path / "objects").rglob("*")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in found] == [0o700, 0o700, 0o600]


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    store = LocalObjects(folder)
    store.put(name(1), b"x")
    folder.chmod(0o755)
    for call in (store.get, store.exists, lambda one: store.put(one, b"y")):
        with pytest.raises(StoreUnavailable):
            call(name(1))


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "objects", tmp_path / "outside"
    store = LocalObjects(folder)
    store.put(name(1), b"x")
    outside.mkdir(mode=0o700)
    (outside / name(2)).write_bytes(b"secret")
    (folder / "01" / name(257)).symlink_to(outside / name(2))
    (folder / "02").symlink_to(outside, target_is_directory=True)

    for linked in (name(257), name(2)):
        with pytest.raises(StoreUnavailable):
            store.get(linked)
    assert not store.exists(name(257))
    with pytest.raises(StoreUnavailable):
        store.put(name(258), b"y")
    assert (outside / name(2)).read_bytes() == b"secret"


def test_a_put_is_synced_before_it_is_renamed_and_its_folders_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def watch(what: str) -> None:
        real: Any = getattr(os, what)

        def call(*arguments: Any, **named: Any) -> Any:
            kind = ""
            if what == "fsync":
                kind = "-folder" if stat.S_ISDIR(os.fstat(arguments[0]).st_mode) else "-file"
            done.append(what + kind)
            return real(*arguments, **named)

        monkeypatch.setattr(objects.os, what, call)

    watch("fsync")
    watch("rename")
    LocalObjects(tmp_path / "objects").put(name(1), b"x")
    assert done == ["fsync-file", "rename", "fsync-folder", "fsync-folder"]


def test_a_put_that_was_cut_short_is_no_object_and_can_be_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalObjects(tmp_path / "objects")

    def full(*_arguments: object) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(objects.os, "fsync", full)
        with pytest.raises(StoreUnavailable):
            store.put(name(1), b"x")
    assert not store.exists(name(1))
    assert list(store.names()) == [name(1)]
    store.delete(name(1))
    assert list(store.names()) == []


# -- the signature --


@pytest.mark.interop
@pytest.mark.parametrize(
    ("method", "path", "query", "data"),
    [
        ("PUT", f"/papers/{name(1)}", {}, b"content"),
        ("GET", "/papers", {"list-type": "2", "prefix": "a/b/", "continuation-token": "x+/= é"}, b""),
        ("DELETE", f"/papers/a.b/{name(2)}", {}, b""),
    ],
)
def test_the_signature_is_the_one_amazons_own_client_makes(
    method: str, path: str, query: dict[str, str], data: bytes
) -> None:
    text = objects.canonical_query(query)
    ours = objects.sign(CREDENTIALS, method, "store.example:9000", path, text, data, 1_760_000_000_000)
    address = f"https://store.example:9000{path}" + (f"?{text}" if text else "")
    request = AWSRequest(method=method, url=address, data=data, headers={})
    request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
    request.context.update(timestamp=ours["x-amz-date"], payload_signing_enabled=True)
    auth = S3SigV4Auth(Theirs(CREDENTIALS.key_id, CREDENTIALS.secret), "s3", CREDENTIALS.region)
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    request.headers["host"] = "store.example:9000"

    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    assert ours["Authorization"].endswith(f"Signature={signature}")


def test_the_secret_is_not_shown() -> None:
    assert "not a secret" not in repr(CREDENTIALS)

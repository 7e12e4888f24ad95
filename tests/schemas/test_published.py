"""Where the published contracts are found: beside the package in a checkout, inside it in a wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recordsvc import published


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """The folder is looked up once per process; each test looks anew and leaves nothing behind."""
    published.schemas_dir.cache_clear()
    yield
    published.schemas_dir.cache_clear()


def put_envelope(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "envelope.v1.json").write_text("{}", encoding="utf-8")
    return folder


def test_a_checkout_has_them_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = put_envelope(tmp_path / "schemas")
    monkeypatch.setattr(published, "_PACKAGE", tmp_path / "recordsvc")

    assert published.schemas_dir() == beside


def test_a_wheel_has_them_inside_and_looks_there_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_envelope(tmp_path / "schemas")
    inside = put_envelope(tmp_path / "recordsvc" / "_schemas")
    monkeypatch.setattr(published, "_PACKAGE", tmp_path / "recordsvc")

    assert published.schemas_dir() == inside


def test_an_installation_without_them_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_PACKAGE", tmp_path / "recordsvc")

    with pytest.raises(published.SchemasMissing, match="reinstall"):
        published.schemas_dir()


@pytest.mark.parametrize(
    "name", ["../pyproject.toml", "records/../envelope.v1.json", "records/none.v1.json", ""]
)
def test_only_published_names_are_served(name: str) -> None:
    with pytest.raises(KeyError):
        published.schema_bytes(name)

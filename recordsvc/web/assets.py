"""Static files (静态文件): a few, held in memory, named by their content, never asked for twice."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes and media type."""

    data: bytes
    media: str


@cache
def address(name: str) -> str:
    """Return the path under which a static file is served: its name with 12 hex digits of its SHA-256."""
    return "/static/" + _hashed(_FOLDER / name)


def source(name: str) -> bytes:
    """Return a static file's bytes by its own name, for what is sent to be kept."""
    return (_FOLDER / name).read_bytes()


@cache
def published() -> MappingProxyType[str, Asset]:
    """Every static file by the name it is served under; a request only picks one."""
    files = (path for path in sorted(_FOLDER.iterdir()) if path.is_file())
    return MappingProxyType({_hashed(path): Asset(path.read_bytes(), _media(path)) for path in files})


def _hashed(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{path.stem}.{digest}{path.suffix}"


def _media(path: Path) -> str:
    media = mimetypes.types_map.get(path.suffix, "application/octet-stream")
    return f"{media}; charset=utf-8" if media.startswith("text/") else media

"""A batch of a feed, checked by whoever received it: every line, the root, the signature. Pure.

What is checked is what docs/exports.md says: items follow one another without a gap, content is what its
digest says, root and SHA-256 are those of the manifest, and the region signed it.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.strictjson import StrictJsonError, canonical, loads
from recordsvc.translog.tree import Frontier, leaf_hash
from recordsvc.vault.signatures import BadSignature, PublicKey, verify_attached

FORMAT: Final = "recordsvc-feed/1"
TYP: Final = "recordsvc-feed+jws"
MAX_LINE: Final = 1024 * 1024
_HEAD: Final = ("at_ms", "digest", "log_size", "n", "op", "receiver", "ref", "version", "why")


class BatchWrong(ValueError):
    """A batch that is not what it says; nothing of it may be kept."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that holds: its manifest's statement, and the number of its first item (0: it has none)."""

    statement: dict[str, Any]
    first: int
    last: int


def check(data: bytes, receiver: str, cursor: str, region: PublicKey) -> Taken:
    """Check a stream as it was received behind a cursor (empty: from the start). Raises `BatchWrong`."""
    lines = data.splitlines(keepends=True)
    if len(lines) < 2 or not data.endswith(b"\n"):
        raise BatchWrong("没有收完整 / it broke off before its manifest")
    statement = _signed(_read(lines[-1], note=True), region)
    body = data[: len(data) - len(lines[-1])]
    head = _read(lines[0])
    said = (head.get("format"), head.get("receiver"), head.get("from"))
    told = tuple(statement.get(name) for name in ("format", "receiver", "from"))
    if said != told or told[:2] != (FORMAT, receiver) or cursor not in ("", told[2]):
        raise BatchWrong("不是本接入方所请求的批次 / it is not the batch that was asked for")
    edge, first, last = Frontier(), 0, 0
    for line in lines[1:-1]:
        item = _item(line, receiver)
        if last and item["n"] != last + 1:
            raise BatchWrong(f"第 {last} 条之后有缺漏 / items are missing behind {last}")
        first, last = first or item["n"], item["n"]
        edge.append(leaf_hash(canonical({name: item[name] for name in _HEAD})))
    found = (edge.size, edge.root().hex(), hashlib.sha256(body).hexdigest())
    if found != tuple(statement.get(name) for name in ("count", "root", "sha256")):
        raise BatchWrong("内容与清单不符 / it is not what its manifest says")
    return Taken(statement, first, last)


def _signed(line: dict[str, Any], region: PublicKey) -> dict[str, Any]:
    manifest = line.get("manifest")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("statement"), dict):
        raise BatchWrong("没有收完整 / it broke off before its manifest")
    statement: dict[str, Any] = manifest["statement"]
    protected, _, signature = str(manifest.get("signature", "")).partition("..")
    try:
        payload = canonical(statement)
        jws = f"{protected}.{b64u(payload)}.{signature}"
        verify_attached(jws, TYP, lambda _kid: region, max_payload=MAX_LINE)
    except (BadSignature, StrictJsonError) as fault:
        raise BatchWrong("清单的签名无效 / the manifest's signature does not hold") from fault
    return statement


def _item(line: bytes, receiver: str) -> dict[str, Any]:
    item = _read(line)
    if not set(_HEAD) <= set(item) or item["receiver"] != receiver or not isinstance(item["n"], int):
        raise BatchWrong("条目残缺 / an item lacks members")
    if "content" in item:
        try:
            digest = hashlib.sha256(unb64u(str(item["salt"])) + canonical(item["content"])).hexdigest()
        except (KeyError, ValueError) as fault:
            raise BatchWrong("条目残缺 / an item lacks members") from fault
        if digest != item["digest"]:
            raise BatchWrong(
                f"第 {item['n']} 条内容与摘要不符 / item {item['n']} is not what its digest says"
            )
    return item


def _read(line: bytes, *, note: bool = False) -> dict[str, Any]:
    """Read a line; with `note` one that holds a checkpoint, which is text of several lines."""
    try:
        found = loads(line[:-1], MAX_LINE, line_breaks=note)
    except StrictJsonError as fault:
        raise BatchWrong("不是可读的 JSON 行 / a line is not readable JSON") from fault
    if not isinstance(found, dict):
        raise BatchWrong("不是可读的 JSON 行 / a line is not readable JSON")
    return found

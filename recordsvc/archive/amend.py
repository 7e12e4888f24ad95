"""What a correction (更正) makes of a body: named fields set or removed, or the whole replaced."""

from collections.abc import Mapping
from typing import Any


class CorrectionUnfit(LookupError):
    """A correction names a place that the body does not have. `pointer` is that JSON pointer."""

    def __init__(self, pointer: str) -> None:
        self.pointer = pointer
        super().__init__(f"no such place: {pointer}")


def corrected_body(body: Mapping[str, Any], correction: Mapping[str, Any]) -> dict[str, Any]:
    """The body after `correction` (the body of a correction record); the one given stays as it is.

    `whole` replaces everything. `fields` maps JSON pointers beginning /body/ to new values, applied in the
    order of the pointers: a member is set or added, null removes it, an array element is replaced. Raises
    CorrectionUnfit when a pointer leads nowhere.
    """
    whole, fields = correction.get("whole"), correction.get("fields")
    if isinstance(whole, dict):
        return dict(whole)
    if not isinstance(fields, dict):
        raise CorrectionUnfit("")
    changed = dict(body)
    for pointer in sorted(fields):
        _set(changed, pointer, fields[pointer])
    return changed


def _set(body: dict[str, Any], pointer: str, value: Any) -> None:
    """Set one place, copying every container on the way so that the original is never touched."""
    root, *tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]] or [""]
    if root != "body" or not tokens:
        raise CorrectionUnfit(pointer)
    node: Any = body
    for token in tokens[:-1]:
        key = _key(node, token, pointer)
        try:
            child = node[key]
        except LookupError:
            raise CorrectionUnfit(pointer) from None
        if not isinstance(child, dict | list):
            raise CorrectionUnfit(pointer)
        node[key] = child.copy()
        node = node[key]
    _put(node, _key(node, tokens[-1], pointer), value, pointer)


def _put(node: Any, key: Any, value: Any, pointer: str) -> None:
    if isinstance(node, list):
        if key >= len(node) or value is None:  # an element that vanished would renumber the ones behind it
            raise CorrectionUnfit(pointer)
        node[key] = value
    elif value is not None:
        node[key] = value
    elif node.pop(key, None) is None:
        raise CorrectionUnfit(pointer)


def _key(node: Any, token: str, pointer: str) -> Any:
    if isinstance(node, dict):
        return token
    if token.isascii() and token.isdigit() and len(token) < 7 and str(int(token)) == token:
        return int(token)
    raise CorrectionUnfit(pointer)

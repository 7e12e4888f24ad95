"""ISO 20022 messages as XML: the published schemas, a strict reader, a terse writer.

Validity by schema is not correctness (a schema lets a wrong count pass and a thousandth of a yuan): what it
does not see is checked in `checks.py` and by the readers.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

from recordsvc import published
from recordsvc.ground.ports import BEIJING
from recordsvc.money.bank.formats import yuan
from recordsvc.money.bank.formats.model import CURRENCY, Account, FileUnfit

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
_NOT_THERE: Final = object()
Element = Any
"""An lxml element: the library brings no types."""


@cache
def schema(message: str) -> Any:
    """Return the compiled schema of a message, such as `pain.001.001.09`."""
    return etree.XMLSchema(etree.parse(published.schemas_dir() / "iso20022" / f"{message}.xsd"))


# -- writing


def document(message: str, root: str) -> tuple[Element, Element]:
    """Return a new document and its one child."""
    made = etree.Element(f"{{{_NAMESPACE}{message}}}Document", nsmap={None: _NAMESPACE + message})
    return made, etree.SubElement(made, f"{{{_NAMESPACE}{message}}}{root}")


def put(parent: Element, path: str, text: str | None = None) -> Element:
    """Append the elements of a path (`A/B`) below a parent, the last one with a text."""
    namespace = parent.tag[: parent.tag.index("}") + 1]
    for name in path.split("/"):
        parent = etree.SubElement(parent, namespace + name)
    if text is not None:
        parent.text = text
    return parent


def put_amount(parent: Element, name: str, fen: int) -> None:
    """Append an amount with its currency."""
    put(parent, name, yuan.text(fen)).set("Ccy", CURRENCY)


def put_party(parent: Element, role: str, account: Account) -> None:
    """Append a party by name, as `Dbtr` or `Cdtr`."""
    put(parent, f"{role}/Nm", account.name)


def put_account(parent: Element, role: str, account: Account, *, currency: bool = False) -> None:
    """Append an account by its number; China has no IBAN."""
    made = put(parent, role)
    put(made, "Id/Othr/Id", account.number)
    if currency:
        put(made, "Ccy", CURRENCY)


def put_bank(parent: Element, role: str, bank: str) -> None:
    """Append a bank's office by its 12-digit number in CNAPS (联行号)."""
    member = put(parent, f"{role}/FinInstnId/ClrSysMmbId")
    put(member, "ClrSysId/Cd", "CNAPS")
    put(member, "MmbId", bank)


def escaped(text: str) -> str:
    """Return a text as it stands between tags."""
    return escape(text)


def instant(ms: int) -> str:
    """Return an instant in Beijing time with its offset, to the second."""
    return dt.datetime.fromtimestamp(ms // 1000, BEIJING).isoformat()


def finished(made: Element, message: str, rows: Iterable[str] = ()) -> bytes:
    """Return the bytes of a document of ours, its rows at the end of its one block (`PmtInf`).

    Rows are text: a thousand elements of the library cost more than all the rest. The schema is asked of the
    bytes themselves. Raises `ValueError` where it does not take them.
    """
    found: bytes = etree.tostring(made, encoding="UTF-8", xml_declaration=True)
    if rows:
        head, ends, tail = found.rpartition(b"</PmtInf>")
        found = head + "".join(rows).encode() + ends + tail
    checked = schema(message)
    if not checked.validate(etree.fromstring(found)):
        fault = checked.error_log[0]
        # The message of the library quotes the value, which may be a name or number: only its place is told.
        raise ValueError(f"{message} is not valid at line {fault.line}: {fault.type_name}")
    return found + b"\n"


# -- reading


def read(content: bytes, *messages: str) -> tuple[str, Element]:
    """Return which of these messages a file is, and its one child. Raises `FileUnfit`."""
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise FileUnfit("byte-order-mark")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnfit("not-utf-8", f"byte {error.start}") from None
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FileUnfit("document-type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileUnfit("not-xml", f"line {error.lineno}") from None
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        raise FileUnfit("not-utf-8", "declaration")
    name = etree.QName(root)
    message = (name.namespace or "").removeprefix(_NAMESPACE)
    if name.localname != "Document" or message not in messages:
        raise FileUnfit("message-unknown")
    checked = schema(message)
    if not checked.validate(root):
        raise FileUnfit("schema", f"line {checked.error_log[0].line}")
    return message, root[0]


def children(parent: Element, path: str) -> Iterator[Element]:
    """Walk the elements at a path (`A/B`)."""
    namespace = parent.tag[: parent.tag.index("}") + 1]
    return iter(parent.findall("/".join(namespace + name for name in path.split("/"))))


def child(parent: Element, path: str) -> Element | None:
    """Return the first element at a path, or None."""
    return next(children(parent, path), None)


def said(parent: Element, path: str, default: Any = _NOT_THERE) -> str:
    """Return the text at a path. Raises `FileUnfit` where there is none and no default."""
    found = child(parent, path)
    if found is not None and found.text:
        return str(found.text).strip()
    if default is _NOT_THERE:
        raise FileUnfit("missing", path)
    return str(default)


def amount(parent: Element, path: str) -> int:
    """Return an amount in fen. Raises `FileUnfit`: another currency, thousandths, nothing."""
    found = child(parent, path)
    if found is None or found.get("Ccy") != CURRENCY:
        raise FileUnfit("currency", path)
    try:
        return yuan.fen(str(found.text).strip())
    except ValueError:
        raise FileUnfit("amount", path) from None


def day(parent: Element, path: str) -> dt.date:
    """Return a Beijing date, of a date or of an instant with its offset. Raises `FileUnfit`."""
    found = child(parent, path)
    if found is None:
        raise FileUnfit("missing", path)
    try:
        date = said(found, "Dt", "")
        if date:
            return dt.date.fromisoformat(date[:10])
        when = dt.datetime.fromisoformat(said(found, "DtTm"))
        return (when if when.tzinfo is None else when.astimezone(BEIJING)).date()
    except ValueError:
        raise FileUnfit("date", path) from None

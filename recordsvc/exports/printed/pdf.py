"""Sheet and bundle to a signed PDF/A-3b (纸质证明).

WeasyPrint lays out, Pango shapes, HarfBuzz cuts the fonts to what is used; the bundle is attached as the
source of what is printed (AFRelationship `Source`), byte for byte as `recordsvc verify` takes it. Nothing is
fetched from anywhere. One certificate at a time in a process: the rest of it goes on serving.
"""

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2

from recordsvc.exports.printed import sealing
from recordsvc.exports.printed.errors import GlyphMissing
from recordsvc.exports.printed.sheets import Sheet

if TYPE_CHECKING:
    from recordsvc.house import House

_FOLDER: Final = Path(__file__).parent
ATTACHED: Final = "bundle.json"
_LOGGER: Final = "weasyprint"
_MISSING: Final = ".notdef glyph"
"""How WeasyPrint's warning begins of a character that no font draws; a test holds it to that."""
_ONE: Final = threading.Lock()


def make(house: "House", sheet: Sheet, code: str, bundle: bytes | None) -> bytes:
    """Return the signed PDF. `code`: content of the QR code; `bundle`: what is attached.

    Raises `GlyphMissing`.
    """
    import weasyprint

    now = dt.datetime.fromtimestamp(house.clock.now_ms() / 1_000, dt.UTC)
    attachments = [] if bundle is None else [_attachment(weasyprint, bundle, now)]
    with _ONE, _watched() as missing:
        document = weasyprint.HTML(string=_page(sheet, code), url_fetcher=_inline_alone())
        drawn = document.write_pdf(
            font_config=_fonts(),
            stylesheets=[_style()],
            attachments=attachments,
            pdf_variant="pdf/a-3b",
            pdf_identifier=bytes.fromhex(sheet.number),
            custom_metadata=False,
        )
    if missing:
        told = "、".join(f"U+{ord(one):04X}" for one in sorted(missing))
        raise GlyphMissing(f"没有字形：{told}。", detail_en=f"No glyph: {told}.")
    return sealing.seal(house, bytes(drawn), now)


def _attachment(weasyprint: Any, bundle: bytes, now: dt.datetime) -> Any:
    return weasyprint.Attachment(
        string=bundle,
        name=ATTACHED,
        description="档案凭证包，供 recordsvc verify 核验 / the bundle that recordsvc verify takes",
        relationship="Source",
        created=now,
        modified=now,
    )


def _page(sheet: Sheet, code: str) -> str:
    import segno

    # One pixel a module: a picture is drawn in no time, a path of some thousand strokes is not.
    drawn = segno.make(code, error="m", micro=False).png_data_uri(scale=1, border=0)
    return _template().render(sheet=sheet, code=drawn)


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_FOLDER)
    made = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.get_template("sheet.html")


@cache
def _fonts() -> Any:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@cache
def _style() -> Any:
    import weasyprint

    return weasyprint.CSS(string=(_FOLDER / "sheet.css").read_text("utf-8"), font_config=_fonts())


@cache
def _inline_alone() -> Any:
    """Return what reads addresses that stand in the page itself (data:), and fails on all others."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)


class _Missing(logging.Handler):
    """Collects the characters that no font drew."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take the character out of the warning's arguments."""
        if record.msg.startswith(_MISSING) and isinstance(record.args, tuple):
            self.found.add(str(record.args[0]))


@contextmanager
def _watched() -> Iterator[set[str]]:
    handler, logger = _Missing(), logging.getLogger(_LOGGER)
    logger.addHandler(handler)
    try:
        yield handler.found
    finally:
        logger.removeHandler(handler)

"""Making a certificate (出具证明): sheet, bundle, code and signature put together for one worker."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from recordsvc.archive import bundle, sharing
from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.services import own_worker
from recordsvc.archive.states import RecordState
from recordsvc.exports.printed import content, needs, pdf
from recordsvc.exports.printed.content import Facts, Head
from recordsvc.exports.printed.errors import PaperUnavailable, SheetTooLong
from recordsvc.exports.printed.sheets import MOST_RECORDS, Sheet
from recordsvc.ground.problems import NotFound
from recordsvc.vault.keystore import KeyUnknown
from recordsvc.web import printed_views as views
from recordsvc.web import words
from recordsvc.web.services import dealer, house
from recordsvc.web.worker_routes import holder_of

CHECK: Final = "/check"
DOCUMENT: Final = "application/pdf"


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate: its number, the signed PDF."""

    number: str
    data: bytes

    @property
    def file_name(self) -> str:
        """A file name that tells nothing of the person."""
        return f"certificate-{self.number}.pdf"


def of_record(archive: Archive, state: RecordState) -> Made:
    """Make the certificate of one record. Raises `PaperUnavailable`, `GlyphMissing`."""
    _require()
    made_by = dealer()
    entry = archive.entries[state.seq]
    ids = () if entry.stored.record_id is None else (entry.stored.record_id,)
    facts = views.record_facts(archive, state, made_by)
    sheet = replace(
        _sheet("职业技能培训记录证明", whole=True),
        summary=(("证明的记录", "1 条"),),
        records=(views.printed(archive, state, made_by, whole=True),),
    )
    return _made(sheet, facts, entry, _bundle(archive, ids))


def of_archive(archive: Archive, ids: Collection[bytes] | None) -> Made:
    """Make the certificate of an archive: of all its records, or of those of these ids.

    Raises `NotFound` for ids of none of them, `PaperUnavailable`, `GlyphMissing`, `SheetTooLong`.
    """
    _require()
    states, made_by = views.chosen(archive, ids), dealer()
    if ids and not states:
        raise NotFound
    if len(states) > MOST_RECORDS:
        raise SheetTooLong(f"共 {len(states)} 条，每份最多 {MOST_RECORDS} 条。")
    taken = {archive.entries[one.seq].stored.record_id for one in states} - {None}
    data = _bundle(archive, {one for one in taken if one is not None})
    digest = "" if data is None else _b64(hashlib.sha256(data).digest())
    facts = views.archive_facts(states, digest)
    sheet = replace(
        _sheet("职业技能培训档案证明", whole=False),
        summary=(
            ("列出的记录", f"{facts.records} 条，其中有效 {facts.in_force} 条"),
            ("范围", "档案中可列出的全部记录" if ids is None else "本人选择列出的记录"),
        ),
        records=tuple(
            views.printed(archive, one, made_by, whole=False)
            for one in sorted(states, key=lambda one: (_day(one), one.seq))
        ),
    )
    return _made(sheet, facts, archive.entries[-1] if archive.entries else None, data)


def _require() -> None:
    needs.require()
    try:
        house().keys.versions(content.NAME)
    except KeyUnknown:
        raise PaperUnavailable(
            "缺少：签章密钥，请运行 recordsvc keys rotate document。",
            detail_en="Missing: the key `document`; run `recordsvc keys rotate document`.",
        ) from None


def _sheet(title: str, *, whole: bool) -> Sheet:
    holder, settings = holder_of(own_worker()), house().settings
    return Sheet(
        title=title,
        number=house().random.bytes(6).hex(),
        holder=views.holder_rows(holder),
        printed_at=words.instant(house().clock.now_ms()),
        summary=(),
        records=(),
        proof=(("登记机关", settings.region), ("日志", settings.log_origin)),
        whole=whole,
        address=address(),
        demo=settings.environment == "demo",
    )


def address() -> str:
    """Return where certificates are checked."""
    return house().settings.public_url.rstrip("/") + CHECK


def _made(sheet: Sheet, facts: Facts, entry: OpenEntry | None, data: bytes | None) -> Made:
    holder, now_ms = holder_of(own_worker()), house().clock.now_ms()
    index, leaf = (None, "") if entry is None else (entry.stored.idx, content.leaf_id(entry.stored.leaf))
    head = Head(sheet.number, now_ms // 1_000, index, leaf, holder.name, views.tail(holder))
    code = content.make(house().keys, address(), head, facts)
    return Made(sheet.number, pdf.make(house(), sheet, code, data))


def _bundle(archive: Archive, ids: Collection[bytes]) -> bytes | None:
    return bundle.make(house(), archive.worker_id, sharing.disclosed(archive, ids))


def _day(state: RecordState) -> str:
    return str((state.record or {}).get("issued_on", ""))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")

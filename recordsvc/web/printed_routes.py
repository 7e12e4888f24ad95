"""Doors of certificates on paper (纸质证明): the worker's own, whoever stands in, and nobody else."""

import uuid
from typing import Any, Final

import flask

from recordsvc.access.policy import Sends, charge, door
from recordsvc.archive import errors
from recordsvc.archive.forms import BundleQuery, RecordQuery
from recordsvc.archive.me_routes import own_chain
from recordsvc.archive.reading import Reader
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.exports.printed.errors import GlyphMissing, PaperUnavailable, SheetTooLong
from recordsvc.ground.problems import NotFound, ParameterInvalid
from recordsvc.web import printed_making
from recordsvc.web.printed_making import DOCUMENT, Made
from recordsvc.web.services import bp, house
from recordsvc.web.worker_routes import own_record

UNITS: Final = 10
"""A certificate costs the machine what many answers do."""
_WHY: Final = (PaperUnavailable, GlyphMissing)
"""What keeps a certificate from being made."""


@door(
    bp,
    "GET",
    "/v1/me/records/<id:record_id>/certificate",
    policy="own.bundle.read",
    query=RecordQuery,
    answer=Sends(DOCUMENT),
    problems=(errors.RecordAmbiguous, RecordRestricted, NotFound, *_WHY),
    summary="一条记录的纸质证明 / A certificate of one record: signed PDF/A-3 with its bundle inside",
)
def record_certificate(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Send the certificate of a record as it stands; a revoked one says so."""
    archive, _entry, state = own_record(record_id, query)
    charge(UNITS)
    return _sent(printed_making.of_record(archive, state))


@door(
    bp,
    "GET",
    "/v1/me/certificate",
    policy="own.bundle.read",
    query=BundleQuery,
    answer=Sends(DOCUMENT),
    problems=(NotFound, SheetTooLong, *_WHY),
    summary="档案的纸质证明 / A certificate of the archive: signed PDF/A-3 with its bundle inside",
    description="`records` names those that are printed and opened in the bundle; without it all but those "
    "that only the worker sees. `archive` names an archive that is read as the own one.",
)
def archive_certificate(query: dict[str, Any]) -> flask.Response:
    """Send the certificate of an archive, or of chosen records of it."""
    archive = Reader(house()).archive(own_chain(query["archive"]))
    if archive is None:
        raise NotFound
    ids = {_id(one) for one in query["records"].split(",")} if query["records"] else None
    charge(UNITS)
    return _sent(printed_making.of_archive(archive, ids))


def _sent(made: Made) -> flask.Response:
    disposition = f'attachment; filename="{made.file_name}"'
    return flask.Response(made.data, 200, {"Content-Disposition": disposition}, content_type=DOCUMENT)


def _id(text: str) -> bytes:
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        wrong = {"parameter": "records", "code": "value", "detail": "应为 UUID"}
        raise ParameterInvalid(errors=[wrong]) from None

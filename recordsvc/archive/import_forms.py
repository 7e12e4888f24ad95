"""What comes in and goes out at the doors that bring in old papers."""

import json
from typing import Any, Final

from marshmallow import fields, post_load, validate

from recordsvc.access.cases import CaseRefForm
from recordsvc.ground.forms import Form, Identifier, Whole, WholeText, text
from recordsvc.ground.problems import FormRefused

TYPES: Final = (
    "level-certificate",
    "qualification-certificate",
    "safety-permit",
    "skill-certificate",
    "training-certificate",
    "training-completion",
)
"""Types of record that a file can be read as."""
SOURCES: Final = ("paper-file", "retired-system")
"""Codes of `provenance_sources` that a file can be of."""
MOST_ANSWERS: Final = 200_000


class ImportForm(Form):
    """What a file is read as, on whose word; `profile`: JSON that answers what it does not say."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    vouched_by = text(1, 120, required=True)
    profile = text(0, MOST_ANSWERS, load_default="")

    @post_load
    def answered(self, said: dict[str, Any], **_how: object) -> dict[str, Any]:
        """Return the form with its answers read. Raises `FormRefused`."""
        try:
            told = json.loads(said["profile"] or "{}")
        except ValueError:
            told = None
        if not isinstance(told, dict):
            wrong = {"pointer": "/profile", "code": "json", "detail": "对照应为 JSON 对象"}
            raise FormRefused(errors=[wrong])
        return {**said, "profile": told}


class ImportProposeForm(ImportForm, CaseRefForm):
    """The same with the case that the import rests on."""


class WrongRowForm(Form):
    """One row that is not imported, by its number in the sheet, and why."""

    row = Whole(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class QuestionForm(Form):
    """What the profile has to answer still: a member of it, or one name that this lists."""

    about = fields.String(required=True)
    name = fields.String(required=True)


class ImportTriedForm(Form):
    """What became of a file that was tried: counts, what is wrong row by row, what is asked."""

    file_sha256 = fields.String(required=True)
    ready = Whole(required=True)
    refused = Whole(required=True)
    errors = fields.List(fields.Nested(WrongRowForm), required=True)
    questions = fields.List(fields.Nested(QuestionForm), required=True)


class ImportProposedForm(Form):
    """A run that a second official decides."""

    proposal_id = Identifier(required=True)
    ready = Whole(required=True)
    refused = Whole(required=True)
    errors = fields.List(fields.Nested(WrongRowForm), required=True)


class ImportReasonForm(Form):
    """Why rows of a run were refused, and how many."""

    code = fields.String(required=True)
    count = Whole(required=True)


class ImportRunForm(Form):
    """How far a run is; nothing of what its rows say."""

    run_id = Identifier(required=True)
    file_sha256 = fields.String(required=True)
    type = fields.String(required=True)
    source = fields.String(required=True)
    vouched_by = fields.String(required=True)
    state = fields.String(required=True)
    proposal_id = Identifier(required=True, allow_none=True)
    ready = Whole(required=True)
    refused = Whole(required=True)
    entered = Whole(required=True)
    begun_ms = Whole(required=True)
    reasons = fields.List(fields.Nested(ImportReasonForm), required=True)


class ImportRowsQuery(Form):
    """From which row on: the `next_after` of the portion before."""

    after = WholeText(load_default=0, validate=validate.Range(0, 10_000_000))


class ImportRowForm(Form):
    """One row as it would enter; name and number masked, `issued_by` as the paper names it."""

    row = Whole(required=True)
    name = fields.String(required=True)
    document = fields.String(required=True)
    number = fields.String(required=True)
    body = fields.Dict(required=True)
    issued_by = fields.String(required=True)


class ImportRowsForm(Form):
    """A portion of the rows of a proposed import; `next_after` null: the last one.

    `withheld`: rows by number that are opened to nobody.
    """

    type = fields.String(required=True)
    items = fields.List(fields.Nested(ImportRowForm), required=True)
    withheld = fields.List(Whole(), required=True)
    next_after = Whole(required=True, allow_none=True)


class ImportRunsForm(Form):
    """The newest runs, the newest first."""

    items = fields.List(fields.Nested(ImportRunForm), required=True)

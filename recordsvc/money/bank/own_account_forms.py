"""What comes in and goes out at the doors of a worker's own account."""

from marshmallow import fields

from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Identifier, Whole, text


class NewOwnAccountForm(OwnProofForm):
    """An account: number, holder's name as the bank keeps it, number of the bank's office (联行号)."""

    number = text(8, 32, required=True)
    name = text(1, 70, required=True)
    bank = text(12, 12, required=True)


class OwnAccountForm(Form):
    """A version of the own account; of its number the last four digits.

    `counts`: what is claimed now is paid to this one once verified; another's archive was merged, or it was
    replaced.
    """

    account_id = Identifier(required=True)
    version = Whole(required=True)
    counts = fields.Boolean(required=True)
    standing = fields.String(required=True)
    standing_name = fields.String(required=True)
    number_tail = fields.String(required=True)
    bank = fields.String(required=True)
    bank_name = fields.String(required=True)
    own = fields.Boolean(required=True)
    entered_ms = Whole(required=True)
    verified_ms = Whole(required=True, allow_none=True)


class OwnAccountsForm(Form):
    """Versions, that which counts first; of each merged archive the newest first."""

    items = fields.List(fields.Nested(OwnAccountForm), required=True)

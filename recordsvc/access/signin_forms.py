"""What comes in and goes out at the doors of signing in: ways in, sign-ins, activation."""

from marshmallow import fields, validate

from recordsvc.access.cases import CaseRefForm
from recordsvc.access.passkeys import MOST_BYTES
from recordsvc.ground.forms import Form, Identifier, Truth, text

KINDS = ("worker", "staff")


class PinLoginForm(Form):
    """Account name, PIN, and one of the printed codes."""

    account = text(1, 40, required=True)
    pin = text(1, 40, required=True)
    code = text(1, 40, required=True)


class PasswordLoginForm(Form):
    """Account name, password, and the code the app shows. `kind`: a worker, or staff of an institution."""

    kind = fields.String(load_default="worker", validate=validate.OneOf(KINDS))
    account = text(1, 40, required=True)
    password = text(1, 200, required=True)
    code = text(1, 40, required=True)


class PasskeyLoginForm(Form):
    """What the authenticator answered, as JSON text (`PublicKeyCredential.toJSON()`)."""

    credential = text(1, MOST_BYTES, required=True)


class ActivateForm(Form):
    """The code that was handed over."""

    code = text(1, 60, required=True)


class AgainForm(Form):
    """Proving once more who one is: by which way, and what that way takes. `to`: where a page goes then."""

    way = fields.String(
        required=True, validate=validate.OneOf(("passkey", "pin", "password", "code", "demo"))
    )
    secret = text(0, 200, load_default="")
    code = text(0, 60, load_default="")
    credential = text(0, MOST_BYTES, load_default="")
    to = fields.String(load_default="home", validate=validate.OneOf(("home", "ways")))


class PasskeyOptionsForm(Form):
    """What `navigator.credentials` takes, as JSON (WebAuthn level 3)."""

    public_key = fields.Dict(required=True)


class NewPasskeyForm(PasskeyLoginForm):
    """A new passkey, as the authenticator answered."""


class NewPinForm(Form):
    """A new PIN."""

    pin = text(1, 40, required=True)


class SheetForm(Form):
    """Account name and a sheet of codes, shown this once."""

    account = fields.String(required=True)
    codes = fields.List(fields.String(), required=True)


class TotpForm(Form):
    """A secret for an app, as text and as `otpauth:` address; `setup` comes back with the password."""

    account = fields.String(required=True)
    secret = fields.String(required=True)
    address = fields.String(required=True)
    setup = fields.String(required=True)


class NewPasswordForm(Form):
    """A new password, and the first code of the app that was given the secret of `setup`."""

    password = text(1, 200, required=True)
    code = text(1, 40, required=True)
    setup = text(1, 400, required=True)


class CredentialForm(Form):
    """One way in; instants are UTC ms. `codes_left` stands with a PIN alone."""

    id = Identifier(required=True)
    kind = fields.String(required=True)
    device = fields.String(required=True)
    made_ms = fields.Integer(required=True)
    used_ms = fields.Integer(required=True, allow_none=True)
    codes_left = fields.Integer(required=True, allow_none=True)


class CredentialsForm(Form):
    """All ways in, the account name where one was given, and which kinds may be set up."""

    account = fields.String(required=True, allow_none=True)
    may = fields.List(fields.String(), required=True)
    items = fields.List(fields.Nested(CredentialForm), required=True)


class SignedInForm(Form):
    """One sign-in; instants are UTC ms. `through_*`: who acts in the worker's place, null where nobody does.

    An official by role and institution (USCC; null where none is registered), a helper by name; no account.
    """

    id = Identifier(required=True)
    here = fields.Boolean(required=True)
    method = fields.String(required=True)
    device = fields.String(required=True)
    begun_ms = fields.Integer(required=True)
    seen_ms = fields.Integer(required=True)
    through_way = fields.String(required=True, allow_none=True)
    through_role = fields.String(required=True, allow_none=True)
    through_institution = fields.String(required=True, allow_none=True)
    through_name = fields.String(required=True, allow_none=True)


class ConsoleActForm(Form):
    """What was done to the account: when (UTC ms), by whom, what.

    To an official's by the server's console (whose shell, unproven); to that of a person of an institution by
    its head (`staff:…`) or the desk (`desk`).
    """

    at_ms = fields.Integer(required=True)
    actor = fields.String(required=True)
    act = fields.String(required=True)
    reason = fields.String(required=True)


class SignedInsForm(Form):
    """All sign-ins, newest first; `console`: what others did to the account (officials, staff) in 90 days."""

    items = fields.List(fields.Nested(SignedInForm), required=True)
    console = fields.List(fields.Nested(ConsoleActForm), required=True)


class EndedForm(Form):
    """How many were ended."""

    ended = fields.Integer(required=True)


class HandOverForm(CaseRefForm):
    """Document, name and card that lie before the official; `lost` ends every earlier way in."""

    document = text(1, 24, required=True)
    number = text(1, 40, required=True)
    name = text(1, 60, required=True)
    card = text(9, 9, required=True)
    purpose = text(1, 40, required=True)
    lost = Truth(load_default=False)


class SlipForm(Form):
    """What the worker is handed; `code` is shown this once, and works until `expires_ms` (UTC)."""

    account = fields.String(required=True)
    code = fields.String(required=True)
    expires_ms = fields.Integer(required=True)

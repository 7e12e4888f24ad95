"""Every setting of the service, read once (environment, secrets, `recordsvc.toml`, default), then frozen.

Nothing else reads the environment. Each field is described in `docs/settings.md`; a test holds the two
together.
"""

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

ENVIRONMENTS = ("demo", "test", "production")
KEYSTORES = ("file", "pkcs11")
MESSENGERS = ("file", "console", "print")
PASSKEY_RULES = ("", "off", "registered", "always")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PREFIX = "RECORDSVC_"
"""What the name of a setting has before it in the environment."""
MAX_PAPER_BYTES = 15 * 1024 * 1024
"""What the doors let in (16 MiB) less what surrounds a file in a form."""
_STORE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9][A-Za-z0-9._/-]*")
OIDC_ALGORITHMS = ("ES256", "EdDSA")
MOST_ISSUER = 200
"""Characters an issuer identifier may have."""
_ISSUER = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)
FILE = "recordsvc.toml"
"""Where a data folder keeps its settings."""


class SettingsError(ValueError):
    """A setting is missing, unknown or dangerous; the text says which one and what to write."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings. Dangerous ones have no default."""

    environment: str
    """`demo`, `test` or `production`; fixed at the first run and part of every signed record."""
    data_dir: Path
    """Folder of keys, the outside checkpoint and, with SQLite, the database; owner-only."""
    log_origin: str
    """Name of the log and of its key (C2SP origin, a schema-less URL); fixed at the first run."""
    audience: str
    """What a record must name as `audience`; fixed at the first run."""
    region: str
    """Unified social credit code (统一社会信用代码) of the bureau whose own key signs statements."""
    issuer_url: str
    """Identifier of the token issuer; `iss` of tokens and the only `aud` of client assertions."""
    public_url: str
    """Where people and machines reach the service; used in links only."""
    database_url: str = ""
    """SQLAlchemy address as the application role; empty: SQLite in `data_dir`."""
    owner_database_url: str = dataclasses.field(default="", repr=False)
    """Address as the owner role, for migrations; empty: the same as `database_url`."""
    host: str = "127.0.0.1"
    """Address to serve on."""
    port: int = 8930
    """Port to serve on."""
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    """Host names a request may carry."""
    witness_urls: tuple[str, ...] = ()
    """Submission prefixes of the witnesses (C2SP tlog-witness), in the order of `witness_keys`."""
    witness_keys: tuple[str, ...] = ()
    """Verifier keys (vkey) of the witnesses."""
    pool_size: int = 16
    """Database connections a process may hold."""
    token_seconds: int = 300
    """Life of an access token."""
    session_idle_minutes: int = 15
    """Minutes without a request after which a login session ends."""
    session_hours: int = 8
    """Hours after which a login session ends in any case."""
    window_idle_minutes: int = 5
    """Minutes without a request after which a service at the window ends."""
    window_minutes: int = 30
    """Minutes after which a service at the window ends in any case."""
    step_up_minutes: int = 5
    """Minutes for which a fresh proof of who sits there opens the doors that ask for one."""
    official_passkey: str = ""
    """Whether officials sign in by passkey alone: `registered` (once they have one), `always`, `off`; empty:
    `registered` in production, `off` elsewhere."""
    erasure_journal: str = ""
    """File of what was erased, kept apart from backups; empty: `erasures.jsonl` in `data_dir`."""
    paper_bytes: int = 8 * 1024 * 1024
    """Bytes one paper (材料) may have; at most 15 MiB."""
    objects_url: str = ""
    """`https://host/bucket[/prefix]` of an S3-compatible store for papers; empty: `objects` in `data_dir`."""
    objects_region: str = "us-east-1"
    """Region that requests to that store are signed for."""
    objects_key_id: str = ""
    """Access key id at that store."""
    objects_secret: str = dataclasses.field(default="", repr=False)
    """Secret access key at that store."""
    bank_dir: str = ""
    """Folder with a drop folder for each paying account; empty: `bank` in `data_dir`."""
    keystore: str = "file"
    """Where the keys are held: `file`, or `pkcs11` (a hardware module's token)."""
    pkcs11_module: str = ""
    """Path of the PKCS#11 library, with `keystore = "pkcs11"`."""
    pkcs11_token: str = ""
    """Label of the token that holds the keys."""
    pkcs11_pin_file: str = ""
    """File with the user PIN of the token, owner-only."""
    backup_days: int = 35
    """Days for which backups are kept: before they are over no old wrapping key is destroyed."""
    metrics_dir: str = ""
    """Folder shared by the worker processes for Prometheus; empty: one process only."""
    metrics_token: str = dataclasses.field(default="", repr=False)
    """Bearer token for `/metrics` from elsewhere than loopback; empty: loopback only."""

    messenger: str = "file"
    """Where notices leave to: `file` (JSON lines for a gateway), `console`, or `print` (all on paper)."""
    oidc_issuer: str = ""
    """Issuer identifier of the workers' OpenID Provider; empty: none."""
    oidc_client_id: str = ""
    """What this service is registered as there."""
    oidc_name: str = "统一身份认证"
    """What the provider is called on pages."""
    oidc_claim: str = ""
    """Claim of its ID tokens that holds the person's number."""
    oidc_claim_kind: str = "resident-id"
    """What number that is: a kind of document, or `card`."""
    oidc_scopes: tuple[str, ...] = ("openid",)
    """Scopes to ask for; `openid` among them."""
    oidc_alg: str = "ES256"
    """The one algorithm of its ID tokens: `ES256` or `EdDSA`."""
    oidc_hosts: tuple[str, ...] = ()
    """Other hosts (`host` or `host:port`) on which its endpoints may lie."""
    oidc_keys_hours: int = 24
    """Hours for which its keys and metadata are used while it cannot be asked."""

    def __post_init__(self) -> None:
        """Refuse what cannot be served safely."""
        if self.environment not in ENVIRONMENTS:
            raise SettingsError(f"environment must be one of {', '.join(ENVIRONMENTS)}")
        if self.messenger not in MESSENGERS:
            raise SettingsError(f"messenger must be one of {', '.join(MESSENGERS)}")
        self._check_keys()
        if self.official_passkey not in PASSKEY_RULES:
            raise SettingsError(f"official_passkey must be one of {', '.join(PASSKEY_RULES[1:])}")
        if len(self.witness_urls) != len(self.witness_keys):
            raise SettingsError("witness_urls and witness_keys must have the same length")
        if self.environment == "demo" and self.host not in LOOPBACK:
            raise SettingsError("the demo environment serves on loopback only: set host = 127.0.0.1")
        if not 0 < self.paper_bytes <= MAX_PAPER_BYTES:
            raise SettingsError(f"paper_bytes must be between 1 and {MAX_PAPER_BYTES}")
        if self.objects_url and not (self.objects_key_id and self.objects_secret):
            raise SettingsError("objects_url needs objects_key_id and objects_secret")
        if self.objects_url and _STORE.fullmatch(self.objects_url) is None:
            raise SettingsError(
                "objects_url must be http(s)://host[:port]/bucket[/prefix], in plain characters"
            )
        if self.environment == "production" and self.objects_url.startswith("http:"):
            raise SettingsError("objects_url must be https in production")
        self._check_provider()

    def _check_provider(self) -> None:
        if not self.oidc_issuer:
            return
        if not (self.oidc_client_id and self.oidc_claim):
            raise SettingsError("oidc_issuer needs oidc_client_id and oidc_claim")
        found = _ISSUER.fullmatch(self.oidc_issuer)
        if found is None or len(self.oidc_issuer) > MOST_ISSUER:
            raise SettingsError("oidc_issuer must be https://host[:port][/path], without query or fragment")
        plain_http = found["scheme"] == "http"
        if plain_http and (self.environment == "production" or found["host"] not in LOOPBACK):
            raise SettingsError("oidc_issuer must be https; http is for loopback outside production")
        if "openid" not in self.oidc_scopes:
            raise SettingsError("oidc_scopes must hold openid")
        if self.oidc_alg not in OIDC_ALGORITHMS:
            raise SettingsError(f"oidc_alg must be one of {', '.join(OIDC_ALGORITHMS)}")
        if self.oidc_keys_hours < 1:
            raise SettingsError("oidc_keys_hours must be at least 1")

    def _check_keys(self) -> None:
        if self.keystore not in KEYSTORES:
            raise SettingsError(f"keystore must be one of {', '.join(KEYSTORES)}")
        if self.keystore == "pkcs11" and not (
            self.pkcs11_module and self.pkcs11_token and self.pkcs11_pin_file
        ):
            raise SettingsError("keystore pkcs11 needs pkcs11_module, pkcs11_token and pkcs11_pin_file")
        if self.backup_days < 0:
            raise SettingsError("backup_days must not be negative")

    @property
    def passkey_rule(self) -> str:
        """Return how far officials must use passkeys: `off`, `registered` or `always`."""
        return self.official_passkey or ("registered" if self.environment == "production" else "off")

    @property
    def database(self) -> str:
        """Return the application's database address."""
        return self.database_url or f"sqlite:///{self.data_dir / 'recordsvc.db'}"

    @property
    def owner_database(self) -> str:
        """Return the owner's database address (migrations)."""
        return self.owner_database_url or self.database

    @property
    def keys_dir(self) -> Path:
        """Return the folder of the private keys."""
        return self.data_dir / "keys"

    @property
    def restriction_journal_path(self) -> Path:
        """Return the file of what was restricted and lifted, beside that of erasures."""
        erased = self.erasure_journal_path
        return erased.with_name(f"{erased.stem}-restrictions{erased.suffix}")

    @property
    def erasure_journal_path(self) -> Path:
        """Return the file of what was erased, kept apart from backups of the database."""
        return Path(self.erasure_journal) if self.erasure_journal else self.data_dir / "erasures.jsonl"

    @property
    def bank_folder(self) -> Path:
        """Return the folder with a drop folder for each paying account."""
        return Path(self.bank_dir) if self.bank_dir else self.data_dir / "bank"

    @property
    def objects_dir(self) -> Path:
        """Return the folder of the sealed papers."""
        return self.data_dir / "objects"

    @property
    def anchor_path(self) -> Path:
        """Return the file of the newest checkpoint kept outside the database."""
        return self.data_dir / "anchor" / "checkpoint"

    @property
    def messages_path(self) -> Path:
        """Return the file that the messenger `file` appends to."""
        return self.data_dir / "messages" / "outgoing.jsonl"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, data_dir: Path | None = None) -> Self:
        """Read `recordsvc.toml` in the data folder, systemd's secrets over it, `RECORDSVC_*` over both.

        `environ` stands in for the process's environment, `data_dir` for the folder that is named there.
        Raises `SettingsError` for unknown names, missing values and values of the wrong kind.
        """
        fields = {field.name: field for field in dataclasses.fields(cls) if field.name != "data_dir"}
        around = os.environ if environ is None else environ
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in around.items()
            if name.startswith(PREFIX)
        }
        named = given.pop("data_dir", "data")
        folder = (data_dir or Path(named)).resolve()
        values: dict[str, object] = _from_file(folder / FILE) | _secrets(around) | given
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise SettingsError(f"unknown setting: {', '.join(unknown)} (see docs/settings.md)")
        missing = [
            name
            for name, field in fields.items()
            if field.default is dataclasses.MISSING and name not in values
        ]
        if missing:
            raise SettingsError(
                f"missing setting: {', '.join(missing)}; "
                f"run `recordsvc init` or set {PREFIX}{missing[0].upper()}"
            )
        read: dict[str, Any] = {
            name: _read(name, str(fields[name].type), value) for name, value in values.items()
        }
        return cls(data_dir=folder, **read)


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with these settings and no others: what a child process is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {PREFIX + name.upper(): value for name, value in settings.items()}


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not readable TOML: {error}") from error


def _secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Read settings from files `recordsvc_<name>` that systemd hands over (`LoadCredential=`)."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    files = sorted(Path(folder).glob(f"{PREFIX.lower()}*")) if folder else []
    return {path.name.removeprefix(PREFIX.lower()): path.read_text("utf-8").strip() for path in files}


def _read(name: str, kind: str, value: object) -> object:
    """Bring one value to its declared kind; lists come as TOML lists or comma-separated text."""
    if "tuple" in kind:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list):
            raise SettingsError(f"{name} must be a list")
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if "int" in kind:
        try:
            return int(str(value))
        except ValueError as error:
            raise SettingsError(f"{name} must be a whole number") from error
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be text")
    return value

"""Keys in a PKCS#11 token (硬件密码模块): made there, used there, never seen outside.

AES-256-GCM wrapping with AAD, HMAC-SHA-256, ECDSA P-256. Every key is made non-extractable and sensitive,
under a random `CKA_ID` that the manifest keeps: another service's token has no key of that id.

Sessions do not survive a fork: each process opens its own at first use, and a child that inherited one
forgets it. A token that does not answer raises `KeysUnavailable`; the next call opens it anew, so that a
token that comes back is used without a restart.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import pkcs11
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from recordsvc.vault import keyfile
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keystore import KeysUnavailable, KeyUseError, Mac, Part, Signing
from recordsvc.vault.signers import Algorithm, PublicKey

T = TypeVar("T")
_TAG_BITS: Final = 128
_P256_ID_BYTES: Final = 16
_HIDDEN: Final = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
_CLASS: Final = {
    Algorithm.AES_256: ObjectClass.SECRET_KEY,
    Algorithm.HMAC: ObjectClass.SECRET_KEY,
    Algorithm.ES256: ObjectClass.PRIVATE_KEY,
}
_REFUSED: Final = (
    pkcs11.exceptions.EncryptedDataInvalid,
    pkcs11.exceptions.EncryptedDataLenRange,
    pkcs11.exceptions.DataInvalid,
    pkcs11.exceptions.DataLenRange,
)


class TokenKeys:
    """The keys of one token, for the key folder (`Holder`)."""

    def __init__(self, module: str, label: str, pin_file: str) -> None:
        """Use the token `label` of the library `module`; nothing is opened before the first use."""
        self._module = module
        self._label = label
        self._pin_file = Path(pin_file)
        self._lock = threading.RLock()
        self._session: Any = None
        self._pid = 0
        self._found: dict[bytes, Any] = {}

    def __repr__(self) -> str:
        return f"TokenKeys({self._label!r})"

    def make(self, key_id: str, algorithm: Algorithm) -> str:
        """Make a key, or find the one that a call made which was killed; its CKA_ID (32 hex digits)."""
        with self._open() as session:
            for there in session.get_objects({Attribute.LABEL: key_id, Attribute.CLASS: _CLASS[algorithm]}):
                return bytes(there[Attribute.ID]).hex()
            identity = secrets.token_bytes(_P256_ID_BYTES)
            if algorithm is Algorithm.ES256:
                curve = session.create_domain_parameters(
                    KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
                )
                curve.generate_keypair(
                    id=identity,
                    label=key_id,
                    store=True,
                    capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
                    private_template=_HIDDEN,
                    public_template={Attribute.TOKEN: True},
                )
            else:
                wraps = algorithm is Algorithm.AES_256
                flags = pkcs11.MechanismFlag
                session.generate_key(
                    KeyType.AES if wraps else KeyType.GENERIC_SECRET,
                    256,
                    id=identity,
                    label=key_id,
                    store=True,
                    capabilities=flags.ENCRYPT | flags.DECRYPT if wraps else flags.SIGN,
                    template=_HIDDEN,
                )
        return identity.hex()

    def load(self, key_id: str, algorithm: Algorithm, check: str) -> Part:
        """A key, ready for use. Raises `KeyFileError` when the token has none of this id."""
        identity = bytes.fromhex(check)
        private = self._use(lambda session: self._key(session, key_id, algorithm, identity))
        if not private[Attribute.SENSITIVE] or private[Attribute.EXTRACTABLE]:
            raise KeyFileError(f"key {key_id} of the token can leave it: replace the key")
        use = partial(self._with, key_id, algorithm, identity)
        if algorithm is Algorithm.HMAC:
            return Mac(lambda data: use(lambda key: bytes(key.sign(data, mechanism=Mechanism.SHA256_HMAC))))
        if algorithm is Algorithm.AES_256:
            return _Wrapping(use)
        public = self._use(lambda session: _public(session, identity))
        return Signing(
            lambda data: use(
                lambda key: bytes(key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA))
            ),
            public,
        )

    def destroy(self, key_id: str) -> None:
        """Destroy a key and its public half."""
        with self._open() as session:
            for there in list(session.get_objects({Attribute.LABEL: key_id})):
                there.destroy()
            self._found.clear()

    # -- sessions

    def _with(self, key_id: str, algorithm: Algorithm, identity: bytes, act: Callable[[Any], T]) -> T:
        return self._use(lambda session: act(self._key(session, key_id, algorithm, identity)))

    def _use(self, act: Callable[[Any], T]) -> T:
        """Act in a session; one that is stale (the token was away) is opened anew, once."""
        try:
            with self._open() as session:
                return act(session)
        except KeysUnavailable:
            with self._open() as session:
                return act(session)

    def _key(self, session: Any, key_id: str, algorithm: Algorithm, identity: bytes) -> Any:
        found = self._found.get(identity)
        if found is None:
            wanted = {Attribute.ID: identity, Attribute.CLASS: _CLASS[algorithm], Attribute.LABEL: key_id}
            objects = list(session.get_objects(wanted))
            if len(objects) != 1:
                raise KeyFileError(
                    f"token {self._label!r} has no key {key_id} of this service: use the service's own token"
                )
            found = self._found[identity] = objects[0]
        return found

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """The session of this process; whatever the token answers wrong closes it."""
        with self._lock:
            try:
                if self._session is None or self._pid != os.getpid():
                    self._session, self._pid = self._login(), os.getpid()
                yield self._session
            except _REFUSED:
                raise KeyUseError("a wrapped key does not open: other key, owner or bytes") from None
            except (pkcs11.exceptions.PKCS11Error, RuntimeError) as error:
                self._forget()
                raise KeysUnavailable(f"the token does not answer: {type(error).__name__}") from None

    def _forget(self) -> None:
        """Leave the session alone: the library is begun anew before the next, which ends all of them."""
        self._found.clear()
        self._session = None

    def _login(self) -> Any:
        self._found.clear()
        library = pkcs11.lib(self._module)
        if self._pid:  # a session was lost, or is that of the process this one was forked from
            library.reinitialize()
        pin = _read_pin(self._pin_file)
        try:
            token = library.get_token(token_label=self._label)
            try:
                return token.open(user_pin=pin, rw=True)
            except pkcs11.exceptions.UserAlreadyLoggedIn:
                # All sessions of a process are logged in together.
                return token.open(rw=True)
        except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLenRange):
            raise KeyFileError(f"the PIN in {self._pin_file} is not that of token {self._label!r}") from None
        except pkcs11.exceptions.PinLocked:
            raise KeyFileError(
                f"token {self._label!r} is locked: its security officer must unlock it"
            ) from None
        except pkcs11.exceptions.NoSuchToken:
            raise KeysUnavailable(f"there is no token {self._label!r}") from None


class _Wrapping:
    """AES-256-GCM in the token."""

    __slots__ = ("_use",)

    def __init__(self, use: Callable[[Callable[[Any], bytes]], bytes]) -> None:
        self._use = use

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Ciphertext and tag."""
        how = pkcs11.GCMParams(nonce, aad, _TAG_BITS)
        return self._use(
            lambda key: bytes(key.encrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=how))
        )

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """The plaintext; `KeyUseError` when it does not open."""
        how = pkcs11.GCMParams(nonce, aad, _TAG_BITS)
        return self._use(lambda key: self._decrypt(key, data, how))

    @staticmethod
    def _decrypt(key: Any, data: bytes, how: pkcs11.GCMParams) -> bytes:
        try:
            return bytes(key.decrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=how))
        except pkcs11.exceptions.GeneralError:
            # SoftHSM says so of a tag that does not fit, and an ill token says so of anything: whether this
            # key still works decides which it was.
            probe = pkcs11.GCMParams(secrets.token_bytes(12), b"", _TAG_BITS)
            sealed = key.encrypt(b"probe", mechanism=Mechanism.AES_GCM, mechanism_param=probe)
            key.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=probe)
            raise KeyUseError("a wrapped key does not open: other key, owner or bytes") from None


def _public(session: Any, identity: bytes) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from pkcs11.util.ec import encode_ec_public_key

    key = session.get_key(object_class=ObjectClass.PUBLIC_KEY, id=identity)
    loaded = load_der_public_key(encode_ec_public_key(key))
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise KeyFileError("a public key of the token is on no known curve")
    return PublicKey("ES256", loaded.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _read_pin(path: Path) -> str:
    """Read the PIN as key files are read: owner-only, a plain file."""
    with keyfile.key_folder(path.parent) as fd:
        return keyfile.read_pin(fd, path.name)

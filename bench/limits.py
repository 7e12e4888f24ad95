"""What the machine itself can do: durable commits behind a bare server, hello-JSON, raw signature checks.

Each figure is measured in the same run as the service's, under the same server, so that a ratio means
something on a machine with neighbours.
"""

import contextlib
import dataclasses
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator

import nacl.bindings
import nacl.signing
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.client import Loader, loading, request
from bench.figures import Waits, middle
from bench.limit_apps import create_table
from bench.servers import databases, serving

Verify = Callable[[bytes, bytes, bytes], None]
"""(public key, signature, message); raises when the signature is false."""

MESSAGE_BYTES = 900
"""A record's signing input: its canonical bytes in base64url and the protected header."""
SIGNATURES = 200
BODY = b"x" * 1200
"""As large as a signed record with its signature."""


@dataclasses.dataclass(frozen=True)
class Checking:
    """Raw Ed25519 checks in a second."""

    library: str
    one_process: float
    all_cores: float


def _with_pynacl(public: bytes, signature: bytes, message: bytes) -> None:
    nacl.bindings.crypto_sign_open(signature + message, public)


def _with_cryptography(public: bytes, signature: bytes, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


VERIFIERS: dict[str, Verify] = {"PyNaCl": _with_pynacl, "cryptography": _with_cryptography}


def checking(seconds: float = 1.0) -> Checking:
    """Measure the fastest verifier, in one process and in one process for each core at once."""
    alone = {library: check_for(library, seconds) for library in VERIFIERS}
    library = max(alone, key=alone.__getitem__)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        # The first task of each process only makes it import and warm up.
        pool.starmap(check_for, [(library, 0.05)] * cores, chunksize=1)
        together = sum(pool.starmap(check_for, [(library, seconds)] * cores, chunksize=1))
    return Checking(library, alone[library], together)


def check_for(library: str, seconds: float) -> float:
    """Check signatures over and over; return how many a second."""
    verify = VERIFIERS[library]
    key = nacl.signing.SigningKey(bytes(32))
    public = bytes(key.verify_key)
    signed = [
        (key.sign(message).signature, message)
        for message in (number.to_bytes(4, "big") * (MESSAGE_BYTES // 4) for number in range(SIGNATURES))
    ]
    done, begun = 0, time.perf_counter()
    while (now := time.perf_counter()) < begun + seconds:
        for signature, message in signed:
            verify(public, signature, message)
        done += len(signed)
    return done / (now - begun)


@contextlib.contextmanager
def bare_commits(kind: str) -> Iterator[dict[str, Loader]]:
    """Serve bare WSGI with a durable commit, requests alone and together; give a client for each way."""
    with contextlib.ExitStack() as stack:
        loaders = {}
        for way in ("each", "group"):
            url = stack.enter_context(databases(kind))
            create_table(url)
            server = stack.enter_context(serving(f"bench.limit_apps:durable({url!r}, {way!r})"))
            loaders[way] = stack.enter_context(loading(server.port))
        yield loaders


def commit_round(loader: Loader, clients: int, seconds: float) -> Waits:
    """Post bodies for a while to one of `bare_commits`."""
    return loader.round([request("POST", "/", BODY)], clients=clients, seconds=seconds).waits


@contextlib.contextmanager
def hello_json() -> Iterator[Loader]:
    """Serve the smallest Flask application under the same server."""
    with serving("bench.limit_apps:hello()") as server, loading(server.port) as loader:
        yield loader


def hello_round(loader: Loader, clients: int, seconds: float) -> Waits:
    """Ask hello for a while."""
    return loader.round([request("GET", "/")], clients=clients, seconds=seconds).waits


def steady(measure: Callable[[], Waits], rounds: int) -> Waits:
    """Repeat a measurement and return its middle."""
    return middle([measure() for _ in range(rounds)])

"""Who receives (接收方), what for, and which fields: registered clients and their kind's profile."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from recordsvc import dated
from recordsvc.access.clients import Client
from recordsvc.access.grants import Scope
from recordsvc.vault.keystore import KeyStore

PROFILES: Final = "export_profiles"


@dataclass(frozen=True, slots=True)
class Profile:
    """What receivers of a kind may be told at most, as of a day."""

    purposes: frozenset[str]
    """Codes of `sharing_purposes`."""
    members: tuple[str, ...]
    """Places of records."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One client that takes a feed. `profile` None: nothing is told it any more."""

    client_id: str
    institution: str | None
    profile: Profile | None

    @property
    def names(self) -> tuple[str, ...]:
        """As whom workers give it something: as itself, and for the institution that it acts for."""
        own = f"client:{self.client_id}"
        return (own,) if self.institution is None else (own, f"institution:{self.institution}")


def profile(kind: str, day: str) -> Profile | None:
    """Return what a kind of client is told on a Beijing day; None: nothing."""
    row = dated.on(PROFILES, day).get(kind)
    if row is None:
        return None
    fields = dated.on(str(row["fields"]), day).rows
    members = tuple(dict.fromkeys(member for one in fields for member in one["members"]))
    return Profile(frozenset(row["purposes"]), members)


def receiver(client: Client, day: str) -> Receiver:
    """Return a client as a receiver, with what it is told on a Beijing day."""
    told = profile(client.kind, day) if Scope.EXPORTS in client.scopes else None
    return Receiver(client.client_id, client.institution, told)


def learner(keys: KeyStore, client_id: str, worker_id: bytes) -> str:
    """Return a worker's pseudonym for one client: the same each time, and no other client's."""
    made = keys.hmac("login", b"pairwise/1\0" + client_id.encode() + b"\0" + worker_id)
    return uuid.UUID(bytes=made[:16], version=4).urn


def ref(keys: KeyStore, client_id: str, worker_id: bytes, seq: int) -> bytes:
    """Return one client's name (16 bytes) for the record at a place of a chain."""
    place = worker_id + seq.to_bytes(4)
    return keys.hmac("login", b"pairwise-record/1\0" + client_id.encode() + b"\0" + place)[:16]


def all_of(clients: Mapping[str, Client], known: frozenset[str], day: str) -> list[Receiver]:
    """Return whoever is fed, and whoever ever was (`known`): of these what they have is withdrawn."""
    found = (receiver(one, day) for _id, one in sorted(clients.items()))
    return [one for one in found if one.profile is not None or one.client_id in known]

"""Having checkpoints cosigned (见证): the newest goes to each configured witness, its line comes back.

A witness that is away costs nothing but its line. One that says this log contradicts itself raises: the
failure is reported at every try, and a start-up refuses, since one of the two is being lied to.
"""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from recordsvc import anchor
from recordsvc.ground import observe
from recordsvc.ground.refusal import StartRefused
from recordsvc.translog import tables
from recordsvc.translog.note import NoteError, NoteKey, parse_signature
from recordsvc.translog.witness import WitnessClient, WitnessUnreachable

if TYPE_CHECKING:
    from recordsvc.house import House


class WitnessForgot(StartRefused):
    """A witness does not know a log that it cosigned: another's address, or a lost memory."""


def remembered(house: "House", key: NoteKey) -> int:
    """Return the largest size of which our rows hold this witness's cosignature; 0: none.

    Of the log's present name: under a former one the witness knows another log.
    """
    mine = tables.cosignature.c
    # A witness that changed its key keeps its name: the newest line says which key it is.
    newest = (
        sa.select(mine.size, mine.line)
        .where(mine.witness == key.name, mine.size > house.log.begun)
        .order_by(mine.size.desc())
        .limit(1)
    )
    with house.db.read() as conn:
        row = conn.execute(newest).first()
    if row is None:
        return 0
    try:
        said = parse_signature(row.line.removesuffix("\n"))
    except NoteError:  # what fsck names by its row
        return 0
    return int(row.size) if said.key_id == key.key_id else 0


class Witnesses:
    """The configured witnesses and what each has cosigned."""

    def __init__(self, house: "House") -> None:
        """Talk to the witnesses of the settings."""
        self._house = house
        settings = house.settings
        self._clients = [
            (NoteKey.parse(key), WitnessClient(url, key))
            for url, key in zip(settings.witness_urls, settings.witness_keys, strict=True)
        ]
        self._known: dict[str, int] = {}

    def cosign(self) -> int:
        """Have the newest checkpoint cosigned by every witness that has not yet; the number of new lines."""
        house = self._house
        lines = 0
        with house.db.read() as conn:
            newest = house.log.newest(conn)
        for key, client in self._clients:
            known = self._known.get(key.name, 0)
            if newest.size in (0, known):
                continue
            try:
                cosigned = client.cosign(newest.note, known, self._prove)
            except WitnessUnreachable:
                observe.log("witness-unreachable", witness=key.name)
                continue
            house.log.cosign(newest.size, key.name, cosigned.line)
            self._known[key.name] = newest.size
            lines += 1
        return lines

    def check(self) -> None:
        """Refuse a database older than a witness's newest checkpoint, and a witness that is not the one.

        Raises `anchor.DatabaseBehind`, `WitnessForgot`.
        """
        house = self._house
        for key, client in self._clients:
            try:
                seen = client.newest(anchor.log_keys(house))
            except WitnessUnreachable:
                observe.log("witness-unreachable", witness=key.name)
                continue
            if seen is not None:
                anchor.compare(house.log, house, seen.checkpoint, f"the witness {key.name}")
            elif size := remembered(house, key):
                raise WitnessForgot(
                    f"the witness {key.name} does not know this log, and has cosigned {size} entries of it: "
                    "its address in witness_urls is another's, or it lost its memory"
                )

    def _prove(self, old_size: int, size: int) -> list[bytes]:
        with self._house.db.read() as conn:
            return self._house.log.reader(conn, size).consistency(old_size)

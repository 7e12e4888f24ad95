"""Changing the service's keys while it serves (换钥): what each change does, and what must be true to end it.

    rotate   the new key is there and used; the older one goes on where it is needed
    (work)   `recordsvc work` brings rows under the new key, portion by portion
    finish   the older one is dropped and destroyed, or the call says what still needs it

Every step may be repeated, and goes on where a process was killed. docs/keys.md tells people what to do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recordsvc import anchor
from recordsvc.access.tokens import MAX_LIFE_MS
from recordsvc.archive import farewell, formats, rewrap
from recordsvc.ground.commit import Turn
from recordsvc.house import key_token
from recordsvc.people import reindex
from recordsvc.translog.checkpoint import Checkpoint, open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey, Signer
from recordsvc.translog.witness import WitnessClient, WitnessStranger, WitnessUnreachable
from recordsvc.vault import fence, passes
from recordsvc.vault.keyfolder import add_version, destroy_dropped, drop_version
from recordsvc.vault.keystore import KeyUnknown, version_of

if TYPE_CHECKING:
    from recordsvc.house import House

DAY_MS: Final = 86_400_000
KINDS: Final = {
    "pepper": ("pepper",),
    "wrapping": ("master", "holding"),
    "token": ("token",),
    "document": ("document",),
    "log": ("log",),
}
"""What can be rotated, and the names of the keys that change together."""
ADDED: Final = "log-key-added"
RETIRED: Final = "log-key-retired"


class StillNeeded(Exception):
    """An older key cannot be dropped yet: `needs` says what still needs it, one line each."""

    def __init__(self, needs: list[str]) -> None:
        super().__init__("; ".join(needs))
        self.needs = needs


@dataclass(frozen=True, slots=True)
class State:
    """How a kind of key stands: live ids (oldest first), rows done by a pass, what keeps the older one."""

    live: tuple[str, ...]
    done: int
    needs: list[str]


def rotate(house: "House", kind: str) -> list[str]:
    """Begin a rotation, or go on with one that is under way; the ids that are live now, oldest first."""
    names = KINDS[kind]
    if len(_live(house, names[0])) <= 1:
        now_ms, token = house.clock.now_ms(), key_token(house.settings)
        add_version(house.settings.keys_dir, *names, token=token, now_ms=now_ms)
    fence.raise_to(house.db, house.keys)
    if kind == "log":
        house.db.write(lambda turn: _announce(turn, house, ADDED, formats.LOG_KEY_ADDED))
    return [key_id for name in names for key_id in house.keys.versions(name)]


def finish(house: "House", kind: str) -> list[str]:
    """Drop and destroy the older keys of a kind; their ids. Raises `StillNeeded`."""
    names, folder, token = KINDS[kind], house.settings.keys_dir, key_token(house.settings)
    older = [key_id for name in names for key_id in _live(house, name)[:-1]]
    if older:
        needs = needing(house, kind) or (_strangers(house) if kind == "log" else [])
        if needs:
            raise StillNeeded(needs)
        if kind == "log":
            # Told while both still sign, so that whoever knows only the older key can prove it.
            house.db.write(lambda turn: _announce(turn, house, RETIRED, formats.LOG_KEY_RETIRED))
            anchor.keep(house)
        drop_version(folder, *older, token=token, now_ms=house.clock.now_ms())
    fence.raise_to(house.db, house.keys)
    destroy_dropped(folder, token)
    if kind == "pepper":
        while reindex.sweep(house):
            pass
    return older


def step(house: "House") -> bool:
    """Do a portion of what rotations left to be done: the job of `recordsvc work`. Whether there is more."""
    if house.keys.epoch > fence.demanded(house.db):
        fence.raise_to(house.db, house.keys)
    more = [reindex.run(house), rewrap.run(house), reindex.sweep(house) > 0]
    return any(more)


def work(house: "House", stop: Callable[[], bool] = lambda: False) -> None:
    """Do all of it, until told to stop."""
    while step(house) and not stop():
        pass


def state(house: "House", kind: str) -> State:
    """Tell how a kind of key stands."""
    names = KINDS[kind]
    live = tuple(key_id for name in names for key_id in _live(house, name))
    name = {"pepper": reindex.NAME, "wrapping": rewrap.NAME}.get(kind)
    done = 0
    if name is not None:
        with house.db.read() as conn:
            done = passes.progress(conn, name).done
    return State(live, done, needing(house, kind) if len(live) > len(names) else [])


def _live(house: "House", name: str) -> tuple[str, ...]:
    """Return the live ids of a key, oldest first; none where the folder is of a release before it."""
    try:
        return house.keys.versions(name)
    except KeyUnknown:
        return ()


def needing(house: "House", kind: str) -> list[str]:
    """Tell what still needs the older keys of a kind, of which there are some; asks no witness."""
    newest = house.keys.versions(KINDS[kind][0])[-1]
    needs = _NEEDING[kind](house, newest)
    if fence.demanded(house.db) < house.keys.epoch:
        needs.insert(0, "the database does not demand the new key yet: repeat `recordsvc keys rotate`")
    return needs


def _pepper(house: "House", newest: str) -> list[str]:
    target = version_of(newest)
    with house.db.read() as conn:
        pass_ = passes.progress(conn, reindex.NAME)
        missing = reindex.missing(conn, target)
    needs = [f"{missing} numbers are found under the older pepper only"] if missing else []
    if not pass_.over(target):
        return [*needs, "the re-index by `recordsvc work` has not ended"]
    return needs + _backups(house, pass_)


def _wrapping(house: "House", newest: str) -> list[str]:
    target = version_of(newest)
    with house.db.read() as conn:
        pass_ = passes.progress(conn, rewrap.NAME)
        counts = rewrap.needing(conn, target)
    needs = [f"{count} data keys in {table} are under the older key" for table, count in counts.items()]
    if not pass_.over(target):
        return [*needs, "the re-wrapping by `recordsvc work` has not ended"]
    with house.db.read() as conn:
        last = farewell.waiting(conn, house.keys.made_ms(newest))
    if last:
        needs.append(f"{last} last notices of before this change have not left")
    return needs + _backups(house, pass_)


def _backups(house: "House", pass_: passes.Progress) -> list[str]:
    """A database restored from before the pass is of use only with the older key."""
    days = house.settings.backup_days
    left_ms = (pass_.ended_ms or 0) + days * DAY_MS - house.clock.now_ms()
    if left_ms <= 0:
        return []
    left = -(-left_ms // DAY_MS)
    return [f"backups of before this change need it: kept for {days} days (backup_days), {left} to go"]


def _token(house: "House", newest: str) -> list[str]:
    left_ms = house.keys.made_ms(newest) + MAX_LIFE_MS - house.clock.now_ms()
    return (
        [f"tokens signed with the older key may be valid for {-(-left_ms // 1000)} s"] if left_ms > 0 else []
    )


def _log(house: "House", newest: str) -> list[str]:
    key = house.log.live_keys()[0]
    with house.db.read() as conn:
        announced = passes.progress(conn, ADDED).over(version_of(newest))
        note = house.log.newest(conn).note
    needs = [] if announced else ["the new key does not stand in the log: repeat `recordsvc keys rotate log`"]
    try:
        open_checkpoint(note, key)
    except NoteError:
        needs.append("the newest checkpoint does not bear the new key's signature")
    return needs


def _document(_house: "House", _newest: str) -> list[str]:
    """Nothing: what it signed verifies under its public half, which the manifest keeps."""
    return []


_NEEDING: Final = {
    "pepper": _pepper,
    "wrapping": _wrapping,
    "token": _token,
    "document": _document,
    "log": _log,
}


def _strangers(house: "House") -> list[str]:
    """Ask each witness to cosign a checkpoint that the new key alone signed: who refuses does not know it."""
    key_id, key = house.keys.versions("log")[-1], house.log.live_keys()[0]
    with house.db.read() as conn:
        newest = house.log.newest(conn)
    checkpoint = Checkpoint(house.log.origin, newest.size, newest.root)
    note = checkpoint.sign_all([Signer(key, lambda data: house.keys.sign(key_id, data))])
    needs = []
    for url, vkey in zip(house.settings.witness_urls, house.settings.witness_keys, strict=True):
        name = NoteKey.parse(vkey).name
        try:
            WitnessClient(url, vkey).cosign(note, newest.size, lambda old, size: _prove(house, old, size))
        except WitnessStranger:
            needs.append(f"the witness {name} does not trust the new key: there, run add-log '{key.vkey()}'")
        except WitnessUnreachable as error:
            needs.append(f"the witness {name} could not be asked: {error}")
    return needs


def _prove(house: "House", old_size: int, size: int) -> list[bytes]:
    with house.db.read() as conn:
        return house.log.reader(conn, size).consistency(old_size)


def _announce(turn: Turn, house: "House", name: str, kind: int) -> None:
    """Enter a service statement about the log's two live keys, once for each new key."""
    keys = house.log.live_keys()
    if len(keys) < 2:
        return
    statement = formats.log_key_statement(kind, keys[-1].public, keys[0].public)
    target = version_of(house.keys.versions("log")[-1])
    passes.note(turn, name, target, lambda: house.log.turn(turn).append(statement))

"""`recordsvc pull` (取数): a receiver's feed into a folder, in one command that cron may start and stop.

    folder/items-000000000001.ndjson   batches as they came, by the number of their first item
    folder/state.json                  {cursor, n, ack}: how far this receiver is; files up to n count
    folder/.lock                       held while a run lasts

A batch is checked whole, written whole, then the cursor moves, then it is acknowledged: killed anywhere, the
next run takes the same batch again under the same name, or sends the same acknowledgement again.

Exit codes: 0 up to date, 2 settings or keys cannot be used, 3 the service cannot be reached, 4 another run
holds the folder, 5 the service refused, 6 a batch is not what its manifest says (nothing of it was kept),
7 the service holds another batch than was acknowledged (it opened a ticket; talk to it).
"""

import contextlib
import hashlib
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from recordsvc.ground.base64strict import unb64u
from recordsvc.ground.ports import SystemClock
from recordsvc.submit.cells import Unreadable
from recordsvc.submit.feedfile import BatchWrong, Taken, check
from recordsvc.submit.feedservice import FeedService
from recordsvc.submit.keys import KeyUnusable, read_key
from recordsvc.submit.privatefiles import private_folder, write_private
from recordsvc.submit.send import Refused, Unreachable
from recordsvc.submit.state import lock
from recordsvc.vault.signatures import PublicKey

UNUSABLE, UNREACHABLE, BUSY, REFUSED, WRONG, CONTRADICTED = 2, 3, 4, 5, 6, 7
BATCH: Final = 10_000
_TEXTS: Final = ("url", "client_id", "key", "dpop_key", "folder", "region_key")


class SettingsUnusable(ValueError):
    """The settings cannot be used; the message says why."""


class Held(Exception):
    """Another run holds the folder."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say; paths are as seen from their file."""

    url: str
    client_id: str
    key: Path
    dpop_key: Path
    folder: Path
    region_key: PublicKey
    token_issuer: str | None
    batch: int

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read a TOML file. Raises `SettingsUnusable`."""
        try:
            said = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as fault:
            raise SettingsUnusable(f"{path.name}: {type(fault).__name__}") from fault
        missing = [name for name in _TEXTS if not isinstance(said.get(name), str)]
        unknown = sorted(set(said) - {*_TEXTS, "token_issuer", "batch"})
        batch = said.get("batch", BATCH)
        if missing or unknown or type(batch) is not int or not 1 <= batch <= 100_000:
            names = ", ".join([*missing, *unknown] or ["batch"])
            raise SettingsUnusable(f"设置缺少或多余：{names} / settings missing or unknown")
        try:
            region = PublicKey("EdDSA", unb64u(said["region_key"]))
        except ValueError as fault:
            raise SettingsUnusable("region_key 不是 base64url / region_key is not base64url") from fault
        here = path.parent
        files = (here / said["key"], here / said["dpop_key"], here / said["folder"])
        return cls(said["url"], said["client_id"], *files, region, said.get("token_issuer"), batch)


@dataclass(slots=True)
class State:
    """How far this receiver is: cursor, number of its newest item, and what is still to be acknowledged."""

    path: Path
    cursor: str = ""
    n: int = 0
    ack: dict[str, Any] | None = None

    @classmethod
    def read(cls, folder: Path) -> "State":
        """Read it; a new folder begins at the start. Raises `SettingsUnusable`."""
        path = folder / "state.json"
        if not path.exists():
            return cls(path)
        try:
            said = json.loads(path.read_bytes())
            return cls(path, str(said["cursor"]), int(said["n"]), said["ack"])
        except (ValueError, KeyError, TypeError) as fault:
            raise SettingsUnusable("state.json 已损坏 / state.json cannot be read") from fault

    def write(self) -> None:
        """Replace it in one durable step."""
        said = {"ack": self.ack, "cursor": self.cursor, "n": self.n}
        write_private(self.path, json.dumps(said, sort_keys=True).encode() + b"\n")


@click.command("pull", help="取本接入方的数据流 / take this receiver's feed into a folder")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="设置文件（TOML） / settings",
)
def pull(file: Path) -> None:
    """Take what is new, check it, keep it, acknowledge it."""
    try:
        plan = Plan.read(file)
        with _alone(private_folder(plan.folder)), _service(plan) as service:
            taken = run(plan, service)
    except (SettingsUnusable, KeyUnusable, ValueError) as fault:
        if isinstance(fault, BatchWrong):
            raise _ended(str(fault), WRONG) from fault
        raise _ended(str(fault), UNUSABLE) from fault
    except Unreachable as fault:
        raise _ended(str(fault), UNREACHABLE) from fault
    except Held as fault:
        raise _ended("另一次取数正在运行 / another run holds the folder", BUSY) from fault
    except Refused as fault:
        told = [str(fault.problem.get(name, "")) for name in ("title", "title_en", "detail", "remedy")]
        code = CONTRADICTED if str(fault.problem.get("code", "")).startswith("ack-") else REFUSED
        raise _ended("\n".join(one for one in told if one) or str(fault), code) from fault
    click.echo(f"收到 {taken} 条 / {taken} items")


def run(plan: Plan, service: FeedService) -> int:
    """Take batch after batch until nothing is new; how many items.

    Raises `BatchWrong`, `Refused`, `Unreachable`.
    """
    state, count = State.read(plan.folder), 0
    while True:
        if state.ack is not None:
            service.acknowledge(json.dumps(state.ack).encode())
            state.ack = None
            state.write()
        data = service.items(state.cursor, plan.batch)
        taken = check(data, plan.client_id, state.cursor, plan.region_key)
        if not taken.first:
            return count
        if taken.first != state.n + 1:
            raise BatchWrong(f"第 {state.n} 条之后有缺漏 / items are missing behind {state.n}")
        # A batch that was taken before a kill comes under the same name again, longer perhaps.
        write_private(plan.folder / f"items-{taken.first:012d}.ndjson", data)
        state.cursor, state.n, state.ack = str(taken.statement["to"]), taken.last, _ack(taken)
        state.write()
        count += int(taken.statement["count"])


def _ack(taken: Taken) -> dict[str, Any]:
    said = {name: taken.statement[name] for name in ("from", "to", "count", "root")}
    # Named for what it says: whoever sends it again sends the same.
    named = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
    return {"ack_id": f"pull-{named}", **said}


def _service(plan: Plan) -> FeedService:
    service = FeedService(
        plan.url, read_key(plan.key), plan.client_id, SystemClock(), token_issuer=plan.token_issuer
    )
    service.prover = read_key(plan.dpop_key)
    return service


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder while a run lasts. Raises `Held`."""
    fd = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(fd, "r+b"):
        try:
            lock(fd)
        except Unreadable as fault:
            raise Held from fault
        yield


def _ended(text: str, code: int) -> click.exceptions.Exit:
    """Say one clear sentence; the exit code to end with."""
    click.echo(f"Error: {text}", err=True)
    return click.exceptions.Exit(code)

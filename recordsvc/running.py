"""`recordsvc run`: a whole demo region on this machine - witness, server, work, bank - until Ctrl-C.

The first run makes keys, database and region; later runs keep them and start in a second or two. Every part
is the real one, a process of its own; this one only starts them, waits, and ends them.
"""

import contextlib
import datetime as dt
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from recordsvc import anchor, demodraws, demostaff, genesis
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from recordsvc.processes import Parts, assert_free
from recordsvc.serving import (
    forget_metrics,
    gunicorn_command,
    load_settings,
    rewrite_settings,
    write_settings,
)
from recordsvc.settings import FILE, Settings, environment
from recordsvc.starting import open_checked

if TYPE_CHECKING:
    from demo.people import Person
    from recordsvc.ground.commit import Turn

DEMO: Final = {
    "environment": "demo",
    "log_origin": "log.demo.recordsvc.example",
    "audience": "https://records.demo.recordsvc.example",
    "issuer_url": "https://records.demo.recordsvc.example",
}
AREA: Final = "640000"
"""Division code (行政区划代码) that the demo's officials are responsible for."""


@click.command()
@click.option(
    "--port", type=int, default=8930, show_default=True, help="端口 / port; the witness takes the next one"
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="数据目录 / folder of keys, database and logs",
)
@click.option(
    "--workers",
    "people",
    type=click.IntRange(min=60),
    default=500,
    show_default=True,
    help="劳动者人数 / synthetic workers",
)
@click.option("--once", is_flag=True, help="准备好即退出 / stop as soon as everything is ready")
def run(*, port: int, data_dir: Path, people: int, once: bool) -> None:
    """在本机运行演示地区 / Run the demo region on this machine."""
    began = time.monotonic()
    assert_free(port)
    assert_free(port + 1, whose=_WITNESS_PORT.format(port=port))
    environ = _environment(data_dir.resolve(), port)
    with contextlib.ExitStack() as held:
        held.enter_context(_alone(data_dir.resolve(), port))
        settings = _prepare(environ, data_dir.resolve(), port)
        parts = held.enter_context(_parts(settings, environ))
        house = open_house(settings)
        try:
            labels = _region(house, environ, people)
            key = anchor.log_key(house).vkey()
        finally:
            house.close()
        _tell(settings, labels, key, time.monotonic() - began)
        while not once:
            parts.check()
            time.sleep(0.5)


_WITNESS_PORT: Final = (
    "\n见证服务使用 --port（{port}）的下一个端口，请换一个两个端口都空闲的 --port"
    " / the witness takes the port after --port ({port}): choose a --port with both free"
)


@contextlib.contextmanager
def _alone(data_dir: Path, port: int) -> Iterator[None]:
    """Hold the data folder until the process ends. Raises `ClickException` if another one holds it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(data_dir / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            where = _public_url(int(lock.read() or port))
            raise click.ClickException(
                f"{data_dir.name} 正由另一个进程使用 / this data folder is being served already: {where}"
            ) from None
        lock.truncate(0)
        lock.write(str(port))
        lock.flush()
        yield


def _environment(data_dir: Path, port: int) -> dict[str, str]:
    settings = environment(
        data_dir=str(data_dir),
        port=str(port),
        public_url=_public_url(port),
        witness_urls=_witness_url(port),
        metrics_dir=str(data_dir / "metrics"),
    )
    return settings | {"PYTHONUNBUFFERED": "1"}


def _public_url(port: int) -> str:
    return f"http://localhost:{port}"


def _witness_url(port: int) -> str:
    return f"http://127.0.0.1:{port + 1}"


def _prepare(environ: Mapping[str, str], data_dir: Path, port: int) -> Settings:
    """Make what a first run makes: witness, settings, keys, tables, log."""
    from demo.institutions import REGION

    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
    places = {"public_url": _public_url(port), "witness_urls": [_witness_url(port)]}
    if not (data_dir / FILE).exists():
        click.echo("首次运行：生成密钥与数据库 / first run: making keys and database …")
        key = _witness("init", "--store", str(data_dir / "witness"))
        write_settings(data_dir / FILE, {**DEMO, "region": REGION.uscc, "witness_keys": [key], **places})
    settings = load_settings(environ)
    # Commands beside the demo read the file: on another port it must not name the ones of before.
    rewrite_settings(data_dir / FILE, places)
    forget_metrics(settings)
    genesis.create(settings)
    house = open_house(settings)
    try:
        log_key = anchor.log_key(house).vkey()
    finally:
        house.close()
    _witness("add-log", "--store", str(data_dir / "witness"), log_key)
    return settings


def _witness(*arguments: str) -> str:
    """Run a command of the witness and return the last word it says."""
    command = [sys.executable, "-m", "witness", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    return done.stdout.split()[-1] if done.stdout.split() else ""


@contextlib.contextmanager
def _parts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Parts]:
    """Run witness, server and background work; Ctrl-C, SIGTERM and a closed terminal end them, then this."""
    port, python = settings.port, sys.executable
    witness = [python, "-m", "witness", "serve", "--store", str(settings.data_dir / "witness")]
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        with Parts(environ, settings.data_dir / "logs") as parts:
            parts.start("witness", [*witness, "--port", str(port + 1)])
            parts.wait(f"{_witness_url(port)}/")
            open_checked(settings).close()  # a refusal is told here, and not in a part's log
            parts.start("server", gunicorn_command(settings.host, port))
            parts.start("work", [python, "-m", "recordsvc", "work"])
            parts.start("bank", _bank(settings))
            parts.start("bank-fees", _bank_of_fees(settings))
            parts.wait(f"http://127.0.0.1:{port}/readyz", lambda status: status == 200)
            yield parts
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            click.echo("\n已停止 / stopped")


def _bank(settings: Settings) -> list[str]:
    """Return the command of the simulated bank behind the demo account's folder; it executes at once."""
    from demo.bank import ACCOUNT
    from demo.subsidies import CLOSED

    folder = settings.bank_folder / ACCOUNT["code"]
    command = [sys.executable, "-m", "banksim", "serve", "--folder", str(folder), "--eager"]
    command += ["--store", str(settings.data_dir / "banksim.db"), "--number", ACCOUNT["number"]]
    return [*command, *(f"--closed={number}" for number in CLOSED)]


def _bank_of_fees(settings: Settings) -> list[str]:
    """Return the command of the simulated bank behind the account that fees come into, which is empty."""
    from demo.bank import FEES

    folder = settings.bank_folder / FEES["code"]
    command = [sys.executable, "-m", "banksim", "serve", "--folder", str(folder), "--eager"]
    command += ["--store", str(settings.data_dir / "banksim-fees.db"), "--number", FEES["number"]]
    return [*command, "--balance", "0"]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # A closing terminal tells it twice, itself and through the shell: ending the parts is not broken off.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _region(house: House, environ: Mapping[str, str], people: int) -> list[str]:
    """Load the demo region through the public doors unless it is there; the labels of the demo logins."""
    from recordsvc.access import demo

    folder = house.settings.data_dir / "demo"
    if not (folder / "personas").exists():
        since = FixedClock(demodraws.officials_since_ms(house.clock.now_ms()))
        with contextlib.closing(open_house(house.settings, clock=since)) as earlier:
            earlier.db.write(lambda turn: demo.create_desk(turn, AREA))
    house.db.write(lambda turn: demo.create_desk(turn, AREA))
    if not (folder / "personas").exists():
        from demo.kept import region

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        enrol_cards(house, region(folder, people).people)
        url = f"http://localhost:{house.settings.port}"
        command = [sys.executable, "-m", "demo", "--url", url, "--workers", str(people)]
        loaded = subprocess.run(command, env=environ, check=False)  # noqa: S603 - our own module
        if loaded.returncode:
            raise click.ClickException(
                "the demo region could not be loaded; run the same command again to go on"
            )
        _make_personas(house, folder)
        demostaff.make(house, folder)
        _claims(house, folder)
        _make_fees(house)
        demodraws.load(house.settings, AREA)
        (folder / "personas").touch()
    with house.db.read() as conn:
        return [one.label for one in demo.personas(conn)]


def _claims(house: House, folder: Path) -> None:
    """Let the named workers' claims come as far as their stories tell."""
    from demo.personas import personas
    from recordsvc import democlaims

    found = {
        role.key: (house.people.find(one.document, one.number), one.name) for role, one in personas(folder)
    }
    people = {key: (worker_id, name) for key, (worker_id, name) in found.items() if worker_id is not None}
    try:
        democlaims.load(house.settings, people, AREA)
    except democlaims.NotPaid:
        raise click.ClickException("the bank does not answer; run the same command again to go on") from None


def enrol_cards(house: House, people: "Iterable[Person]") -> None:
    """Let the card registry, a simulated one, tell of all cards before any centre shows one.

    Who got a new card has not activated its bank function yet.
    """
    from recordsvc.people import enrolling
    from recordsvc.people.cardbook import CardFact
    from recordsvc.people.enrolling import PORTION
    from recordsvc.people.registry import SimulatedRegistry

    registry = SimulatedRegistry()
    for person in people:
        before: str | None = None
        for card in sorted(person.cards, key=lambda one: one.from_on):
            named = (person.document, person.number, person.name, card.number, "")
            registry.issue(CardFact(*named, card.chip, person.area, before), card.from_on.isoformat())
            active_on = (card.from_on + dt.timedelta(days=1)).isoformat()
            registry.happen(card.number, "social-activated", active_on)
            if before is None:
                registry.happen(card.number, "bank-activated", active_on)
            before = card.number
    facts = [fact for fact in registry.facts() if isinstance(fact, CardFact)]
    for start in range(0, len(facts), PORTION):
        some = facts[start : start + PORTION]

        def take(turn: "Turn", some: list[CardFact] = some) -> object:
            return enrolling.take(turn, house, some)

        house.db.write(take)


def _make_fees(house: House) -> None:
    """Have the institution of the clerk who signs in here charge for a class, so that a fee can be tried."""
    from recordsvc.access import demo, staff
    from recordsvc.ground.ports import beijing_date
    from recordsvc.money.fees import offerings
    from recordsvc.money.fees.tables import fee_offering

    today = beijing_date(house.clock.now_ms())

    def create(turn: "Turn") -> None:
        clerk = next((one for one in demo.personas(turn.conn) if one.kind == "staff-clerk"), None)
        if clerk is None:
            return
        institution = staff.known(turn.conn, clerk.actor_id).institution
        if offerings.listed(turn.conn, fee_offering.c.institution == institution):
            return
        said = {"kind": "class", "course": f"{today:%Y%m}-HG-01", "title": "焊工初级班（演示）", "units": 80}
        said |= {"until_on": (today + dt.timedelta(days=60)).isoformat(), "amount_fen": 120_000}
        said |= {"from_on": today.isoformat(), "basis": "收费公示（样例）", "published_on": today.isoformat()}
        offerings.register(turn, house, institution, said, f"staff:{clerk.actor_id}")

    house.db.write(create)


def _make_personas(house: House, folder: Path) -> None:
    """Let the named workers of the region be signed in as with one click."""
    from demo.personas import personas
    from recordsvc.access import demo
    from recordsvc.ground.commit import Turn

    found = [(role, house.people.find(person.document, person.number)) for role, person in personas(folder)]

    def create(turn: Turn) -> None:
        for role, worker_id in found:
            if worker_id is None:
                raise click.ClickException(f"the demo region has no archive for {role.key}")
            label = f"{role.name}（{role.title}）"
            demo.create_worker(turn, worker_id, label, label, f"worker-{role.key}")

    house.db.write(create)


def _tell(settings: Settings, labels: list[str], key: str, seconds: float) -> None:
    """Say where to click, who to be, and three commands to paste."""
    url = f"http://localhost:{settings.port}"
    tool = _short(Path(sys.executable).with_name("recordsvc"))
    sample = settings.data_dir / "demo" / "sample"
    files = [_short(sample / name) for name in ("roster.xlsx", "centre.jwk", "answers.json")]
    lines = [
        "",
        f"  就绪 / ready in {seconds:.0f} s:  {url}",
        f"  登录 / sign in:  {url}/login   " + " · ".join(labels),
        "",
        "  试试 / try (paste into a second terminal):",
        f"  1  {tool} submit {files[0]} --key {files[1]} --to {url} --answers {files[2]} --yes",
        f"  2  {tool} demo-archive --to {url} --bundle bundle.json",
        f"  3  {tool} verify bundle.json --log-key '{key}'",
        "",
        "  停止 / stop: Ctrl-C",
    ]
    click.echo("\n".join(lines))


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)

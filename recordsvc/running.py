"""`recordsvc run`: a whole demo region on this machine - witness, server, background work - until Ctrl-C.

The first run makes keys, database and region; later runs keep them and start in a second or two. Every part
is the real one, a process of its own; this one only starts them, waits, and ends them.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import click

from recordsvc import anchor, genesis
from recordsvc.house import House, open_house
from recordsvc.serving import gunicorn_command, load_settings, write_settings
from recordsvc.settings import Settings

READY_S: Final = 60.0
STOP_S: Final = 20.0
DEMO: Final = {
    "environment": "demo",
    "log_origin": "log.demo.recordsvc.example",
    "audience": "https://records.demo.recordsvc.example",
    "issuer_url": "https://records.demo.recordsvc.example",
    "public_url": "http://localhost:8930",
}


class Part:
    """One process of the service."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        """Start it in a session of its own, so that a Ctrl-C reaches only this supervisor."""
        self.name = name
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules under our own interpreter
                command,
                env=environ,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to end; end it when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@click.command()
@click.option("--port", type=int, default=8930, show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--workers", "people", type=int, default=500, show_default=True, help="劳动者人数 / synthetic workers"
)
@click.option("--once", is_flag=True, help="准备好即退出 / stop as soon as everything is ready")
def run(port: int, data_dir: Path, people: int, once: bool) -> None:
    """在本机运行演示地区 / Run the demo region on this machine."""
    began = time.monotonic()
    environ = _environment(data_dir.resolve(), port)
    os.environ.update(environ)
    settings = _prepare(data_dir.resolve(), port)
    with _parts(settings, environ, port) as parts:
        _wait_ready(parts, port)
        personas = _region(settings, environ, port, people)
        _tell(settings, port, personas, time.monotonic() - began)
        if not once:
            _watch(parts)


def _environment(data_dir: Path, port: int) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    return environ | {
        "RECORDSVC_DATA_DIR": str(data_dir),
        "RECORDSVC_PORT": str(port),
        "RECORDSVC_PUBLIC_URL": f"http://localhost:{port}",
        "RECORDSVC_WITNESS_URLS": f"http://127.0.0.1:{port + 1}",
        "RECORDSVC_METRICS_DIR": str(data_dir / "metrics"),
        "PYTHONUNBUFFERED": "1",
    }


def _prepare(data_dir: Path, port: int) -> Settings:
    """Make what a first run makes: witness, settings, keys, tables, log."""
    from demo.institutions import REGION

    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
    metrics = data_dir / "metrics"
    metrics.mkdir(mode=0o700, exist_ok=True)
    for stale in metrics.glob("*.db"):
        stale.unlink()  # counters of processes that are gone
    if not (data_dir / "recordsvc.toml").exists():
        click.echo("首次运行：生成密钥与数据库 / first run: making keys and database …")
        key = _witness("init", "--store", str(data_dir / "witness"))
        values = {
            **DEMO,
            "region": REGION.uscc,
            "witness_keys": [key],
            "witness_urls": [f"http://127.0.0.1:{port + 1}"],
        }
        write_settings(data_dir / "recordsvc.toml", values)
    settings = load_settings()
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
    done = subprocess.run(  # noqa: S603 - our own module under our own interpreter
        [sys.executable, "-m", "witness", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.split()[-1] if done.stdout.split() else ""


@contextlib.contextmanager
def _parts(settings: Settings, environ: Mapping[str, str], port: int) -> Iterator[list[Part]]:
    data_dir, python = settings.data_dir, sys.executable
    logs = data_dir / "logs"
    witness = [
        python,
        "-m",
        "witness",
        "serve",
        "--store",
        str(data_dir / "witness"),
        "--port",
        str(port + 1),
    ]
    parts: list[Part] = []
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        parts.append(Part("witness", witness, environ, logs / "witness.log"))
        _wait_port(parts, port + 1)
        parts.append(Part("server", gunicorn_command(settings.host, port), environ, logs / "server.log"))
        parts.append(Part("work", [python, "-m", "recordsvc", "work"], environ, logs / "work.log"))
        yield parts
    except KeyboardInterrupt:
        click.echo("\n正在停止 / stopping …")
    finally:
        for part in reversed(parts):
            part.stop()


def _wait_port(parts: list[Part], port: int) -> None:
    _wait(parts, f"http://127.0.0.1:{port}/", lambda _status: True)


def _wait_ready(parts: list[Part], port: int) -> None:
    _wait(parts, f"http://127.0.0.1:{port}/readyz", lambda status: status == 200)  # noqa: PLR2004 - HTTP's OK


def _wait(parts: list[Part], url: str, good: "object") -> None:
    """Wait until an address answers well; a part that ended meanwhile ends everything with its last lines."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        _check_alive(parts)
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            time.sleep(0.05)
            continue
        if good(status):
            return
        time.sleep(0.1)
    raise click.ClickException(f"{url} does not answer; see the logs folder in the data folder")


def _check_alive(parts: list[Part]) -> None:
    for part in parts:
        if part.process.poll() is not None:
            raise click.ClickException(
                f"{part.name} ended with code {part.process.returncode}; "
                f"see logs/{part.name}.log in the data folder"
            )


def _region(settings: Settings, environ: Mapping[str, str], port: int, people: int) -> list[str]:
    """Load the demo region through the public doors unless it is there; the labels of the demo logins."""
    from recordsvc.access import demo

    folder = settings.data_dir / "demo"
    house = open_house(settings)
    try:
        house.db.write(lambda turn: demo.create_desk(turn, "640000"))
        if not (folder / "personas").exists():
            command = [
                sys.executable,
                "-m",
                "demo",
                "--url",
                f"http://localhost:{port}",
                "--workers",
                str(people),
            ]
            loaded = subprocess.run(command, env=environ, check=False)  # noqa: S603 - our own module
            if loaded.returncode:
                raise click.ClickException(
                    "the demo region could not be loaded; run the same command again to go on"
                )
            _make_personas(house, folder)
            (folder / "personas").touch()
        with house.db.read() as conn:
            return [one.label for one in demo.personas(conn)]
    finally:
        house.close()


def _make_personas(house: House, folder: Path) -> None:
    """Let the named workers of the region be signed in as with one click."""
    from demo.personas import personas
    from recordsvc.access import demo

    for role, person in personas(folder):
        worker_id = house.people.find(person.document, person.number)
        if worker_id is None:
            raise click.ClickException(f"the demo region has no archive for {role.key}")
        label, kind = f"{role.name}（{role.title}）", f"worker-{role.key}"
        house.db.write(lambda turn, w=worker_id, k=kind, t=label: demo.create_worker(turn, w, t, t, k))


def _tell(settings: Settings, port: int, personas: list[str], seconds: float) -> None:
    """Say where to click, who to be, and three commands to paste."""
    url = f"http://localhost:{port}"
    key = anchor_vkey(settings)
    sample = settings.data_dir / "demo" / "sample"
    lines = [
        "",
        f"  就绪 / ready in {seconds:.0f} s:  {url}",
        f"  登录 / sign in:  {url}/login   " + " · ".join(personas),
        "",
        "  试试 / try (paste into a second terminal):",
        f"  1  {_tool()} submit {_short(sample / 'roster.xlsx')} --key {_short(sample / 'centre.jwk')} "
        f"--to {url} --answers {_short(sample / 'answers.json')} --yes",
        f"  2  {_short(Path(sys.executable))} -m demo.read --url {url} --who welder --bundle bundle.json",
        f"  3  {_tool()} verify bundle.json --log-key '{key}'",
        "",
        "  停止 / stop: Ctrl-C",
    ]
    click.echo("\n".join(lines))


def anchor_vkey(settings: Settings) -> str:
    """Return the log's verifier key."""
    house = open_house(settings)
    try:
        return anchor.log_key(house).vkey()
    finally:
        house.close()


def _tool() -> str:
    return _short(Path(sys.executable).with_name("recordsvc"))


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _watch(parts: list[Part]) -> None:
    while True:
        _check_alive(parts)
        time.sleep(0.5)

"""Doors at the console (控制台走接口): a command of somebody who signs in enters by the interface's door.

Area, recusal, purpose, the row of who looked, the second person: what a door judges and leaves is judged and
left here by the same code. Only who asks is known another way: by the one-time code that was typed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import click

from recordsvc.officialcommands import signed_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from recordsvc.access.grants import Actor
    from recordsvc.house import House


class Doors:
    """The service's doors within this process, entered by one person."""

    def __init__(self, house: "House", who: "Callable[[], Actor]") -> None:
        """Build the application; `who` says who asks, at each request."""
        from recordsvc import service
        from recordsvc.access.entrance import authenticate

        app = service.build(house.settings, house)
        authenticate(app, bearer=lambda _token, _scheme: who())
        self._client: FlaskClient = app.test_client(use_cookies=False)
        self.public_url = house.settings.public_url.rstrip("/")
        self._host = urlsplit(house.settings.public_url).hostname or "localhost"

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> bytes:
        """Return what a door sends; members of the query that are None are left out."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path)

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON that a door sends."""
        found: dict[str, Any] = json.loads(self.get(path, query))
        return found

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a form; the answer, empty where there is none."""
        sent = self.send(path, body)
        found: dict[str, Any] = json.loads(sent) if sent else {}
        return found

    def send(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send a form; what the door sends for it, as it is."""
        return self._ask("POST", path, json.dumps(body).encode())

    def send_text(self, path: str, data: bytes, media: str) -> dict[str, Any]:
        """Send a text as it is; the answer."""
        found: dict[str, Any] = json.loads(self._ask("POST", path, data, media))
        return found

    def upload(self, path: str, form: Mapping[str, str], file: Path) -> dict[str, Any]:
        """Send a form with one file; the answer."""
        from werkzeug.test import EnvironBuilder

        with file.open("rb") as stream:
            sent = EnvironBuilder(method="POST", data={**form, "file": (stream, "paper")}).get_environ()
            body = sent["wsgi.input"].read()
        found: dict[str, Any] = json.loads(self._ask("POST", path, body, sent["CONTENT_TYPE"]))
        return found

    def press(self, path: str) -> dict[str, Any]:
        """Act by a door that takes no body; the answer."""
        found: dict[str, Any] = json.loads(self._ask("POST", path))
        return found

    def propose(self, path: str, body: Mapping[str, Any]) -> None:
        """Send a form that a second official decides, and tell the proposal's id."""
        proposal = self.post(path, body)["proposal_id"]
        click.echo(f"已提出，待另一人复核 / proposed, a second official decides: {proposal}")

    def _ask(self, method: str, target: str, body: bytes = b"", media: str = "application/json") -> bytes:
        headers = {"Authorization": "Bearer console", "Host": self._host}
        kind = media if body else None
        answer = self._client.open(target, method=method, data=body, content_type=kind, headers=headers)
        try:
            if answer.status_code >= 400:
                raise click.ClickException(told(answer.get_json(silent=True) or {}))
            return bytes(answer.data)
        finally:
            answer.close()


def told(problem: Mapping[str, Any]) -> str:
    """Return what went wrong in words, as a door says it."""
    lines = [f"{problem.get('title', '')} / {problem.get('title_en', '')}"]
    lines += [str(problem.get(name, "")) for name in ("detail", "remedy")]
    lines += [str(one.get("detail", "")) for one in problem.get("errors", ())]
    return "\n".join(line for line in lines if line)


@contextmanager
def entering(account: str, signs_in: Callable[["House", str], "Actor"] = signed_in) -> Iterator[Doors]:
    """Open the service for whoever signs in with a one-time code, and enter by its doors."""
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        who = signs_in(house, account)
        yield Doors(house, lambda: who)
    finally:
        house.close()


def reach_for(house: "House", who: "Actor", action: str, *workers: bytes) -> None:
    """Judge an official before the archives that a command names, as the doors judge.

    Raises `TargetUnknown` for nobody and for those of a foreign area alike, `Recused`.
    """
    from recordsvc.access import own_attempts, recusals
    from recordsvc.access.grants import can
    from recordsvc.archive import desk_objects
    from recordsvc.archive.errors import TargetUnknown

    with house.db.read() as conn:
        found = [desk_objects.worker(conn, one) for one in workers]
    parties = frozenset().union(*(one.parties for one in found if one is not None))
    own_attempts.tell(house, who, parties)
    if any(one is None or not can(who, action, one) for one in found):
        raise TargetUnknown
    recusals.check(who, parties)


def write_new(to: Any, data: bytes) -> None:
    """Write a new file that this account alone reads. Raises `BadParameter` where one stands."""
    import os

    try:
        target = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise click.BadParameter(str(error.strerror), param_hint="--to") from None
    with os.fdopen(target, "wb") as stream:
        stream.write(data)


PURPOSE = click.option(
    "--purpose", required=True, help="代码表 lookup_purposes / code of lookup_purposes: why one looks"
)
CASE = click.option("--case", required=True, help="案卷号 / case on which the look rests")
OFFICIAL = click.option("--official", required=True, help="经办账号 / account of the official who acts")

"""Schemathesis at the doors of signing in through a provider, beside a provider that answers."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from recordsvc import create_app
from recordsvc.access import demo
from recordsvc.access.identity_tables import identity_mismatch
from recordsvc.ground.ports import SystemClock
from recordsvc.settings import Settings
from tests.interop.test_schemathesis import Wide, run, worker
from tests.oidc.conftest import make_worker, number
from tests.oidc.rogue import CLAIM, CLIENT, Account, Rogue, serving

pytestmark = [pytest.mark.long, pytest.mark.interop]
SECONDS: Final = 30


class Trusting(Wide):
    """The service with a provider."""

    issuer = ""

    @property
    def environ(self) -> dict[str, str]:
        """Settings of the environment stand over those of the file."""
        said = {"ISSUER": self.issuer, "CLIENT_ID": CLIENT, "CLAIM": CLAIM} if self.issuer else {}
        return super().environ | {f"RECORDSVC_OIDC_{name}": value for name, value in said.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusting]:
    """A running service, two workers with sessions to be had, and two mismatches for officials."""
    rogue = Rogue(SystemClock())  # type: ignore[arg-type]
    with serving(rogue.respond) as issuer:
        rogue.issuer = issuer
        found = Trusting(tmp_path_factory.mktemp("provider") / "data")
        found.issuer = issuer
        found.settings = Settings.load(found.environ)
        with found.house() as house:
            house.db.write(lambda turn: demo.create_desk(turn, "640000"))
            workers = [make_worker(house, seed, name) for seed, name in ((17, "王一七"), (18, "王一八"))]
            for n, worker_id in enumerate(workers):
                house.db.write(
                    lambda turn, n=n, worker_id=worker_id: demo.create_worker(
                        turn, worker_id, f"劳动者{n}", f"Worker {n}", f"peer-{n}"
                    )
                )
            app = create_app(found.settings, house)
            origin = f"http://localhost:{found.port}"

            def sign_in(account: Account) -> int:
                client: FlaskClient = app.test_client()
                location = client.get("/login/oidc", base_url=origin).location
                return client.get(rogue.answer(location, account), base_url=origin).status_code

            for n, seed in enumerate((17, 18)):
                assert sign_in(Account(f"sub-{n}", number(seed))) == 303
            for n, seed in enumerate((18, 17)):
                assert sign_in(Account(f"sub-{n}", number(seed))) == 403
            with house.db.read() as conn:
                assert conn.scalar(sa.select(sa.func.count()).select_from(identity_mismatch)) == 2
        found.start()
        yield found
        found.kill()


def test_two_workers_on_their_way_to_the_provider_and_back(place: Trusting, tmp_path: Any) -> None:
    peers = {"alice": worker(place, "peer-0"), "bob": worker(place, "peer-1")}

    run(place, tmp_path, peers, "^/login/(oidc|left|again)", least=5, seconds=SECONDS)


def test_an_official_who_judges_accounts(place: Trusting, tmp_path: Any) -> None:
    handler = {"handler": worker(place, "handler")}

    run(place, tmp_path, handler, "^/(v1/)?desk/identity", least=4, seconds=SECONDS)

"""Controls that are taken away, one at a time (变异测试): for each, a named test goes red.

Rows are those of the threat list (security.md section 6). Each mutant is a copy of the tree with one control
removed; its test runs there in a process of its own. What is tested here is the tests: a control whose loss
nobody notices is one that the next change may lose.
"""

import dataclasses
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.faults.tree import ROOT, copied


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One control gone: in `path`, `before` becomes `after`; `test` must notice."""

    name: str
    row: int
    path: str
    before: str
    after: str
    test: str


ACCESS: Final = "recordsvc/access"
MUTANTS: Final = (
    Mutant(
        "objects of another worker are everybody's",
        1,
        f"{ACCESS}/grants.py",
        "return mine is not None and getattr(thing, self.owner, None) == mine",
        "return mine is not None",
        "tests/access/test_policy.py -k foreign_and_missing",
    ),
    Mutant(
        "a door admits whoever knocks",
        2,
        f"{ACCESS}/policy.py",
        "if not admits(who, declared.policy):",
        "if False:",
        "tests/access/test_policy.py -k exactly_whom",
    ),
    Mutant(
        "the proposer decides",
        17,
        "recordsvc/ground/two_person.py",
        "raise SamePerson",
        "pass",
        "tests/ground/test_two_person.py -k cannot_decide",
    ),
    Mutant(
        "a ceiling is counted and not held",
        20,
        f"{ACCESS}/usage.py",
        "AND used + :units <= :most RETURNING",
        "RETURNING",
        "tests/access/test_limits.py -k ceiling",
    ),
    Mutant(
        "a bound token opens for any key",
        24,
        f"{ACCESS}/binding.py",
        "if held != wanted.thumbprint:",
        "if False:",
        "tests/access/test_binding.py -k stolen_token",
    ),
    Mutant(
        "a bound token passes as a bearer's",
        24,
        f"{ACCESS}/binding.py",
        'if (wanted is not None and wanted.member == DPOP) != (scheme == "dpop"):',
        "if False:",
        "tests/access/test_binding.py",
    ),
    Mutant(
        "a proof works again",
        24,
        f"{ACCESS}/dpop.py",
        "if not self._db.write_grouped(_spend_all, (digest, until_ms)):",
        "if not self._db.write_grouped(_spend_all, (digest, until_ms)) and False:",
        "tests/access/test_binding.py -k works_once",
    ),
    Mutant(
        "a suspended client goes on",
        25,
        f"{ACCESS}/tokens.py",
        "if client is None or not client.active:",
        "if client is None:",
        "tests/access/test_tokens.py -k suspension",
    ),
    Mutant(
        "a client's ended key proves it",
        26,
        f"{ACCESS}/clients.py",
        "return self.revoked_ms is None and self.not_before_ms <= now_ms and not ended",
        "return True",
        "tests/access/test_assertions.py -k revoked_key",
    ),
    Mutant(
        "a token of another type is a token",
        28,
        f"{ACCESS}/tokens.py",
        "if header.typ != TYPE:",
        "if False:",
        "tests/access/test_hostile_tokens.py",
    ),
    Mutant(
        "a header may bring its own key along",
        28,
        f"{ACCESS}/jose.py",
        "if not members.keys() <= _HEADER_MEMBERS or",
        "if",
        "tests/access/test_hostile_tokens.py tests/access/test_tokens.py -k 'hostile'",
    ),
    Mutant(
        "an assertion works twice",
        30,
        f"{ACCESS}/assertions.py",
        "if not self._db.write(spend):",
        "if not self._db.write(spend) and False:",
        "tests/access/test_assertions.py -k works_once",
    ),
    Mutant(
        "an assertion may be addressed to several servers",
        30,
        f"{ACCESS}/jose.py",
        'if claims.get("iss") != issuer or claims.get("aud") != audience:',
        "if False:",
        "tests/access/test_assertions.py -k wrong_claim",
    ),
    Mutant(
        "the session from before the login lives on",
        31,
        f"{ACCESS}/sessions.py",
        "if former is not None:",
        "if False:",
        "tests/access/test_login.py -k ends_the_old",
    ),
    Mutant(
        "a session never grows idle",
        31,
        f"{ACCESS}/sessions.py",
        "if now >= ends_ms or now - seen_ms >= self._idle_ms:",
        "if now >= ends_ms:",
        "tests/access/test_login.py -k idle",
    ),
    Mutant(
        "a field that is not known is passed over",
        39,
        "recordsvc/ground/forms.py",
        "unknown = RAISE",
        'unknown = "exclude"',
        "tests/ground/test_http.py -k names_every_fault",
    ),
    Mutant(
        "a script name moves the doors",
        45,
        "recordsvc/ground/http.py",
        'if environ.get("SCRIPT_NAME") or not',
        "if not",
        "tests/ground/test_http.py -k script_name",
    ),
    Mutant(
        "personal answers may be kept by a cache",
        47,
        "recordsvc/ground/answers.py",
        'NO_STORE = "no-store"',
        'NO_STORE = "max-age=60"',
        "tests/ground/test_http.py -k safe_headers",
    ),
    Mutant(
        "numbers stand in log lines",
        53,
        "recordsvc/ground/observe.py",
        "data = masked(orjson.dumps(line, default=_kind_only, option=orjson.OPT_UTC_Z))",
        "data = orjson.dumps(line, default=_kind_only, option=orjson.OPT_UTC_Z)",
        "tests/ground/test_observe.py",
    ),
    Mutant(
        "a form of another site writes",
        56,
        f"{ACCESS}/entrance.py",
        "if not hmac.compare_digest(sent.encode(), csrf_token(who).encode()):",
        "if False:",
        "tests/access/test_policy.py -k without_its_token",
    ),
    Mutant(
        "a grave act asks for no fresh proof",
        56,
        f"{ACCESS}/policy.py",
        "if declared.step_up and who.session_id and not _proven(who, declared.policy, entrance):",
        "if False:",
        "tests/access/test_policy.py -k grave",
    ),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, in which controls are taken away and put back."""
    return copied(tmp_path_factory.mktemp("tree"))


def run(tree: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests in the copy, on SQLite where they ask for a database."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *shlex.split(tests)],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def missed(tree: Path, mutant: Mutant) -> None:
    """Take the control away, run its test, put it back; the test must have failed."""
    path = tree / mutant.path
    text = path.read_text("utf-8")
    assert text.count(mutant.before) == 1, f"{mutant.path} has changed: name the control anew"
    path.write_text(text.replace(mutant.before, mutant.after), "utf-8")
    try:
        told = run(tree, mutant.test)
    finally:
        path.write_text(text, "utf-8")

    # 1: tests failed. Anything else (nothing collected, the tree does not import) proves nothing.
    assert told.returncode == 1, told.stdout[-2000:]
    assert "failed" in told.stdout.splitlines()[-1], told.stdout[-2000:]


def standing(mutants: Iterable[Mutant]) -> None:
    """Each control stands once where its mutant says."""
    for mutant in mutants:
        text = (ROOT / mutant.path).read_text("utf-8")
        assert text.count(mutant.before) == 1, (mutant.name, mutant.path)


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_control_that_is_taken_away_is_missed(tree: Path, mutant: Mutant) -> None:
    missed(tree, mutant)


def test_the_controls_are_where_the_list_says() -> None:
    """Quick, so that who moves a control hears of it before the long tests run."""
    standing(MUTANTS)

"""The controls of signing in through a provider, taken away one at a time, as in `test_mutants.py`."""

from pathlib import Path
from typing import Final

import pytest

from tests.faults.test_mutants import Mutant, missed, standing, tree

__all__ = ["tree"]
OIDC: Final = "recordsvc/access/oidc"
LINKS: Final = "recordsvc/access/identity_links.py"
ROUTES: Final = "recordsvc/access/identity_routes.py"
ATTACKS: Final = "tests/oidc/test_attacks.py"
ACCOUNTS: Final = "tests/oidc/test_links.py"


def _token(name: str, row: int, before: str, after: str, test: str) -> Mutant:
    return Mutant(name, row, f"{OIDC}/idtoken.py", before, after, f"{ATTACKS} -k '{test}'")


MUTANTS: Final = (
    _token(
        "a token of another type is an ID token",
        29,
        "if header.typ not in _TYPES:",
        "if False:",
        "another_type",
    ),
    _token(
        "an audience of two is ours",
        28,
        "not in (expected.audience, [expected.audience]):",
        "is None:",
        "audience",
    ),
    _token(
        "another party's token is ours",
        28,
        'claims.get("azp", expected.audience)',
        "expected.audience",
        "party",
    ),
    _token("anybody's issuer is the issuer", 30, 'claims.get("iss") != expected.issuer', "False", "issuer"),
    _token(
        "a nonce is not compared",
        31,
        'not hmac.compare_digest(jose.text(claims, "nonce").encode(), attempt.nonce.encode())',
        "False",
        "nonce",
    ),
    _token("an expired token is good", 28, "if expires <= now_ms:", "if False:", "expired"),
    _token("a token of ten years is good", 28, "<= MOST_LIFE_MS:", ":", "ten"),
    _token("an old sign-in is a fresh one", 56, "if at < oldest - SKEW_MS:", "if False:", "days_ago or ago"),
    Mutant(
        "an old proof strengthens",
        56,
        f"{OIDC}/idtoken.py",
        "attempt.begun_ms if attempt.again else",
        "0 if attempt.again else",
        f"{ACCOUNTS} -k 'old_proof and sqlite'",
    ),
    Mutant(
        "an answer names whom it likes",
        31,
        f"{OIDC}/provider.py",
        "if named != self._known.issuer and (named is not None or said.names_itself):",
        "if False:",
        f"{ATTACKS} -k names_another",
    ),
    Mutant(
        "the assertion is for whom the metadata say",
        30,
        f"{OIDC}/provider.py",
        '"aud": self._known.issuer,',
        '"aud": self._directory.metadata().token,',
        f"{ATTACKS} -k alone",
    ),
    Mutant(
        "the metadata may be another's",
        30,
        f"{OIDC}/directory.py",
        'or said.get("issuer") != self._issuer:',
        "or False:",
        f"{ATTACKS} -k offers_less",
    ),
    Mutant(
        "an answer is anybody's who brings it",
        31,
        ROUTES,
        "own.browser == hashlib.sha256(browser).digest(),",
        "sa.true(),",
        f"{ATTACKS} -k 'another_browser'",
    ),
    Mutant(
        "an answer of another provider is this one's",
        31,
        ROUTES,
        "own.issuer == provider.issuer,",
        "sa.true(),",
        f"{ACCOUNTS} -k 'two_providers and sqlite'",
    ),
    Mutant(
        "an answer is good for ever",
        31,
        ROUTES,
        "return None if row.expires_ms <= turn.now_ms else",
        "return None if False else",
        f"{ATTACKS} -k ten_minutes",
    ),
    Mutant(
        "one subject is one account at all providers",
        32,
        LINKS,
        "canonical([who.issuer, who.subject])",
        "canonical([who.subject])",
        f"{ACCOUNTS} -k 'two_providers and sqlite'",
    ),
    Mutant(
        "a number that leads elsewhere is not looked at",
        32,
        LINKS,
        "if not _same_person(turn.conn, linked, owner):",
        "if False:",
        f"{ACCOUNTS} -k 'somebody_else and sqlite'",
    ),
    Mutant(
        "a second account takes the place of the first",
        32,
        LINKS,
        "if bytes(turn.conn.execute(mine).scalar_one()) != tag:",
        "if False:",
        f"{ACCOUNTS} -k 'second_account_with and sqlite'",
    ),
    Mutant(
        "a doubtful number is as good as any",
        32,
        "recordsvc/people/resolve.py",
        "return owner.worker_id if hit.standing in CERTAIN else None",
        "return owner.worker_id",
        f"{ACCOUNTS} -k 'doubtful and sqlite'",
    ),
    Mutant(
        "the provider's addresses are asked wherever they lie",
        33,
        "recordsvc/ground/outbound.py",
        "and parts.netloc.lower() in hosts",
        "and True",
        f"{ATTACKS} -k elsewhere",
    ),
    Mutant(
        "an answer may be of any size",
        34,
        "recordsvc/ground/outbound.py",
        "MOST_BYTES: Final = 128 * 1024",
        "MOST_BYTES: Final = 128 * 1024 * 1024",
        f"{ATTACKS} -k megabytes",
    ),
    Mutant(
        "whoever sends byte by byte is waited for",
        34,
        "recordsvc/ground/outbound.py",
        "    timer.start()",
        "    timer.interval = 3_600.0\n    timer.start()",
        f"{ATTACKS} -k 'drip and jwks'",
    ),
    Mutant(
        "every unknown key id asks the provider",
        34,
        f"{OIDC}/directory.py",
        "if (due or wanted) and cool:",
        "if due or wanted:",
        f"{ATTACKS} -k flood",
    ),
    Mutant(
        "old keys are good for ever",
        34,
        f"{OIDC}/directory.py",
        "if now - self._good_ms >= self._stale_ms:",
        "if False:",
        f"{ATTACKS} -k not_for_ever",
    ),
)


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_control_of_the_provider_that_is_taken_away_is_missed(tree: Path, mutant: Mutant) -> None:
    missed(tree, mutant)


def test_the_controls_of_the_provider_are_where_the_list_says() -> None:
    standing(MUTANTS)

"""Whose an account is: matched once by number, then by itself; contradictions go to two officials."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import create_app
from recordsvc.access import areas, identity_links
from recordsvc.access.oidc.provider import open_provider
from recordsvc.access.services import Access
from recordsvc.access.sessions import cookie_of
from recordsvc.access.tables import identity_link, identity_mismatch, session, worker_identity
from recordsvc.archive import erasing
from recordsvc.archive.noticeboard import of_workers
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import merges, synthetic, tables
from recordsvc.settings import SettingsError
from tests.access.conftest import Person
from tests.oidc.conftest import Browser, make_worker, number, trusting
from tests.oidc.rogue import Account, Rogue, serving

WANG = Account("sub-wang", number(17))
LI = Account("sub-li", number(18))
NOBODY = number(99)
Enter = Callable[[str], Person]


@pytest.fixture
def enter(app: flask.Flask) -> Enter:
    def sign_in(kind: str) -> Person:
        client = app.test_client()
        answer = client.post("/login/demo", json={"kind": kind})
        assert answer.status_code == 200, answer.text
        return Person(client, answer.json["csrf_token"])

    return sign_in


def text(worker_id: bytes) -> str:
    return str(uuid.UUID(bytes=worker_id))


def rows(house: House, table: sa.Table) -> list[Any]:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(table)))


def told(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in of_workers(house, conn, [worker_id])]


def code(answer: Any) -> str:
    return str(answer.json["code"])


def decided(enter: Enter, decision: str, *, approve: bool = True) -> Any:
    """Two officials deal with the one mismatch there is."""
    first, second = enter("handler"), enter("reviewer")
    (waiting,) = first.get("/v1/desk/identity").json["items"]
    made = first.post(
        f"/v1/desk/identity/{waiting['mismatch_id']}", {"decision": decision, "reason": "已核对"}
    )
    assert made.status_code == 202, made.text
    path = f"/v1/desk/proposals/{made.json['proposal_id']}/decide"
    alone = first.post(path, {"approve": approve, "reason": "自己"})
    assert alone.status_code == 403
    return second.post(path, {"approve": approve, "reason": "同意"})


# -- once by number, then by the account


def test_the_number_links_once_and_the_account_signs_in_from_then_on(
    browser: Browser, house: House, wang: bytes, clock: FixedClock
) -> None:
    assert browser.back(WANG).status_code == 303
    assert browser.back(WANG).status_code == 303
    assert browser.who() == text(wang)
    (link,) = rows(house, identity_link)
    (own,) = rows(house, worker_identity)
    assert (bytes(link.worker_id), bytes(own.worker_id), own.issuer) == (wang, wang, browser.rogue.issuer)
    assert told(house, wang).count("credential-added") == 1


def test_a_number_is_stored_nowhere_and_the_account_only_as_a_keyed_tag(
    browser: Browser, house: House, wang: bytes
) -> None:
    browser.back(WANG)
    held = [bytes(value) for row in rows(house, identity_link) for value in row]
    assert sorted(len(value) for value in held) == [16, 32]
    everything = repr(rows(house, identity_link) + rows(house, worker_identity) + rows(house, session))
    assert WANG.number not in everything
    assert WANG.subject not in everything


@pytest.mark.parametrize("claimed", [NOBODY, "64010419900506002X", "no number", "１２３", ""])
def test_a_number_that_nobody_has_creates_nobody_and_says_where_to_go(
    browser: Browser, house: House, wang: bytes, claimed: str
) -> None:
    before = len(rows(house, tables.worker))
    answer = browser.back(Account("sub-new", claimed))
    assert code(answer) == ("identity-unknown" if claimed else "identity-refused")
    assert len(rows(house, tables.worker)) == before
    assert rows(house, identity_link) == []
    if claimed:
        assert "窗口" in answer.json["remedy"]
        assert claimed not in answer.text


def test_a_number_as_people_type_it_leads_to_the_same_person(browser: Browser, wang: bytes) -> None:
    wide = "".join(chr(ord(one) + 0xFEE0) for one in WANG.number)
    assert browser.back(Account("sub-wang", wide)).status_code == 303
    assert browser.who() == text(wang)


def test_a_doubtful_number_links_nobody(browser: Browser, house: House, wang: bytes) -> None:
    index = tables.blind_index
    house.db.write(lambda turn: turn.conn.execute(index.update().values(standing="disputed")))
    assert code(browser.back(WANG)) == "identity-unknown"


def test_an_account_that_was_linked_waits_while_its_number_is_in_doubt(
    browser: Browser, house: House, wang: bytes
) -> None:
    browser.back(WANG)
    index = tables.blind_index
    house.db.write(lambda turn: turn.conn.execute(index.update().values(standing="disputed")))
    assert code(browser.back(WANG)) == "identity-differs"


def test_a_card_number_links_once_the_card_is_known_to_be_its_holders(
    app: flask.Flask, house: House, wang: bytes, rogue: Rogue
) -> None:
    card = synthetic.card_number(5)
    index = tables.blind_index
    names = [column.name for column in index.columns]

    def give(turn: Any) -> None:
        made = house.people.index_rows(wang, b"\x05" * 16, "card", card, "claimed")
        turn.conn.execute(index.insert(), [dict(zip(names, row, strict=True)) for row in made])

    def confirm(turn: Any) -> None:
        turn.conn.execute(index.update().where(index.c.kind == "card").values(standing="verified"))

    settings = trusting(house.settings, rogue.issuer, oidc_claim_kind="card")
    browser = Browser(create_app(settings, dataclasses.replace(house, settings=settings)), rogue)
    house.db.write(give)
    assert code(browser.back(Account("sub-wang", card))) == "identity-unknown"
    house.db.write(confirm)
    assert browser.back(Account("sub-wang", card)).status_code == 303
    assert browser.who() == text(wang)


def test_a_kind_of_number_that_nobody_is_found_by_stops_the_start(house: House, app: flask.Flask) -> None:
    settings = trusting(house.settings, "http://127.0.0.1:1", oidc_claim_kind="shoe-size")
    with pytest.raises(SettingsError, match="oidc_claim_kind"):
        open_provider(settings, house.clock, house.random, app.extensions["access"].tokens.sign)


def test_accounts_of_two_providers_with_one_subject_are_two_accounts(
    browser: Browser, house: House, wang: bytes, li: bytes, clock: FixedClock
) -> None:
    same = "7"
    assert browser.back(Account(same, WANG.number)).status_code == 303
    second = Rogue(clock)
    with serving(second.respond) as address:
        second.issuer = address
        settings = trusting(house.settings, address)
        other = Browser(create_app(settings, dataclasses.replace(house, settings=settings)), second)
        assert other.back(Account(same, LI.number)).status_code == 303
        assert (browser.who(), other.who()) == (text(wang), text(li))
        # A sign-in that began at one provider is never finished at the other, not even in the same browser.
        begun = browser.rogue.answer(browser.leave(), WANG, iss=address)
        cookie = browser.client.get_cookie("recordsvc-demo-login")
        assert cookie is not None
        other.client.set_cookie("recordsvc-demo-login", cookie.value)
        shown = second.paths().count("/token")
        assert code(other.client.get(begun)) == "identity-refused"
        assert second.paths().count("/token") == shown
    assert {bytes(row.worker_id) for row in rows(house, identity_link)} == {wang, li}


# -- what contradicts


def test_a_subject_that_was_given_to_somebody_else_opens_neither_archive(
    browser: Browser, another: Callable[[], Browser], house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    newcomer = another()
    answer = newcomer.back(Account("sub-wang", LI.number))
    assert code(answer) == "identity-differs"
    assert newcomer.who() is None
    (found,) = rows(house, identity_mismatch)
    assert (bytes(found.worker_id), bytes(found.found_id)) == (wang, li)
    assert (found.kind, found.state) == ("differs", "open")
    assert [bytes(row.worker_id) for row in rows(house, identity_link)] == [wang]
    # Whoever is signed in stays so, and the right person still comes in.
    assert browser.who() == text(wang)
    assert browser.back(WANG).status_code == 303


def test_a_mismatch_is_one_case_however_often_it_is_tried(
    browser: Browser, house: House, wang: bytes, li: bytes, clock: FixedClock
) -> None:
    browser.back(WANG)
    for _ in range(3):
        clock.advance(1_000)
        browser.back(Account("sub-wang", LI.number))
    (found,) = rows(house, identity_mismatch)
    assert found.seen_ms - found.opened_ms == 2_000


def test_a_second_account_with_the_number_of_a_linked_worker_waits_for_officials(
    browser: Browser, house: House, wang: bytes
) -> None:
    browser.back(WANG)
    assert code(browser.back(Account("sub-other", WANG.number))) == "identity-differs"
    (found,) = rows(house, identity_mismatch)
    assert (found.kind, found.found_id, bytes(found.worker_id)) == ("second", None, wang)


def test_two_officials_move_an_account_to_whose_number_it_has(
    browser: Browser, another: Callable[[], Browser], enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    reassigned = Account("sub-wang", LI.number)
    browser_li = another()
    browser_li.back(reassigned)
    assert decided(enter, "move").status_code in (200, 204)
    assert browser.who() is None
    assert browser_li.back(reassigned).status_code == 303
    assert browser_li.who() == text(li)
    assert "credential-ended" in told(house, wang)
    assert "credential-added" in told(house, li)
    assert enter("handler").get("/v1/desk/identity").json["items"] == []


def test_two_officials_end_a_link_whose_number_leads_to_nobody(
    browser: Browser, enter: Enter, house: House, wang: bytes
) -> None:
    browser.back(WANG)
    browser.back(Account("sub-wang", NOBODY))
    assert decided(enter, "move").status_code in (200, 204)
    assert rows(house, identity_link) == []
    assert code(browser.back(Account("sub-wang", NOBODY))) == "identity-unknown"


def test_an_account_moved_to_a_worker_who_has_one_belongs_to_nobody_until_that_is_judged(
    browser: Browser, enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(LI)
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    assert decided(enter, "move").status_code in (200, 204)
    assert [bytes(row.worker_id) for row in rows(house, identity_link)] == [li]
    assert code(browser.back(Account("sub-wang", LI.number))) == "identity-differs"
    assert browser.back(LI).status_code == 303


def test_two_officials_put_a_second_account_in_the_place_of_the_first(
    browser: Browser, enter: Enter, house: House, wang: bytes
) -> None:
    browser.back(WANG)
    newer = Account("sub-other", WANG.number)
    browser.back(newer)
    assert decided(enter, "move").status_code in (200, 204)
    assert browser.back(newer).status_code == 303
    assert browser.who() == text(wang)
    assert code(browser.back(WANG)) == "identity-differs"


def test_a_link_that_is_kept_stays_shut_until_the_number_fits_again(
    browser: Browser, enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    wrong = Account("sub-wang", LI.number)
    browser.back(wrong)
    assert decided(enter, "keep").status_code in (200, 204)
    assert code(browser.back(wrong)) == "identity-differs"
    (found,) = rows(house, identity_mismatch)
    assert found.state == "kept"
    assert browser.back(WANG).status_code == 303
    # Elsewhere again is news.
    browser.back(Account("sub-wang", NOBODY))
    (found,) = rows(house, identity_mismatch)
    assert (found.state, found.found_id) == ("open", None)


def test_a_refused_proposal_changes_nothing(
    browser: Browser, enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    assert decided(enter, "move", approve=False).status_code in (200, 204)
    (found,) = rows(house, identity_mismatch)
    assert found.state == "open"
    assert browser.back(WANG).status_code == 303


def test_a_proposal_is_stale_once_the_number_leads_elsewhere(
    browser: Browser, enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    first, second = enter("handler"), enter("reviewer")
    (waiting,) = first.get("/v1/desk/identity").json["items"]
    made = first.post(f"/v1/desk/identity/{waiting['mismatch_id']}", {"decision": "move", "reason": "已核对"})
    browser.back(Account("sub-wang", NOBODY))
    answer = second.post(
        f"/v1/desk/proposals/{made.json['proposal_id']}/decide", {"approve": True, "reason": "同意"}
    )
    assert code(answer) == "proposal-stale"


def test_officials_of_another_area_and_those_who_are_nobody_of_it_see_no_mismatch(
    browser: Browser, enter: Enter, app: flask.Flask, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    (found,) = rows(house, identity_mismatch)
    where = f"/v1/desk/identity/{text(bytes(found.mismatch_id))}"
    assert browser.client.get("/v1/desk/identity").status_code == 403
    assert app.test_client().get("/v1/desk/identity").status_code == 401
    assert enter("auditor").get("/v1/desk/identity").status_code == 403
    house.db.write(lambda turn: areas.place_worker(turn, wang, "110101", "test"))
    # The desk of the demo is that of region 64.
    stranger = enter("handler")
    house.db.write(lambda turn: _narrow(turn, "6401"))
    app.extensions["access"].officials.find("demo-handler")
    body = {"decision": "keep", "reason": "已核对"}
    assert stranger.get("/v1/desk/identity").json["items"] == []
    answer = stranger.post(where, body)
    unknown = stranger.post(f"/v1/desk/identity/{uuid.UUID(int=7)}", body)
    assert (answer.status_code, answer.json["code"]) == (404, "mismatch-unknown")
    assert unknown.json == answer.json


def _narrow(turn: Any, area: str) -> None:
    from recordsvc.access import officials
    from recordsvc.access.tables import official_role
    from recordsvc.ground import versions

    turn.conn.execute(official_role.update().values(area=area))
    versions.bump(turn, officials.REGISTER)


# -- merges and erasures


def test_a_link_follows_a_merge_and_comes_back_with_its_end(
    browser: Browser, house: House, wang: bytes, li: bytes
) -> None:
    browser.back(WANG)
    house.db.write(lambda turn: merges.link(turn, wang, li))
    assert browser.back(WANG).status_code == 303
    assert browser.who() == text(li)
    # Any number of the merged person is the person's.
    assert browser.back(Account("sub-wang", LI.number)).status_code == 303
    house.db.write(lambda turn: merges.unlink(turn, wang, li))
    assert browser.back(WANG).status_code == 303
    assert browser.who() == text(wang)
    assert rows(house, identity_mismatch) == []


def test_a_link_made_after_a_merge_stays_with_the_archive_of_the_number(
    browser: Browser, house: House, wang: bytes, li: bytes
) -> None:
    house.db.write(lambda turn: merges.link(turn, wang, li))
    browser.back(WANG)
    assert browser.who() == text(li)
    house.db.write(lambda turn: merges.unlink(turn, wang, li))
    browser.back(WANG)
    assert browser.who() == text(wang)


@pytest.mark.parametrize("which", ["linked", "found"])
def test_nothing_of_an_account_stays_of_an_erased_worker(
    browser: Browser, house: House, wang: bytes, li: bytes, which: str
) -> None:
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    erased = wang if which == "linked" else li
    house.db.write(lambda turn: erasing.forget(turn, erased))
    assert rows(house, identity_mismatch) == []
    left = [] if which == "linked" else [wang]
    assert [bytes(row.worker_id) for row in rows(house, identity_link)] == left
    assert [bytes(row.worker_id) for row in rows(house, worker_identity)] == left


# -- a proof of the moment


def authenticated_ms(house: House) -> int:
    (row,) = rows(house, session)
    return int(row.authenticated_ms)


def test_a_session_is_as_fresh_as_the_proof_at_the_provider(
    browser: Browser, rogue: Rogue, house: House, wang: bytes, clock: FixedClock
) -> None:
    hour_ago = clock.now_ms() // 1000 - 3_600
    rogue.claims = {"auth_time": hour_ago}
    browser.back(WANG)
    assert authenticated_ms(house) == hour_ago * 1000
    assert code(browser.client.get("/account/pin", headers={"Accept": "application/json"})) == "step-up"


def test_a_worker_proves_anew_at_the_provider(
    browser: Browser, rogue: Rogue, house: House, wang: bytes, clock: FixedClock
) -> None:
    browser.back(WANG)
    clock.advance(600_000)
    page = browser.client.get("/login/again", headers={"Accept": "text/html"}).text
    assert "/login/oidc/again" in page
    location = browser.leave("/login/oidc/again")
    assert (rogue.sent(location)["prompt"], rogue.sent(location)["max_age"]) == ("login", "0")
    cookie = browser.cookie
    answer = browser.back(WANG, location)
    assert (answer.status_code, answer.location) == (303, "/me/sessions")
    assert authenticated_ms(house) == clock.now_ms()
    assert browser.cookie == cookie


def test_an_old_proof_is_none(browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock) -> None:
    browser.back(WANG)
    clock.advance(600_000)
    rogue.claims = {"auth_time": clock.now_ms() // 1000 - 300}
    assert code(browser.back(WANG, browser.leave("/login/oidc/again"))) == "identity-refused"


def test_somebody_elses_proof_is_none(
    browser: Browser, house: House, wang: bytes, li: bytes, clock: FixedClock
) -> None:
    browser.back(WANG)
    before = authenticated_ms(house)
    clock.advance(600_000)
    assert code(browser.back(LI, browser.leave("/login/oidc/again"))) == "identity-refused"
    assert authenticated_ms(house) == before
    assert browser.who() == text(wang)


def test_a_proof_for_a_session_that_has_ended_is_none(browser: Browser, wang: bytes) -> None:
    browser.back(WANG)
    location = browser.leave("/login/oidc/again")
    browser.client.delete_cookie("recordsvc-demo")
    assert code(browser.back(WANG, location)) == "identity-refused"
    assert browser.who() is None


def test_only_a_worker_at_their_own_session_proves_anew(enter: Enter, app: flask.Flask) -> None:
    assert enter("handler").get("/login/oidc/again").status_code == 403
    assert app.test_client().get("/login/oidc/again").status_code == 401


# -- the pages


def test_the_page_of_signing_in_offers_the_provider_by_name(app: flask.Flask) -> None:
    page = app.test_client().get("/login", headers={"Accept": "text/html"}).text
    assert 'href="/login/oidc"' in page
    assert "统一身份认证" in page


def test_the_own_page_names_the_provider_as_a_way_in(browser: Browser, enter: Enter, wang: bytes) -> None:
    browser.back(WANG)
    page = browser.client.get("/me/sessions", headers={"Accept": "text/html"}).text
    assert "已经可以用它登录" in page
    assert "请设置一种登录方式" not in page
    assert "已经可以用它登录" not in enter("handler").get("/desk/sessions").text


def test_signing_out_leads_to_signing_out_at_the_provider(
    browser: Browser, rogue: Rogue, wang: bytes
) -> None:
    browser.back(WANG)
    token = browser.client.get("/v1/session").json["csrf_token"]
    answer = browser.client.post("/logout", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/login/left")
    assert browser.who() is None
    page = browser.client.get("/login/left").text
    assert f"{rogue.issuer}/end?client_id=" in page
    assert "id_token_hint" not in page


def test_signing_out_of_another_way_in_leads_home(enter: Enter) -> None:
    person = enter("handler")
    answer = person.browser.post("/logout", data={"csrf_token": person.csrf})
    assert answer.location == "/"


def test_the_page_of_mismatches_proposes_and_says_what_is_missing(
    browser: Browser, enter: Enter, house: House, wang: bytes, li: bytes
) -> None:
    handler = enter("handler")
    html = {"headers": {"Accept": "text/html"}}
    assert "没有需要核对的账号" in handler.browser.get("/desk/identity", **html).text
    browser.back(WANG)
    browser.back(Account("sub-wang", LI.number))
    page = handler.browser.get("/desk/identity", **html).text
    assert "账号的号码指向了别处" in page
    assert f"/desk/workers/{text(li)}" in page
    assert WANG.number not in page
    (found,) = rows(house, identity_mismatch)
    where = f"/desk/identity/{text(bytes(found.mismatch_id))}"
    fields = {"csrf_token": handler.csrf, "decision": "move", "once": "a" * 32}
    empty = handler.browser.post(where, data=fields | {"reason": " "}, **html)
    assert (empty.status_code, "理由：" in empty.text) == (422, True)
    made = handler.browser.post(where, data=fields | {"reason": "已核对身份证"}, **html)
    assert made.status_code == 303
    proposal = handler.browser.get(made.location, **html).text
    assert "改变账号的对应" in proposal
    assert "号码所在的档案" in proposal


# -- where no provider is


@pytest.fixture
def without(house: House) -> flask.Flask:
    settings = dataclasses.replace(house.settings, oidc_issuer="")
    return create_app(settings, dataclasses.replace(house, settings=settings))


def test_without_a_provider_there_are_no_such_doors(without: flask.Flask) -> None:
    client = without.test_client()
    assert client.get("/login/oidc").status_code == 404
    assert client.get("/login/oidc/callback?code=x&state=y").status_code == 404
    assert "/login/oidc" not in client.get("/login", headers={"Accept": "text/html"}).text
    found: Access = without.extensions["access"]
    assert found.provider is None


def test_outside_the_demo_the_cookie_of_the_way_is_bound_to_host_and_https(
    app: flask.Flask, browser: Browser
) -> None:
    production = dataclasses.replace(app.extensions["settings"], environment="test")
    app.extensions["access"].sessions.cookie = cookie_of(production)
    left = browser.client.get("/login/oidc")
    (cookie,) = left.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-recordsvc-login=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert word in cookie
    assert "Domain" not in cookie


def test_two_at_once_link_one_account_once(house: House, wang: bytes, li: bytes) -> None:
    """Whoever comes second finds what the first has written, whatever was read before."""
    put = identity_links._put
    first, second = b"\x01" * 32, b"\x02" * 32
    assert house.db.write(lambda turn: put(turn, wang, "https://op", first))
    assert not house.db.write(lambda turn: put(turn, wang, "https://op", second))
    assert not house.db.write(lambda turn: put(turn, li, "https://op", first))
    assert house.db.write(lambda turn: put(turn, wang, "https://op", first))
    assert make_worker(house, 40) != wang

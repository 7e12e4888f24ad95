"""Doors of staff: invited and coming in; the people of one's own institution."""

from typing import Any, Final

import flask

from recordsvc.access import activating, acts, backoff, codes, proving, staff
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credentials import Holder
from recordsvc.access.entering import entered, network, newcomer
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    InvitationRefused,
    LoginPaced,
    LoginRefused,
    StaffRefused,
    StaffUnknown,
    StepUpRequired,
)
from recordsvc.access.forms import EmptyForm, JsonOrFields, SessionForm
from recordsvc.access.grants import Kind, Position
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house, reference
from recordsvc.access.sessions import Method
from recordsvc.access.staff_forms import (
    AcceptForm,
    InvitedForm,
    InviteForm,
    NewCodeForm,
    OneTimeCodeForm,
    PeopleForm,
    PositionForm,
    StaffLoginForm,
)
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound, Unauthenticated


def institution() -> str:
    """Return the institution of whoever asks."""
    found = actor().institution
    if found is None:
        raise Unauthenticated
    return found


# -- coming in


@door(
    bp,
    "POST",
    "/login/invitation",
    policy="session.begin",
    body=JsonOrFields(AcceptForm),
    answer={200: SessionForm, 303: None},
    problems=(InvitationRefused,),
    summary="凭邀请码加入单位 / Become a person of an institution by its invitation",
)
def accept_invitation(form: dict[str, str]) -> flask.Response:
    """Use the code once; the account is made and signed in."""
    place, sessions, comes = house(), access().sessions, newcomer()

    def enter(turn: Turn) -> str:
        staff_id = staff.accept(turn, place.keys, place.random, form["code"])
        return comes.begin(turn, place, sessions, Holder(Kind.STAFF, staff_id), Method.CODE)

    return entered(place.db.write(enter))


@door(
    bp,
    "POST",
    "/login/staff",
    policy="session.begin",
    body=JsonOrFields(StaffLoginForm),
    answer={200: SessionForm, 303: None},
    problems=(LoginRefused, LoginPaced),
    summary="单位人员用一次性登录码登录 / Sign in as a person of an institution with a one-time code",
)
def staff_login(form: dict[str, str]) -> flask.Response:
    """Sign in. Unknown account and wrong code are answered alike."""
    place, sessions, comes = house(), access().sessions, newcomer()
    own = Holder(Kind.STAFF, form["staff_id"])
    paced = proving.admitted(place, backoff.account(place.keys, own.kind, own.id), network())
    claim = proving.by_code(place, own, form["code"])
    return entered(
        proving.finish(
            place, claim, lambda turn, who: comes.begin(turn, place, sessions, who, claim.method), paced
        )
    )


# -- one's own institution


@door(
    bp,
    "GET",
    "/v1/centre/people",
    policy="centre.people.read",
    answer=PeopleForm,
    summary="本单位人员 / The people of one's own institution",
)
def list_people() -> flask.Response:
    """List people with their positions, and open invitations."""
    with house().db.read() as conn:
        people = staff.of_institution(conn, institution())
        invited = staff.invitations(conn, institution(), house().clock.now_ms())
    return answers.answer({"items": people, "invitations": invited}, form=PeopleForm)


@door(
    bp,
    "POST",
    "/v1/centre/invitations",
    policy="centre.people.change",
    body=InviteForm,
    step_up=True,
    answer={201: InvitedForm},
    problems=(StaffRefused,),
    summary="邀请人员 / Invite somebody by name to a position",
)
def invite(form: dict[str, Any]) -> flask.Response:
    """Make an invitation for seven days; the institution is told."""
    code = invited(form["name"], form["position"], form["until_ms"])
    expires = house().clock.now_ms() + staff.INVITATION_MS
    return answers.answer({"code": code, "expires_ms": expires}, 201, form=InvitedForm)


@door(
    bp,
    "POST",
    "/v1/centre/invitations/<id:invitation_id>/end",
    policy="centre.people.change",
    body=EmptyForm,
    answer={204: None},
    problems=(NotFound,),
    summary="收回邀请 / Take back an invitation that nobody has used",
)
def end_invitation(invitation_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Take it back: its code lets nobody in any more."""
    uninvited(invitation_id)
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/centre/people/<staff_id>/end",
    policy="centre.people.change",
    body=PositionForm,
    answer={204: None},
    problems=(StaffUnknown, StaffRefused),
    summary="收回岗位 / End a position of one's own people",
)
def end_position(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """End a position from the next request on."""
    ended(staff_id, form["position"])
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/centre/people/<staff_id>/close",
    policy="centre.people.change",
    body=EmptyForm,
    answer={204: None},
    problems=(StaffUnknown, StaffRefused),
    summary="停用人员账号 / Close an account of one's own people",
)
def close_account(staff_id: str, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Close an account; its sessions end with it."""
    closed(staff_id)
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/centre/people/<staff_id>/code",
    policy="centre.people.change",
    body=NewCodeForm,
    step_up=True,
    answer=OneTimeCodeForm,
    problems=(StaffUnknown, StaffRefused, StepUpRequired),
    summary="为本单位人员生成一次性登录码 / Make a one-time login code for one's own people",
)
def code_for_own(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """Make a code that the head hands over; an earlier one ends."""
    return answers.answer({"code": new_code(staff_id, institution(), **form)}, form=OneTimeCodeForm)


# -- shared with the pages


def invited(name: str, position: str, until_ms: int | None) -> str:
    """Invite to the institution of whoever asks; the code. Raises `StaffRefused`.

    Whoever has the code is a person of the institution, also the second one of what takes two: the list of
    acts has it, and the institution is told, so that its other heads see what one of them does.
    """
    place, own, who, by = house(), institution(), actor(), reference()

    def act(turn: Turn) -> str:
        code = staff.invite(turn, place.keys, place.random, own, name, Position(position), until_ms, by=by)
        acts.note(turn, place.random, OfficialAct(who, Act.STAFF_INVITED, own, position))
        place.tell_institution(turn, own, "staff-invited", {}, place.random.bytes(16).hex())
        return code

    return place.db.write(act)


def uninvited(invitation_id: bytes) -> None:
    """Take back an invitation to the institution of whoever asks. Raises `NotFound`."""
    place, own, who = house(), institution(), actor()

    def act(turn: Turn) -> None:
        position = staff.take_back(turn, own, invitation_id)
        acts.note(turn, place.random, OfficialAct(who, Act.STAFF_UNINVITED, own, position))

    place.db.write(act)


def ended(staff_id: str, position: str) -> None:
    """End a position at the institution of whoever asks. Raises `StaffUnknown`, `StaffRefused`."""
    place, own, who, by = house(), institution(), actor(), reference()

    def act(turn: Turn) -> None:
        staff.known(turn.conn, staff_id, own)
        if staff.end(turn, staff_id, Position(position), by=by):
            acts.note(turn, place.random, OfficialAct(who, Act.STAFF_ENDED, staff_id, position))

    place.db.write(act)


def closed(staff_id: str) -> None:
    """Close an account at the institution of whoever asks. Raises `StaffUnknown`, `StaffRefused`."""
    place, own, who, sessions = house(), institution(), actor(), access().sessions

    def act(turn: Turn) -> None:
        staff.known(turn.conn, staff_id, own)
        staff.close(turn, staff_id)
        sessions.end_all(turn, Kind.STAFF, staff_id)
        acts.note(turn, place.random, OfficialAct(who, Act.STAFF_CLOSED, staff_id, own))

    place.db.write(act)


def new_code(staff_id: str, own: str, *, lost: bool = False) -> str:
    """Make a one-time code for another person of this institution; both are told.

    `lost` (挂失) ends every way in and sign-in first, for whoever has a passkey and no more the device.
    Raises `StaffUnknown`, `StaffRefused` where a code alone would let nobody in.
    """
    place, who = house(), actor()

    def act(turn: Turn) -> str:
        member = staff.known(turn.conn, staff_id, own)
        if member.staff_id == who.id:
            # A code proves who one is: made by oneself it proves nothing.
            raise StaffRefused(errors=[{"pointer": "", "code": "value", "detail": _OWN_CODE}])
        holder, key = Holder(Kind.STAFF, member.staff_id), f"{member.staff_id}/{turn.now_ms}"
        if lost:
            activating.end_everything(turn, place, holder, key)
        elif proving.bound_to_passkey(place, turn.conn, holder):
            raise StaffRefused(errors=[{"pointer": "/lost", "code": "value", "detail": _HAS_PASSKEY}])
        # Whoever has the code is that person: the institution and they themselves see that it was made, and
        # they see by whom. They have no address here: it stands on their own page of sign-ins.
        done = Act.STAFF_LOST if lost else Act.STAFF_CODE
        acts.note(turn, place.random, OfficialAct(who, done, member.staff_id, own))
        kind = "login-lost-own" if lost else "login-code-own"
        place.tell_institution(turn, own, kind, {"staff_id": member.staff_id}, key)
        return codes.create(turn, place.keys, place.random, staff.code_name(member.staff_id))

    return place.db.write(act)


_OWN_CODE: Final = "登录码由他人生成；请另一名经办负责人办理，没有的请登记机关两人办理"
_HAS_PASSKEY: Final = "此人已设通行密钥，单凭登录码不能登录；设备丢失的，请先挂失"

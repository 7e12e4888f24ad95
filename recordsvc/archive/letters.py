"""Notices that leave the house (通知外发): to the worker's phone, or on paper where the text asks for it."""

import uuid
from typing import TYPE_CHECKING, Final

from recordsvc.archive import farewell, noticeboard
from recordsvc.archive.noticeboard import Notice
from recordsvc.archive.notices import TOPIC, on_paper
from recordsvc.archive.wording import worded
from recordsvc.ground.messengers import ConsoleMessenger, FileMessenger
from recordsvc.ground.outbox import Compose, Deliverer, Waiting, Way
from recordsvc.ground.ports import Letter, Messenger, Undeliverable
from recordsvc.people import contacts

if TYPE_CHECKING:
    from recordsvc.house import House

SIGNATURE: Final = "【职业技能培训档案】"


def deliverer(house: "House") -> Deliverer:
    """Return what delivers this house's messages, as its settings say."""
    return Deliverer(house.db, composer(house), messenger(house))


def messenger(house: "House") -> Messenger | None:
    """Return the messenger of the settings; None: everything goes on paper."""
    if house.settings.messenger == "print":
        return None
    if house.settings.messenger == "console":
        return ConsoleMessenger()
    return FileMessenger(house.settings.messages_path)


def composer(house: "House") -> Compose:
    """Return what makes letters of this house's messages."""
    return lambda message: _compose(house, message)


def worker_of(message: Waiting) -> bytes:
    """Return whom a message is to."""
    return bytes.fromhex(message.recipient.removeprefix("worker:"))


def last_notice(message: Waiting) -> Notice:
    """Return what the last notice to an erased person says; it stands on no board."""
    return Notice(message.id, message.kind, {}, message.put_ms)


def _compose(house: "House", message: Waiting) -> Letter | Way:
    if message.topic == farewell.TOPIC:
        phone = farewell.opened(house, worker_of(message), message).phone
        return Way.PRINT if phone is None else _letter(house, message, last_notice(message), phone)
    if message.topic != TOPIC:
        raise Undeliverable
    worker_id = worker_of(message)
    with house.db.read() as conn:
        notice = noticeboard.one_of(house, conn, worker_id, bytes.fromhex(message.params["notice"]))
    phone = None if notice is None else _phone(house, worker_id, message)
    if notice is None:
        return Way.VOID
    if phone is None:
        # Who has read it in the archive needs no paper.
        return Way.PRINT if on_paper(message.kind, notice.at_ms) and notice.read_ms is None else Way.VOID
    return _letter(house, message, notice, phone)


def _letter(house: "House", message: Waiting, notice: Notice, phone: str) -> Letter:
    text = worded(house, "worker", notice)
    return Letter(uuid.UUID(bytes=message.id), f"{SIGNATURE}{text.title_zh}：{text.text_zh}", phone)


def _phone(house: "House", worker_id: bytes, message: Waiting) -> str | None:
    """Return where the person was reached when the message was put, whatever they changed since."""
    with house.db.read_raw() as cursor:
        if "to" in message.params:
            owner = house.people.load(cursor, bytes.fromhex(message.params["of"]))
            sealed = bytes.fromhex(message.params["to"])
            return None if owner is None or not sealed else contacts.opened(owner, sealed)
        # Put by an earlier version, without an address.
        worker = house.people.load(cursor, worker_id)
        if worker is None:
            return None
        person = house.people.person(cursor, worker)
        found = contacts.phone_of(house.people, cursor, person)
        return found or contacts.phone_of(house.people, cursor, worker)

"""Codes the demo makes itself: unified social credit codes, certificate numbers, record ids.

Numbers of people and cards come from `recordsvc.people.synthetic`. All of it is made up; any
coincidence with a real person or unit is accidental.
"""

import datetime as dt
import random
import uuid

from recordsvc.people.checks import organisation_check, uscc_check

_BEIJING = dt.timezone(dt.timedelta(hours=8))


def uscc(registrar: str, division: str, organisation: str) -> str:
    """Return a unified social credit code (统一社会信用代码) around an organisation of 8 characters."""
    body = registrar + division + organisation + organisation_check(organisation)
    return body + uscc_check(body)


def level_certificate(scheme: str, site: str, issued_on: dt.date, level: int, serial: int) -> str:
    """Return the 22 characters of a level certificate (职业技能等级证书编码).

    The body is filed with the province; `scheme` S (社会培训评价组织) or Y (用人单位); `site` six digits.
    """
    return f"{scheme}000064{site}{issued_on:%y}{level}{serial:06d}"


def qualification_certificate(issued_on: dt.date, level: int, serial: int) -> str:
    """Return the 16 digits of an old qualification certificate (职业资格证书).

    Its region follows an old ministry list; the entry of Ningxia is not established, 30 stands in.
    """
    return f"{issued_on:%y}30010001{level}{serial:05d}"


def record_id(rng: random.Random, on: dt.date) -> str:
    """Return a version 7 UUID: 09:00 in Beijing on that date, and the seed."""
    nine = dt.datetime.combine(on, dt.time(9), _BEIJING)
    value = int(nine.timestamp() * 1000) << 80 | rng.getrandbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))

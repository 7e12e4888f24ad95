"""Records that follow from no course: groups, awards, honours, papers from before and elsewhere."""

import datetime as dt

from demo import bodies, numbers
from demo.career import Career
from demo.institutions import GUIDANCE, SERVICE
from demo.ledger import Draft, Ledger
from demo.occupations import Trade
from demo.people import Person

FIRST_DAY = dt.date(2019, 1, 2)
_SOURCES = {
    "rural-migrant": ("shared-database", "自治区就业信息系统（示例）"),
    "registered-unemployed": ("certificate", "自治区就业与创业服务局（示例）"),
    "hard-to-employ": ("certificate", "自治区就业与创业服务局（示例）"),
    "former-poor-household": ("shared-database", "自治区乡村振兴信息系统（示例）"),
    "veteran": ("certificate", "自治区退役军人事务部门（示例）"),
    "disabled": ("certificate", "自治区残疾人联合会（示例）"),
    "custody": ("commitment", "自治区司法行政部门（示例）"),
    "graduate": ("shared-database", "自治区教育部门（示例）"),
    "school-leaver": ("commitment", "自治区教育部门（示例）"),
    "enterprise-worker": ("shared-database", "自治区社会保险事业管理局（示例）"),
}


class Papers:
    """Signs such records."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rng = ledger.rng

    def of(self, career: Career) -> None:
        """Sign what a drawn worker brings: groups, an old qualification, rarely a prize."""
        person, first = career.person, min(wish.from_on for wish in career.wishes)
        for code in person.groups:
            checked_on = max(FIRST_DAY, first - dt.timedelta(self._rng.randrange(5, 40)))
            valid_from = checked_on - dt.timedelta(self._rng.randrange(0, 300))
            self.group(person, code, valid_from, checked_on, checked_on if code == "custody" else None)
        if career.brought is not None and career.trade is not None:
            handed_in_on = first + dt.timedelta(self._rng.randrange(3, 20))
            self.old_qualification(person, career.trade, *career.brought, handed_in_on)
        if career.trade is not None and self._rng.random() < 0.04:
            self._honours(person, career.trade, first)

    def group(
        self,
        person: Person,
        code: str,
        valid_from: dt.date,
        checked_on: dt.date,
        valid_to: dt.date | None = None,
    ) -> None:
        """Sign a group membership, as the employment service found it on `checked_on`."""
        source, source_body = _SOURCES[code]
        body = bodies.group(code, (valid_from, valid_to), source, source_body, checked_on)
        self._ledger.add("group-membership", SERVICE, person, checked_on, body)

    def old_qualification(
        self, person: Person, trade: Trade, level: int, issued_on: dt.date, handed_in_on: dt.date
    ) -> None:
        """Sign a qualification certificate of years ago when its holder brings the paper."""
        serial = self._ledger.serial(f"certificate guidance {issued_on.year} {level}")
        number = numbers.qualification_certificate(issued_on, level, serial)
        body = bodies.qualification(GUIDANCE, trade, level, number, issued_on, None)
        self._ledger.add("qualification-certificate", GUIDANCE, person, handed_in_on, body)

    def award(
        self, person: Person, trade: Trade, place: tuple[int, str], awarded_on: dt.date
    ) -> Draft | None:
        """Sign a prize of the region's yearly competition."""
        competition = f"{awarded_on.year}年宁夏职业技能大赛（示例）"
        body = bodies.award(SERVICE, competition, trade, place, awarded_on)
        told_on = awarded_on + dt.timedelta(12)
        return self._ledger.add("award", SERVICE, person, told_on, body)

    def honour(self, person: Person, trade: Trade, title: str, granted_on: dt.date) -> None:
        """Sign an honour of the region."""
        document = f"宁人社发〔{granted_on.year}〕示例{self._ledger.serial(f'honour {granted_on.year}')}号"
        body = bodies.honour(SERVICE, title, trade, document, granted_on)
        self._ledger.add("honour", SERVICE, person, granted_on + dt.timedelta(9), body)

    def foreign(self, person: Person, body: bodies.Body, on: dt.date) -> None:
        """Sign evidence from another province, as the employment service checked it."""
        self._ledger.add("foreign-evidence", SERVICE, person, on, body)

    def _honours(self, person: Person, trade: Trade, first: dt.date) -> None:
        won_on = dt.date(max(first.year + 2, 2020), 9, 10) + dt.timedelta(self._rng.randrange(40))
        place = self._rng.choice(((1, "一等奖"), (2, "二等奖"), (3, "三等奖")))
        if self.award(person, trade, place, won_on) is not None and place[0] == 1:
            self.honour(person, trade, "自治区技术能手", won_on + dt.timedelta(90))

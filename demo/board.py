"""Examinations after a course: results, resits, certificates, permits; and the next wish."""

import datetime as dt

from demo import bodies, numbers
from demo.career import Career, Fate, Wish
from demo.course import Course
from demo.institutions import ASSESSMENT, ENTERPRISE, GUIDANCE, SAFETY, Institution
from demo.ledger import Draft, Ledger
from demo.marks import LEVEL_CERTIFICATES_FROM, PASS_MARK, Marks, next_level_on
from demo.occupations import Trade
from demo.people import anniversary
from demo.schedule import next_training_day

_REVIEW_AHEAD = dt.timedelta(80)


class Board:
    """The assessment bodies (评价机构) and the safety examination centre."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rng = ledger.rng
        self._permits: dict[str, list[tuple[tuple[str, str], str, dt.date]]] = {}

    def conclude(self, course: Course, career: Career, wish: Wish, completion: Draft) -> None:
        """Lead somebody who passed a course to its examination, permit or certificate, if it has one."""
        programme = course.programme
        if programme.trade is not None:
            self._level(course, programme.trade, career, wish.fate)
        elif programme.operation is not None:
            self._permit(course, programme.operation, career)
        elif programme.key == "safety-review":
            self._review(course, career)
        elif programme.single_skill:
            self._single_skill(course, career)
        elif not programme.online:
            self._training_certificate(course, career, completion)

    def _exam_day(self, career: Career, after: dt.date) -> dt.date:
        day = next_training_day(after + dt.timedelta(self._rng.randrange(8, 28)))
        while day in career.busy:
            day = next_training_day(day + dt.timedelta(1))
        career.busy.add(day)
        return day

    def _level(self, course: Course, trade: Trade, career: Career, fate: Fate) -> None:
        """Examine, once more sixty days later if need be; whoever fails twice may come back to the course."""
        level, taken = course.programme.level, course.ended_on
        for attempt in (1, 2):
            exam_on = self._exam_day(career, taken)
            marks = self._marks(fate, attempt)
            result = self._result(career, trade, level, exam_on, marks, attempt)
            if result is None:
                return
            if marks.result == "passed":
                self._certify(result, trade, level, career, exam_on)
                return
            taken = exam_on + dt.timedelta(60)
        if not career.scripted and self._rng.random() < 0.4:
            career.wishes.append(Wish(course.programme.key, taken + dt.timedelta(120)))

    def _marks(self, fate: Fate, attempt: int) -> Marks:
        luck = self._rng.random()
        if fate is Fate.SUCCEED or (fate is Fate.RESIT and attempt == 2):
            luck = 1.0
        elif fate in (Fate.FAIL, Fate.RESIT):
            luck = 0.1
        if luck < 0.02:
            return Marks(None, None)
        theory, practice = (min(98, max(PASS_MARK, round(self._rng.gauss(76, 9)))) for _ in range(2))
        if luck < 0.09:
            theory = self._rng.randrange(38, PASS_MARK)
        elif luck < 0.15:
            practice = self._rng.randrange(38, PASS_MARK)
        return Marks(theory, practice)

    def _result(
        self, career: Career, trade: Trade, level: int, exam_on: dt.date, marks: Marks, attempt: int
    ) -> Draft | None:
        organisation = ENTERPRISE if career.employed else ASSESSMENT
        if exam_on < LEVEL_CERTIFICATES_FROM:
            organisation = GUIDANCE
        told_on = exam_on + dt.timedelta(self._rng.randrange(5, 15))
        body = bodies.assessment(organisation, trade, level, exam_on, marks, attempt)
        return self._ledger.add("assessment-result", organisation, career.person, told_on, body)

    def _certify(self, result: Draft, trade: Trade, level: int, career: Career, exam_on: dt.date) -> None:
        issued_on = result.issued_on + dt.timedelta(self._rng.randrange(8, 25))
        organisation, exam = result.issuer, (exam_on, result.record_id)
        number = self._number(organisation, issued_on, level)
        if organisation is GUIDANCE:
            kind = "qualification-certificate"
            body = bodies.qualification(organisation, trade, level, number, issued_on, exam)
        else:
            kind = "level-certificate"
            body = bodies.level_certificate(organisation, trade, level, number, issued_on, exam)
        self._ledger.add(kind, organisation, career.person, issued_on, body)
        self._look_ahead(trade, level, career, issued_on)

    def _number(self, organisation: Institution, issued_on: dt.date, level: int) -> str:
        serial = self._ledger.serial(f"certificate {organisation.key} {issued_on.year} {level}")
        if organisation is GUIDANCE:
            return numbers.qualification_certificate(issued_on, level, serial)
        scheme = "Y" if organisation is ENTERPRISE else "S"
        return numbers.level_certificate(scheme, organisation.site or "", issued_on, level, serial)

    def _look_ahead(self, trade: Trade, level: int, career: Career, since: dt.date) -> None:
        """Wish for the next level once the years between have passed; two thirds do."""
        if career.scripted or level == 1 or self._rng.random() > 0.66:
            return
        career.wishes.append(Wish(f"{trade.key}-{level - 1}", next_level_on(level - 1, since)))

    def _permit(self, course: Course, operation: tuple[str, str], career: Career) -> None:
        issued_on = self._exam_day(career, course.ended_on) + dt.timedelta(self._rng.randrange(10, 25))
        number = f"TZ64{issued_on.year}{self._ledger.serial(f'permit {issued_on.year}'):06d}"
        body = bodies.permit(SAFETY, operation, number, issued_on)
        if self._ledger.add("safety-permit", SAFETY, career.person, issued_on, body) is None:
            return
        self._permits.setdefault(career.person.number, []).append((operation, number, issued_on))
        if not career.scripted:
            career.wishes.append(Wish("safety-review", anniversary(issued_on, 3) - _REVIEW_AHEAD))

    def _review(self, course: Course, career: Career) -> None:
        """Issue the permit again with its review noted: the same number, three more years."""
        held = self._permits.get(career.person.number, [])
        due = [one for one in held if anniversary(one[2], 3) - 2 * _REVIEW_AHEAD <= course.ended_on]
        if not due:
            return
        operation, number, first_on = due[0]
        held.remove(due[0])
        reviewed_on = self._exam_day(career, course.ended_on)
        body = bodies.permit(SAFETY, operation, number, first_on, [reviewed_on])
        told_on = reviewed_on + dt.timedelta(self._rng.randrange(3, 10))
        self._ledger.add("safety-permit", SAFETY, career.person, told_on, body)

    def _single_skill(self, course: Course, career: Career) -> None:
        exam_on = self._exam_day(career, course.ended_on)
        issued_on = exam_on + dt.timedelta(self._rng.randrange(12, 30))
        number = f"ZX64{issued_on.year}{self._ledger.serial(f'single {issued_on.year}'):05d}"
        body = bodies.single_skill(GUIDANCE, course.programme, number, issued_on, exam_on)
        self._ledger.add("skill-certificate", GUIDANCE, career.person, issued_on, body)

    def _training_certificate(self, course: Course, career: Career, completion: Draft) -> None:
        issued_on = completion.issued_on + dt.timedelta(self._rng.randrange(1, 10))
        school, until = course.institution, course.institution.until_on
        if until is not None:
            issued_on = min(issued_on, until - dt.timedelta(1))
        serial = self._ledger.serial(f"paper {school.key} {issued_on.year}")
        number = f"NXPX{issued_on.year}{school.area}{serial:05d}"
        body = bodies.training_certificate(course, number, issued_on, completion.record_id)
        self._ledger.add("training-certificate", school, career.person, issued_on, body)

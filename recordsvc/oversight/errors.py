"""What can go wrong with draws.

Problem
├── NotFound
│   └── DrawUnknown ───────── draw-unknown
├── Conflict
│   ├── DrawKnown ─────────── draw-known
│   ├── DrawNotThere ──────── draw-state
│   ├── RevealSamePerson ──── draw-same-person
│   ├── EventNotYet ───────── draw-event-not-yet
│   ├── RevealTooLate ─────── draw-reveal-too-late
│   ├── SaltLost ──────────── draw-salt
│   ├── TooFewInspectors ──── draw-too-few-inspectors
│   └── ReportSamePerson ──── draw-report-same-person
├── Forbidden
│   └── NotDrawn ──────────── draw-not-drawn
└── FormRefused
    └── DrawRefused ───────── draw-form
"""

from recordsvc.ground.problems import Conflict, Forbidden, FormRefused, NotFound


class DrawUnknown(NotFound):
    """No such draw, or no such object was drawn in it."""

    code = "draw-unknown"
    title_zh = "没有这次抽查，或其中没有抽中这个对象"
    title_en = "No such draw, or no such object was drawn in it"
    remedy_zh = "请从抽查列表进入。"
    remedy_en = "Enter from the list of draws."


class DrawKnown(Conflict):
    """A draw of these objects in this area is bound to this event already: nobody draws until it pleases."""

    code = "draw-known"
    title_zh = "该区划、该类对象已按这一期公共事件承诺过一次抽查"
    title_en = "A draw of these objects in this area is bound to this event already"
    remedy_zh = "每一期公共事件对同一名单只能抽一次；请用另一期。"
    remedy_en = "One list is drawn once by one event; name another issue."


class DrawNotThere(Conflict):
    """The step does not follow the state in which the draw is."""

    code = "draw-state"
    title_zh = "抽查当前所处的环节不能办理此事"
    title_en = "The draw is not in the state for this step"
    remedy_zh = "请刷新页面，按顺序办理：承诺、揭示、派发、报告、公布。"
    remedy_en = "Read the draw again; the steps are commit, reveal, assign, report, publish."


class RevealSamePerson(Conflict):
    """Whoever committed the draw does not reveal it."""

    code = "draw-same-person"
    title_zh = "承诺和揭示须由两人办理"
    title_en = "Whoever committed a draw cannot reveal it"
    remedy_zh = "请另一位监督检查人员揭示。"
    remedy_en = "Have another inspector reveal it."


class EventNotYet(Conflict):
    """The public event has not taken place."""

    code = "draw-event-not-yet"
    title_zh = "公共事件尚未发生"
    title_en = "The public event has not taken place yet"
    remedy_zh = "请在开奖时间之后、揭示期限之前办理。"
    remedy_en = "Reveal after the event and before the term ends."


class RevealTooLate(Conflict):
    """The term has passed: the draw failed and stays public as such."""

    code = "draw-reveal-too-late"
    title_zh = "揭示期限已过，本次抽查已作为失败公开"
    title_en = "The term to reveal has passed: the draw stands in public as failed"
    remedy_zh = "请重新承诺一次抽查，并写明原因。"
    remedy_en = "Commit to another draw."


class SaltLost(Conflict):
    """The keys of this service do not give the salt that was committed to."""

    code = "draw-salt"
    title_zh = "本系统的密钥算不出当初承诺的盐值"
    title_en = "The keys of this service do not give the salt that was committed to"
    remedy_zh = "请系统管理员核对密钥目录是否为承诺时所用。"
    remedy_en = "Have the operator check that the keys are those the draw was committed under."


class TooFewInspectors(Conflict):
    """Some object has fewer inspectors who need not keep out of it than it must have."""

    code = "draw-too-few-inspectors"
    title_zh = "可抽取的检查人员不足：有对象在回避之后凑不齐人数"
    title_en = "Too few inspectors: some object lacks enough of them who need not keep out"
    remedy_zh = "请先为本区划增派监督检查人员，再承诺或派发。"
    remedy_en = "Give more officials the role of inspector in this area first."


class ReportSamePerson(Conflict):
    """Whoever wrote the report does not confirm it."""

    code = "draw-report-same-person"
    title_zh = "检查报告须由另一位检查人员确认"
    title_en = "Whoever wrote the report cannot confirm it"
    remedy_zh = "请同组的另一位检查人员确认；有不同意见的，由其重新填写。"
    remedy_en = "The other inspector confirms it, or writes it anew."


class NotDrawn(Forbidden):
    """The official was not drawn to inspect this object."""

    code = "draw-not-drawn"
    title_zh = "您不是抽中检查这个对象的人员"
    title_en = "You were not drawn to inspect this object"
    remedy_zh = "报告只由抽中的检查人员填写和确认。"
    remedy_en = "Only the inspectors who were drawn report and confirm."


class DrawRefused(FormRefused):
    """Something of the draw cannot be."""

    code = "draw-form"
    title_zh = "抽查事项填写有误"
    title_en = "Something of the draw is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."

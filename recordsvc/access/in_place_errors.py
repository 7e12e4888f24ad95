"""What can go wrong where somebody stands in a worker's place, and with helpers.

Problem
├── Forbidden
│   └── AloneOnly ───────────── alone-only
├── NotFound
│   ├── HelperUnmatched ─────── helper-unmatched       (which of them is wrong is not said)
│   └── WindowUnmatched ─────── window-unmatched       (which of them is wrong is not said)
└── FormRefused
    ├── OwnProofWanted ──────── own-proof              (which part is wrong is not said)
    │   └── OwnProofTyped ───── own-proof-typed        (the same, where no slip does)
    └── HelperRefused ───────── helper-refused
"""

from recordsvc.ground.problems import Forbidden, FormRefused, NotFound


class WindowUnmatched(NotFound):
    """Document and card are not one known person's, or the card is not good; which of them is not said."""

    code = "window-unmatched"
    title_zh = "证件与社会保障卡未能对应到同一人，或该卡不能使用"
    title_en = "Document and card do not lead to one person, or the card cannot be used"
    remedy_zh = "请逐位核对两个号码；卡已挂失、注销或未登记的，请先办理核卡。"
    remedy_en = "Check both numbers; a card that is lost, ended or unknown must be confirmed first."


class OwnProofWanted(FormRefused):
    """At the window: what was typed or filed does not show that the worker agrees; which part is not said."""

    code = "own-proof"
    title_zh = "需要本人验证"
    title_en = "The worker's own proof is needed"
    remedy_zh = "请本人输入 PIN 和未用过的验证码，或动态验证码；或选择本次代办中存入的本人签字单。"
    remedy_en = "The worker types PIN and unused code, or a time-based code; or name a slip of this service."


class OwnProofTyped(OwnProofWanted):
    """The same, where no slip stands for the worker: where money goes, who helps, where one is told."""

    code = "own-proof-typed"
    title_zh = "需要本人验证"
    title_en = "The worker's own proof is needed"
    remedy_zh = "请本人输入 PIN 和未用过的验证码，或动态验证码；没有的，先领取激活码并设置。"
    remedy_en = (
        "The worker types PIN and unused code, or a time-based code; without them, activate an account."
    )


class HelperRefused(FormRefused):
    """A helper who cannot be named like this, or one person more than somebody may help."""

    code = "helper-refused"
    title_zh = "不能这样设置亲友代办"
    title_en = "A helper cannot be named like this"
    remedy_zh = "请按 errors 中列出的位置更正：姓名、事项、目的、期限或人数。"
    remedy_en = "Correct what errors points at: name, verbs, purpose, date or number of people."


class HelperUnmatched(NotFound):
    """Code and name of a helper do not belong together, or are used up; which of them is not said."""

    code = "helper-unmatched"
    title_zh = "代办码不对，或不是给您的"
    title_en = "The helper's code is wrong, or meant for somebody else"
    remedy_zh = "请向对方核对代办码和所填的您的姓名；代办码七天内有效，只能用一次。"
    remedy_en = "Check the code, and the name it was made for; it is good for seven days and once."


class AloneOnly(Forbidden):
    """Somebody stands in the worker's place where only the worker may stand."""

    code = "alone-only"
    title_zh = "此项须由本人办理"
    title_en = "Only the worker may do this"
    remedy_zh = "请本人登录后办理；没有登录方式的，可在窗口领取激活码。"
    remedy_en = "The worker signs in and does it; the window hands out activation codes."

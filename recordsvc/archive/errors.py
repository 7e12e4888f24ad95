"""Why a record is not taken, in the words its sender needs. Long: each kind brings its two languages.

Problem
├── BatchRefused 422 ────── batch                   (the whole request: header, signature or root)
├── NotCanonical 400 ────── not-canonical
├── SchemaRefused 422 ───── schema
├── WrongAudience 422 ───── wrong-audience          ├── WrongEnvironment ── wrong-environment
├── IssuerForeign 403 ───── issuer-foreign          ├── SignerRefused ───── signer
├── KeyUnknown 422 ──────── key-unknown             ├── KeyNotInForce ───── key-not-in-force
├── SignatureWrong 422 ──── signature
├── IdentifierRefused 422 ─ identifier              ├── ContentRefused ──── content
├── OtherContent 409 ────── duplicate-id-other-content
├── RecordErased 410 ────── erased                  ├── Returned 409 ────── returned
├── HeldNotHere 409 ─────── held-decided            ├── KeyEventRefused ─── key-event
├── TargetUnknown 422 ───── target-unknown          ├── TargetUnfit ─────── target-unfit
├── NameRefused 422 ─────── name-characters
├── SaltWeak 422 ────────── salt                    ├── TooManyHeld 429 ─── too-many-held
├── ArchiveRestricted 423 ─ archive-restricted      ├── ErasureBlocked 409  erasure-blocked
├── CopyNotDecided 403 ──── copy-not-decided        ├── DisputeRefused 409  dispute-standing
├── ChangedSinceSeen 409 ── changed-since-seen      ├── RecordAmbiguous ─── record-ambiguous
├── PackDamaged 503 ─────── pack-damaged
├── RegionKeyNotInForce 503  region-key-not-in-force
└── Busy 503 ────────────── busy

Those of papers stand in `paper_errors.py`, those of acts without effect in `act_errors.py`.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from recordsvc.ground.problems import Conflict, Forbidden, Gone, Problem, Refused, TooMany, Unavailable


class Fault(Protocol):
    """What a schema or a check finds wrong with one place of a record."""

    @property
    def pointer(self) -> str:
        """JSON pointer of the place."""
        ...

    @property
    def code(self) -> str:
        """Stable code."""
        ...

    @property
    def zh(self) -> str:
        """What is wrong, in Chinese."""
        ...

    @property
    def en(self) -> str:
        """What is wrong, in English."""
        ...

    @property
    def remedy_zh(self) -> str:
        """What to do, in Chinese."""
        ...

    @property
    def remedy_en(self) -> str:
        """What to do, in English."""
        ...


class Blocking(Protocol):
    """What stands against an erasure."""

    @property
    def code(self) -> str:
        """Which rule."""
        ...

    @property
    def until(self) -> str | None:
        """Until when, if known (Beijing date)."""
        ...

    @property
    def zh(self) -> str:
        """What it is, in Chinese."""
        ...

    @property
    def en(self) -> str:
        """What it is, in English."""
        ...


def told(fault: Fault) -> dict[str, str]:
    """Return a fault as it is answered: pointer, code, what and remedy in both languages."""
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": fault.zh,
        "detail_en": fault.en,
        "remedy": fault.remedy_zh,
        "remedy_en": fault.remedy_en,
    }


class BatchRefused(Problem):
    """The batch as a whole cannot be read or is not what was signed; no row was judged."""

    status = 422
    code = "batch"
    title_zh = "批次整体无法接受"
    title_en = "The batch as a whole cannot be accepted"
    remedy_zh = "请检查批次首行、签名、条数与根哈希，重新生成后整批重发。"
    remedy_en = "Check header, signature, size and root of the batch, build it again and send it whole."


class NotCanonical(Refused):
    """What is signed must stand in its one canonical form; it is refused, never repaired."""

    code = "not-canonical"
    title_zh = "记录不是规范形式（RFC 8785）"
    title_en = "The record is not in canonical form (RFC 8785)"
    remedy_zh = "请按 RFC 8785 排序键、去掉空白和小数后重新签名。"
    remedy_en = "Sort keys, drop white space and fractions as RFC 8785 says, then sign again."


class SchemaRefused(Problem):
    """The record does not satisfy the published schema of its type; `errors` names each place."""

    status = 422
    code = "schema"
    title_zh = "记录不符合所属类型的格式"
    title_en = "The record does not satisfy the schema of its type"
    remedy_zh = "请按 /schemas/ 中公布的格式更正 errors 所列各处，重新签名。"
    remedy_en = "Correct the places in errors as the published schema says, then sign again."


class WrongAudience(Problem):
    """The record was made for another service."""

    status = 422
    code = "wrong-audience"
    title_zh = "记录不是写给本服务的"
    title_en = "The record names another audience"
    remedy_zh = "请使用本服务公布的 audience 重新签名。"
    remedy_en = "Sign it again with the audience this service publishes."


class WrongEnvironment(Problem):
    """A demo record was sent to production, or the reverse."""

    status = 422
    code = "wrong-environment"
    title_zh = "记录属于另一种环境（演示、测试或正式）"
    title_en = "The record belongs to another environment"
    remedy_zh = "请确认连接的是哪种环境，用对应的 environment 重新签名。"
    remedy_en = "Check which environment you talk to and sign again."


class IssuerForeign(Forbidden):
    """A client sends records of another institution."""

    code = "issuer-foreign"
    title_zh = "只能提交本单位签发的记录"
    title_en = "A client may only send its own institution's records"
    remedy_zh = "请用签发单位自己的客户端提交。"
    remedy_en = "Send it with the issuing institution's own client."


class SignerRefused(Problem):
    """This type is not signed by institutions."""

    status = 422
    code = "signer"
    title_zh = "该类型的记录不由机构签发"
    title_en = "Records of this type are not signed by institutions"
    remedy_zh = "请改用对应的办理入口。"
    remedy_en = "Use the door made for this act."


class KeyUnknown(Problem):
    """The signature names a key that is not registered for this issuer."""

    status = 422
    code = "key-unknown"
    title_zh = "签名钥匙未登记"
    title_en = "The signing key is not registered for this issuer"
    remedy_zh = "请核对 kid，或先向主管部门登记钥匙（需两名工作人员办理）。"
    remedy_en = "Check the kid, or have the key registered first (two officials)."


class KeyNotInForce(Problem):
    """The key is revoked, suspended, expired or not yet valid."""

    status = 422
    code = "key-not-in-force"
    title_zh = "签名钥匙此刻无效（已撤销、已暂停、未生效或已过期）"
    title_en = "The signing key is not in force now"
    remedy_zh = "请换用有效的钥匙重新签名；如有疑问请联系主管部门。"
    remedy_en = "Sign again with a key in force, or ask the authority."


class RegionKeyNotInForce(Unavailable):
    """The region's own key may not sign now; nothing was handed out, and nothing counted."""

    code = "region-key-not-in-force"
    title_zh = "登记机关的签名钥匙此刻无效，暂不能出具"
    title_en = "The region's own signing key is not in force now; nothing was issued"
    remedy_zh = "这次不计入次数。请稍后再试；登记机关恢复或换用钥匙后即可办理。"
    remedy_en = "This was not counted. Try later: the region has to lift or replace its key first."


class PackDamaged(Unavailable):
    """A file or the manifest of an auditor's pack is missing or not what was fixed; nothing is handed out."""

    code = "pack-damaged"
    title_zh = "审计材料包与制作时的清单不符，未予提供"
    title_en = "The pack is not what its manifest says and was not handed out"
    remedy_zh = "请联系运行单位查明原因；材料包需重新提出并批准。"
    remedy_en = "Ask the operator what happened to the files; propose the pack again."


class SignatureWrong(Problem):
    """The signature does not fit the bytes."""

    status = 422
    code = "signature"
    title_zh = "签名与内容不符"
    title_en = "The signature does not fit the record"
    remedy_zh = "请对规范形式的原始字节签名，签名后不要改动。"
    remedy_en = "Sign exactly the canonical bytes and do not change them afterwards."


class IdentifierRefused(Problem):
    """A number cannot be what it claims to be."""

    status = 422
    code = "identifier"
    title_zh = "证件号码或卡号有误"
    title_en = "A document or card number is not possible"
    remedy_zh = "请对照证件逐位核对后更正，不要猜测。"
    remedy_en = "Compare it with the document digit by digit; do not guess."


class NameRefused(Problem):
    """What stands for the name holds signs that no name has: digits, question marks, brackets, damage."""

    status = 422
    code = "name-characters"
    title_zh = "姓名里有乱码、数字或其他不该有的符号"
    title_en = "The name holds characters that no name has"
    remedy_zh = "请按证件重新录入；间隔号、连字符和空格可用，生僻字不要用问号或星号代替。"
    remedy_en = "Type it again from the document; dots, hyphens and spaces are fine."


class SaltWeak(Problem):
    """The salt is not random, or stands under another record of the same submission."""

    status = 422
    code = "salt"
    title_zh = "盐不是随机生成的，或在同一次报送中重复使用"
    title_en = "The salt is not random, or was used for two records"
    remedy_zh = "请为每条记录用安全随机数重新生成 16 字节的盐后签名。"
    remedy_en = "Draw 16 fresh bytes from a secure random source for each record and sign again."


class TooManyHeld(TooMany):
    """So many records of the issuer wait for officials that nothing more of it is looked at."""

    code = "too-many-held"
    title_zh = "本单位待人工处理的记录已达上限"
    title_en = "Too many records of this institution wait for officials"
    remedy_zh = "请联系主管部门处理积压，再按 Retry-After 重发同一请求；本次没有存入任何内容。"
    remedy_en = "Ask the authority to work off what waits, then repeat the request; nothing was stored."

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self.headers.setdefault("Retry-After", "3600")


class ContentRefused(Problem):
    """The record contradicts itself, the calendar, or a rule in force; `errors` names each place."""

    status = 422
    code = "content"
    title_zh = "记录内容自相矛盾或不符合现行规定"
    title_en = "The record contradicts itself or a rule in force"
    remedy_zh = "请按 errors 所列各处核对事实后更正，重新签名。"
    remedy_en = "Check the facts at the places in errors, correct and sign again."


class OtherContent(Conflict):
    """The record id was used for other content."""

    code = "duplicate-id-other-content"
    title_zh = "该记录编号已用于其他内容"
    title_en = "The record id stands for other content"
    remedy_zh = "更改请另发更正记录；新记录请用新编号。"
    remedy_en = "Send a correction to change a record; give a new record a new id."


class RecordErased(Gone):
    """The record was here and was lawfully erased."""

    code = "erased"
    title_zh = "该记录已依法删除"
    title_en = "The record was lawfully erased"


class Returned(Conflict):
    """The record was held, judged by officials and returned to its issuer; `detail` is their reason."""

    code = "returned"
    title_zh = "该记录经工作人员核对后退回"
    title_en = "The record was judged by officials and returned"
    remedy_zh = "请按退回原因核实后，用新的记录编号重新签发。"
    remedy_en = "Check it against the reason given and issue it again under a new id."


class TargetUnknown(Problem):
    """The record acted on is not in this worker's archive under this issuer."""

    status = 422
    code = "target-unknown"
    title_zh = "找不到所指的原记录"
    title_en = "The record acted on was not found"
    remedy_zh = "请核对原记录编号：须是同一劳动者档案里已收录的记录；签发单位只能指自己签发的。"
    remedy_en = "It must be an accepted record of the same worker; an issuer names records of its own only."


class TargetUnfit(Problem):
    """The record acted on cannot be acted on in this way."""

    status = 422
    code = "target-unfit"
    title_zh = "原记录不能作此处理"
    title_en = "The record acted on does not allow this"
    remedy_zh = "请查看原记录的现状（已更正、已撤销等）后再办。"
    remedy_en = "Look at the present state of the record acted on first."


class HeldNotHere(Problem):
    """The held record is not there or was decided before."""

    status = 409
    code = "held-decided"
    title_zh = "该待处理记录不存在或已处理"
    title_en = "The held record does not exist or was decided"
    remedy_zh = "请刷新待处理列表。"
    remedy_en = "Read the list of held records again."


class ChangedSinceSeen(Conflict):
    """Something was entered on the record after what the worker was shown."""

    code = "changed-since-seen"
    title_zh = "记录在您看过之后有变动"
    title_en = "The record changed since it was shown"
    remedy_zh = "请重新打开这条记录，核对之后再提交。"
    remedy_en = "Read the record again and send its present `seen`."


class RecordAmbiguous(Conflict):
    """Records of several issuers in this archive bear the same id, and no issuer was named."""

    code = "record-ambiguous"
    title_zh = "本档案中有不同单位的记录使用同一编号"
    title_en = "Records of several issuers in this archive bear this id"
    remedy_zh = "请在地址后注明签发单位：?issuer=统一社会信用代码。"
    remedy_en = "Name the issuer as well: ?issuer= and its unified social credit code."


class KeyEventRefused(Conflict):
    """The issuer's keys do not allow this act now."""

    code = "key-event"
    title_zh = "钥匙的现状不允许此操作"
    title_en = "The present state of the issuer's keys does not allow this"
    remedy_zh = "请重新查看该单位钥匙的登记情况。"
    remedy_en = "Read the issuer's keys again."


class ArchiveRestricted(Problem):
    """The archive is restricted: kept, and neither read nor used."""

    status = 423
    code = "archive-restricted"
    title_zh = "档案已限制处理，暂停查阅和使用"
    title_en = "The archive is restricted: it is kept, and neither read nor used"
    remedy_zh = "如需查阅，请联系登记机关的个人信息保护负责人；依法调取须两名工作人员办理。"
    remedy_en = "Ask the region's data officer; access by law takes two officials."


class ErasureBlocked(Conflict):
    """Law or open money keeps what should be erased; `errors` names each rule and until when."""

    code = "erasure-blocked"
    title_zh = "尚在法定保存期内或有未结事项，不能删除"
    title_en = "Retention by law or open matters stand against erasing"
    remedy_zh = "请在所列日期之后再办，或先办结所列事项；在此之前，限制处理继续有效。"
    remedy_en = "Come back after the dates in errors, or settle what they name; restrictions stand till then."

    @classmethod
    def by(cls, blockers: "Iterable[Blocking]") -> "ErasureBlocked":
        """Name what blocks: the rule and the last day on which it does, in the words of every door."""
        told = [
            {
                "code": one.code,
                "until": one.until,
                "detail": f"{one.zh}（规则 {one.code}，{_until_zh(one)}）",
                "detail_en": f"{one.en} (rule {one.code}, {_until_en(one)})",
            }
            for one in blockers
        ]
        return cls(errors=told)


def _until_zh(one: Blocking) -> str:
    return f"至 {one.until}" if one.until else "截止日期未定"


def _until_en(one: Blocking) -> str:
    return f"until {one.until}" if one.until else "until a day not yet known"


class DisputeRefused(Conflict):
    """The case does not stand so that this could be done: it has ended, or it is somebody else's turn."""

    code = "dispute-standing"
    title_zh = "异议的现状不允许此操作"
    title_en = "The state of the objection does not allow this"
    remedy_zh = "请重新查看该异议：可能已办结，或已转由另一方处理。"
    remedy_en = "Read the case again: it has ended, or it is another party's turn."


class CopyNotDecided(Forbidden):
    """No two officials decided this copy, or too long ago."""

    code = "copy-not-decided"
    title_zh = "没有双人决定的副本，或已超过办理期限"
    title_en = "No two officials decided this copy, or its time is over"
    remedy_zh = "请先提出并由另一位工作人员复核，再制作副本。"
    remedy_en = "Propose it, have a second official decide, then make the copy."


class Busy(Unavailable):
    """What the record rests on kept changing while it was judged."""

    code = "busy"
    title_zh = "所依据的数据正在变动，请稍后重发"
    title_en = "What the request rests on kept changing; repeat it"

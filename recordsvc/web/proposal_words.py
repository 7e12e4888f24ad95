"""Proposals in plain words (待办的中文说明): what would happen, to what, on which ground. Pure.

A kind that is not known here is shown member by member, so that a new one can be decided before it has words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank.formats import yuan
from recordsvc.money.funds.moves import ACTS as MOVES
from recordsvc.people.divisions import division
from recordsvc.web import words

Payload = Mapping[str, Any]
NameOf = Callable[[str], str]
"""Unified social credit code -> what the institution is called."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line; `href` leads to what it names."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A proposal in words: its title, what approving it does, and the facts."""

    title: str
    effect: str
    facts: tuple[Fact, ...]


STATES: Final = {
    "open": ("待复核", "wait"),
    "expired": ("已过期", "mute"),
    "done": ("已批准", "good"),
    "refused": ("已退回", "bad"),
    "withdrawn": ("已撤回", "mute"),
}
"""State of a proposal -> word and tone."""

_TITLES: Final = {
    "client.register": ("登记接入方", "批准后，该系统可用登记的公钥接入，权限以下列为限。"),
    "client.key": ("为接入方增加公钥", "批准后，该接入方可以使用这把公钥。"),
    "client.terms": (
        "变更接入方的权限与上限",
        "批准后，该接入方从生效时间起只有下列权限；上限没有写明的，按类别的统一上限。",
    ),
    "client.lift": ("恢复接入方", "批准后，已暂停的接入方恢复接入。"),
    "issuer-key.register": ("登记签名钥匙", "批准后，该单位可以用这把钥匙签发记录。"),
    "issuer-key.revoke": ("吊销签名钥匙", "批准后，这把钥匙永久失效；此前的签名仍可核验。"),
    "issuer-key.lift": ("恢复签名钥匙", "批准后，已暂停的钥匙可以继续签名。"),
    "issuer-key.suspend": ("暂停登记机关的钥匙", "批准后，登记机关的这把钥匙暂停签名。"),
    "issuer-key.suspect": (
        "标记登记机关的钥匙疑似泄露",
        "批准后，此时刻以来的签名一律标为待复核，不能撤销。",
    ),
    "held.release": ("放行暂存记录", "批准后，逐条重新审核，符合条件的记入档案。"),
    "archive.merge": ("合并档案", "批准后，前一份档案并入后一份一同查阅；两份的记录都保留，可以撤回。"),
    "archive.unmerge": ("撤回合并", "批准后，两份档案各自独立；合并期间记错的记录另行移动。"),
    "record.move": ("移动记录", "批准后，原处撤销，同样内容记入另一人的档案，由登记机关陈述。"),
    "stray.decide": (
        "决定合并期间的内容归谁",
        "批准后，材料移入下列档案，用该档案的钥匙重新封存。请打开材料核对是谁的。",
    ),
    "archive.unrestrict": ("解除限制", "批准后，档案恢复查阅和使用。"),
    "record.restrict": (
        "限制处理一条记录",
        "批准后，这条记录封存：保存但不显示、不提供，也不计入任何用途；其余记录不受影响。解除须两人办理。",
    ),
    "record.unrestrict": ("解除一条记录的限制", "批准后，这条记录恢复查阅和使用。"),
    "archive.erase": ("删除整份档案", "批准后立即销毁密钥和全部内容，任何人都不能恢复。"),
    "record.erase": ("删除一条记录", "批准后立即销毁这条记录的内容，和只与它有关的材料，任何人都不能恢复。"),
    "archive.close": ("关闭档案（死亡）", "批准后，档案仍可查阅，不再收录新记录。"),
    "archive.reopen": ("恢复误关的档案", "批准后，档案恢复收录。"),
    "number.add": ("增加号码", "批准后，这个号码也能找到该档案；有争议的除外。"),
    "number.stand": ("变更号码状态", "批准后，号码按下列状态使用，原有记录不变。"),
    "name.add": ("增加姓名", "批准后，新旧姓名都有效。"),
    "card.withdraw": ("撤回卡事件", "批准后，这一项不再计入，仍可看到。"),
    "card.reassign": (
        "收回登记错人的卡",
        "批准后，这张卡归移入的档案；没有写明的，暂不能查找和报送。两份档案的记录都不变。",
    ),
    "staff.enter": ("登记单位经办负责人", "批准后，此人可以代表单位邀请、收回本单位的其他人员。"),
    "staff.code": (
        "生成单位负责人的登录码",
        "批准后三日内，由提出人或批准人生成一次；持码人即可以该账号代表单位。请先向该单位核实，单位会收到通知。",
    ),
    "official.grant": ("授予角色", "批准后，此人在下列区划内持有这个角色。"),
    "official.deputy": ("指定代理人", "批准后，代理人在期限内代行被代理人的这个角色，留痕时注明“代”。"),
    "official.own-archive": (
        "申报本人档案",
        "请当面核对证件。批准后，此人不能查看和办理自己的档案与事项；更改须再经两人。",
    ),
    "audit.pack": ("审计材料包", "批准后制作，由写明的审计员下载；每位劳动者都能看到这次查阅。"),
    "identity.keep": ("维持账号的对应", "批准后，账号的对应不变；号码更正以前，仍不能用它登录。"),
    "identity.move": (
        "改变账号的对应",
        "批准后，账号不再对应原来的档案，用它登录的全部结束；号码指向的档案还没有账号的，改为对应它。",
    ),
    "dispute.decide": ("决定异议", "批准后，决定记入档案，本人收到通知。内容在异议页查阅。"),
    "dispute.restrict": (
        "异议成立：限制处理记录",
        "批准后，这条记录封存，异议办结，本人和签发单位收到通知。内容在异议页查阅。",
    ),
    "evidence.trust": ("核验外来材料", "批准后，这份材料按下列结论标明可信程度。"),
    "import.run": ("导入旧档案", "批准后，核对过的各条分批记入档案，标明来源和担保单位。"),
    "institution.retire-keys": (
        "吊销停办机构的全部钥匙",
        "批准后，该机构尚有效的钥匙全部吊销；此前的签名仍可核验。",
    ),
    "archive.hold-copy": (
        "依法调取副本",
        "批准后三十日内，由个人信息保护负责人制作一次副本；档案仍受限制，本人能看到这次查阅。",
    ),
    "record.hold-copy": (
        "依法调取一条记录",
        "批准后三十日内，由个人信息保护负责人制作一次副本，只打开这一条；记录仍受限制，本人能看到这次查阅。",
    ),
    "bank.account.open": ("登记付款账户", "批准后，资金可从这个账户拨付；登记后不再更改。"),
    "bank.collection.release": ("放行代扣批次", "批准后，这一批代扣文件发往银行。"),
    "bank.batch.release": ("放行拨付批次", "批准后，这一批付款文件发往银行。"),
    "bank.break.resolve": ("处理对账差异", "批准后，按所列方式了结这项差异。"),
    "payee-account.verify": ("核实收款账户", "批准后，补贴拨付到这个账户。"),
    "recovery.decide": (
        "决定追回补贴",
        "批准后，本人收到决定和退还期限，可以申请行政复议。请先看本人的陈述申辩。",
    ),
    "recovery.drop": ("不予追回补贴", "批准后，此案了结，这笔补贴不再追回，本人收到通知。"),
    "recovery.write-off": ("核销应追回的补贴", "批准后，尚未退还的部分不再要求退还，本人收到通知。"),
    "rule.publish": (
        "发布补贴规则",
        "批准即完成复核并发布：此后的审核按这个文本，已作出的结论不变。请先读文本、自带测试和模拟结果。",
    ),
    "catalogue.publish": ("发布补贴目录和标准", "批准后，各行从其起始日起施行；此前的标准不变。"),
    "budget.move": (
        "预算变动",
        "批准后立即入账。已预留和已支出的不能收回或调出：可用不足时不能批准，事项仍待办。",
    ),
    "project.approve": (
        "登记项目制培训批复",
        "批准后，机构可以为这个班结业合格的学员申领，每人按中标价和规则上限支付。请核对批复文件、人数和价格。",
    ),
    "log.continue": (
        "日志以新名称接续",
        "只能在服务器上批准：原日志终止，从保留的条目以新名称接续，并依删除日志重做删除；声明向社会公布。",
    ),
    "archive.relative-copy": ("向近亲属提供副本", "批准后三十日内，可以制作一份副本。"),
}
_GROUNDS: Final = {
    "archive.merge": "merge_grounds",
    "archive.unmerge": "merge_grounds",
    "archive.unrestrict": "restriction_grounds",
    "record.restrict": "restriction_grounds",
    "record.unrestrict": "restriction_grounds",
    "archive.hold-copy": "hold_grounds",
    "record.hold-copy": "hold_grounds",
    "archive.erase": "erasure_grounds",
    "record.erase": "erasure_grounds",
    "archive.close": "closure_grounds",
    "archive.reopen": "closure_grounds",
    "number.add": "number_grounds",
    "number.stand": "number_grounds",
    "name.add": "number_grounds",
    "card.withdraw": "number_grounds",
    "card.reassign": "number_grounds",
    "recovery.write-off": "write_off_grounds",
}
_LABELS: Final = {
    "act": "事项",
    "amount_fen": "金额",
    "asked_fen": "追回金额",
    "instalments": "分期（月）",
    "by_offset": "从以后的补贴抵扣",
    "recovery_id": "追回事项",
    "area": "区划",
    "doc": "文号",
    "fund": "资金",
    "region": "区划",
    "to_kind": "调入项目",
    "to_region": "调入区划",
    "year": "预算年度",
    "before": "提出时",
    "auditor": "审计员",
    "case_ref": "案号",
    "client_id": "接入方编号",
    "continues": "终止的日志",
    "kept": "保留的条数",
    "origin": "接续的日志名称",
    "root": "保留部分的根哈希",
    "seen": "库外所见",
    "deputy": "代理人",
    "dispute_id": "异议",
    "file_sha256": "文件 SHA-256",
    "document": "证件",
    "has_archive": "申报为",
    "official_id": "账号",
    "position": "岗位",
    "principal": "被代理人",
    "role": "角色",
    "staff_id": "账号",
    "until_ms": "截止时间",
    "from": "并入的档案",
    "from_ms": "生效时间",
    "into": "并入到",
    "ground": "依据",
    "identifier_id": "号码或卡的编号",
    "issuer": "单位",
    "jwk": "公钥",
    "kid": "钥匙编号",
    "kind": "类别",
    "name": "名称",
    "institution": "机构",
    "not_after_ms": "失效时间",
    "not_before_ms": "生效时间",
    "on": "死亡日期",
    "reason": "理由",
    "record_id": "记录编号",
    "rule": "规则代码",
    "relation": "与死者的关系",
    "n": "第几项（从 0 起）",
    "scopes": "权限",
    "selection": "选取条件",
    "whole": "含完整号码",
    "units_a_day": "每日条数上限",
    "at_once": "同时请求数上限",
    "standing": "状态",
    "since_ms": "疑似泄露始于",
    "ready": "导入条数",
    "refused": "有误不导入",
    "run": "导入批次",
    "source": "来源",
    "text": "说明",
    "trust": "可信程度",
    "type": "类型",
    "verification": "核验",
    "vouched_by": "担保单位",
    "mismatch": "情形",
    "matter": "材料或表态的编号",
    "what": "内容",
    "to": "移入的档案",
    "worker": "档案",
    "worker_id": "档案",
}
_DECISIONS: Final = {
    "correction": "成立：更正记录",
    "revocation": "成立：撤销记录",
    "restriction": "成立：限制处理记录",
    "dispute-outcome": "不成立",
}
"""Type of the record that a decision of a case enters -> what it decides."""
CLIENTS: Final = {
    "centre": "培训机构的系统",
    "assessor": "技能评价机构的系统",
    "authority": "发证机关的系统",
    "credit-bank": "学分银行的系统",
    "employer": "用人单位的系统",
    "payroll": "用人单位的薪酬系统",
    "online-platform": "线上培训平台的系统",
    "platform": "上级平台的系统",
}
"""Kind of a client -> what it is called; a test holds it complete."""
SCOPES: Final = {
    "records:write": "报送记录",
    "records:read": "查询本单位报送的记录",
    "feed:read": "读取记录流",
    "exports": "读取本接入方获授权的数据流",
    "shared:read": "读取本人同意共享的记录",
}
_PLACES: Final = {
    **dict.fromkeys(("worker_id", "from", "into", "to"), "/desk/workers"),
    "dispute_id": "/desk/disputes",
    "recovery_id": "/desk/recoveries",
}
"""Members that name what has a page -> where these pages are."""
_MARKS: Final = (("shortage", "急需紧缺"), ("key_list", "重点评价"))
_SILENT: Final = ("papers", "also", "workers", "purpose", "held", "seq", "seen", "sealed", "number", "areas")
"""Members that another line tells, or that say nothing to people."""
_ABOUT_A_PERSON: Final = frozenset({"evidence.trust", "archive.close"})
"""Kinds that keep what they say sealed with what it is about (`archive.sealed_words`)."""


def title(proposal: Proposal) -> str:
    """Return what is proposed in a few words; the kind itself where there are none."""
    return _TITLES[proposal.kind][0] if proposal.kind in _TITLES else f"其他事项（{proposal.kind}）"


def told(proposal: Proposal, name_of: NameOf) -> Told:
    """Return a proposal in words."""
    effect = _TITLES[proposal.kind][1] if proposal.kind in _TITLES else "批准后，系统按下列内容办理。"
    if proposal.kind == "record.move" and proposal.payload["to"] == proposal.payload["worker_id"]:
        effect = "批准后，记录留在现在的档案，不再列为合并期间误入的记录。"
    if proposal.kind == "stray.decide" and proposal.payload["to"] == proposal.payload["worker_id"]:
        effect = "批准后，留在现在的档案，不再列为合并期间未定的内容。"
    return Told(title(proposal), effect, tuple(_facts(proposal, name_of)))


def _facts(proposal: Proposal, name_of: NameOf) -> Iterable[Fact]:
    payload = proposal.payload
    # What a proposal is about stands in its subject alone where the payload does not repeat it.
    if proposal.kind == "record.move":
        yield Fact("记录编号", proposal.subject)
    elif proposal.kind in ("client.key", "client.lift", "client.terms"):
        yield Fact("接入方编号", proposal.subject, f"/desk/clients/{proposal.subject}")
    elif proposal.kind == "audit.pack" or proposal.kind not in _TITLES:
        yield Fact("事项", proposal.subject)
    for name, value in payload.items():
        if value not in (None, [], "") and name not in _SILENT:
            own = _MEMBERS.get((proposal.kind, name))
            yield from own(value) if own else _member(proposal.kind, name, value, name_of)
    if proposal.kind in _ABOUT_A_PERSON and "text" not in payload:
        yield Fact("内容", "所涉的档案或记录已封存，或已删除，不再显示")
    if "also" in payload:
        yield Fact("一并办理", f"说同一事实的另外 {len(payload['also'])} 条记录")
    if "held" in payload:
        yield Fact("条数", f"{len(payload['held'])} 条")


def _member(kind: str, name: str, value: Any, name_of: NameOf) -> Iterable[Fact]:
    label = "号码所在的档案" if name == "to" and kind.startswith("identity.") else _LABELS.get(name, name)
    if name in _PLACES:
        return [Fact(label, str(value), f"{_PLACES[name]}/{value}")]
    if name == "keys":
        return [Fact("公钥", _key(one["jwk"])) for one in value]
    if name == "counts":
        return [_count(one, name_of) for one in value]
    if name in ("issuer", "institution"):
        named = name_of(str(value))
        return [Fact(label, str(value) if named == value else f"{named}（{value}）")]
    if name == "ground" and kind in _GROUNDS:
        return [Fact(label, words.code(_GROUNDS[kind], str(value)))]
    return [Fact(label, _VALUES.get(name, _plain)(value))]


def _version(value: Any) -> list[Fact]:
    return [Fact("文本、测试和模拟", str(value), f"/desk/rules/{value}")]


def _standards(rows: Any) -> list[Fact]:
    return [_standard(row) for row in rows]


def _standard(row: Payload) -> Fact:
    """Return a row of the catalogue as it would hold."""
    until = f"，至 {row['last']}" if row["last"] else ""
    marks = "".join(f"，{word}" for name, word in _MARKS if row[name])
    amount, hours = yuan.text(row["amount_fen"]), row["min_hours"]
    what = f"{amount} 元，不少于 {hours} 课时，{row['first']} 起{until}{marks}"
    group = words.code("worker_groups", row["group"]) if row.get("group") else ""
    return Fact(
        "　".join(part for part in (row["title"], words.code("levels", row["level"]), group) if part), what
    )


_MEMBERS: Final[Mapping[tuple[str, str], Callable[[Any], list[Fact]]]] = {
    ("rule.publish", "sha256"): _version,
    ("catalogue.publish", "document"): lambda value: [Fact("依据的文件", str(value))],
    ("catalogue.publish", "rows"): _standards,
}
"""Members of a kind that are told in a way of their own."""


def _count(one: Payload, name_of: NameOf) -> Fact:
    reason = words.code("hold_reasons", one["reason"])
    return Fact(name_of(one["issuer"]), f"{reason}：{one['count']} 条")


def _key(jwk: Payload) -> str:
    return f"{jwk.get('crv', jwk.get('kty', ''))}，编号 {jwk.get('kid', '')}"


def _plain(value: Any) -> str:
    """Return whatever a payload holds as one line."""
    if isinstance(value, Mapping):
        return "；".join(f"{name}：{_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "、".join(_plain(one) for one in value)
    return str(value)


def _terms(value: Payload) -> str:
    """Return what a client has, in one line; a ceiling that is not its own is that of its kind."""
    scopes = "、".join(SCOPES.get(one, one) for one in value["scopes"]) or "无"
    own = (f"{_LABELS[name]} {value[name] or '按类别'}" for name in ("units_a_day", "at_once"))
    return "；".join((f"权限 {scopes}", *own))


def _instant(value: Any) -> str:
    return words.instant(int(value))


def _place(value: Any) -> str:
    known = division(str(value))
    return str(value) if known is None else f"{known.name}（{value}）"


_PROVEN: Final = {"method": "怎样核实", "on": "核实日期", "by": "谁核实", "reference": "核实编号"}
"""Members of a verification -> what they are called, in the order in which they are told."""


def _verification(value: Payload) -> str:
    return "；".join(f"{label} {words.day(value[name])}" for name, label in _PROVEN.items() if name in value)


_VALUES: Final[Mapping[str, Callable[[Any], str]]] = {
    "act": lambda value: MOVES.get(str(value), str(value)),
    "amount_fen": lambda value: words.yuan(int(value)),
    "asked_fen": lambda value: words.yuan(int(value)),
    "fund": lambda value: words.code("funds", str(value)),
    "region": _place,
    "to_region": _place,
    "to_kind": lambda value: words.code("subsidy_kinds", str(value)),
    "mismatch": lambda value: "账号的号码指向了别处" if value == "differs" else "同一人出现第二个账号",
    "before": _terms,
    "document": lambda value: words.code("identity_documents", str(value)),
    "from_ms": _instant,
    "has_archive": lambda value: "有档案" if value else "还没有档案",
    "jwk": _key,
    "kind": lambda value: CLIENTS.get(value) or words.code("subsidy_kinds", str(value)),
    "not_after_ms": _instant,
    "not_before_ms": _instant,
    "on": words.day,
    "type": lambda value: _DECISIONS.get(str(value)) or words.type_title(str(value)),
    "scopes": lambda value: "、".join(SCOPES.get(one, one) for one in value),
    "since_ms": _instant,
    "source": lambda value: words.code("provenance_sources", str(value)),
    "trust": lambda value: words.code("trust_levels", str(value)),
    "verification": _verification,
    "what": lambda value: {"paper": "收存的材料", "word": "本人对记录的确认或异议"}.get(value, str(value)),
}
"""How the value of a member is written."""

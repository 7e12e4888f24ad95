"""The sentences of a verification, Chinese and English. Codes never change their meaning; no sentence repeats
a name, a number or any other value out of a record's body.
"""

from typing import Final

Words = dict[str, tuple[str, str]]

OUTCOMES: Final[Words] = {
    "PROVEN": ("结论：已证明。", "Result: proven."),
    "FALSE": ("结论：不成立，不要采信。", "Result: false. Do not rely on it."),
    "UNREADABLE": (
        "结论：无法读取，既未证明也未否定。",
        "Result: unreadable. Nothing proven, nothing refuted.",
    ),
    "UNPROVEN": (
        "结论：尚未证明。见证方的联署不够，其余各项都成立。",
        "Result: not proven. Too few witnesses have cosigned; everything else holds.",
    ),
}

SECTIONS: Final[Words] = {
    "failed": ("不成立之处：", "What does not hold:"),
    "proved": ("已证明：", "Proved:"),
    "open": ("没有证明：", "Not proved:"),
    "note": ("请注意：", "Please note:"),
    "extract": ("摘录的内容（由登记机关担保）：", "What it says (the region vouches for it):"),
    "records": (
        "各条记录（序号、签发日期、类型、签发单位、状态、可信等级）：",
        "Records (number, issue date, type, issuer, state, trust):",
    ),
}

LIVES: Final[Words] = {
    "active": ("有效", "in force"),
    "revoked": ("已撤销", "revoked"),
    "restricted": ("已限制处理（封存）", "restricted"),
    "erased": ("已删除", "erased"),
    "corrected": ("已更正", "corrected"),
    "confirmed": ("本人已确认", "confirmed by the worker"),
    "contested": ("本人有异议", "contested by the worker"),
    "corrected-since-said": ("本人表态之后又有更正", "corrected since the worker spoke"),
    "needs-reconfirmation": ("待复核", "to be re-confirmed"),
    "undisclosed": ("（内容未公开）", "(not disclosed)"),
}

SUPERSEDED: Final = ("同一事实以第 {seq} 条为准", "entry {seq} states the same fact and counts")

TYPES: Final[Words] = {
    "training-completion": ("培训结业", "training completion"),
    "enrolment": ("入学登记", "enrolment"),
    "enrolment-outcome": ("培训结果", "enrolment outcome"),
    "training-certificate": ("培训合格证书", "training certificate"),
    "assessment-result": ("考核结果", "assessment result"),
    "level-certificate": ("职业技能等级证书", "level certificate"),
    "qualification-certificate": ("职业资格证书", "qualification certificate"),
    "skill-certificate": ("专项职业能力证书", "single-skill certificate"),
    "safety-permit": ("特种作业操作证", "special-operation permit"),
    "award": ("竞赛获奖", "competition award"),
    "honour": ("荣誉", "honour"),
    "foreign-evidence": ("外地凭证", "evidence from elsewhere"),
    "group-membership": ("人员类别", "group membership"),
    "worker-statement": ("本人陈述", "worker's statement"),
}

EXTRACT: Final[Words] = {
    "record": ("日志第 {index} 位：{kind}  [{state}]", "log index {index}: {kind}  [{state}]"),
    "correct": ("    更正：{day}（日志第 {index} 位）", "    corrected on {day} (log index {index})"),
    "revoke": ("    撤销：{day}（日志第 {index} 位）", "    revoked on {day} (log index {index})"),
    "note": ("    限制处理：{day}（日志第 {index} 位）", "    restricted on {day} (log index {index})"),
    "erase": ("    删除：{day}（日志第 {index} 位）", "    erased on {day} (log index {index})"),
}

ODDITIES: Final[dict[str, str]] = {
    "seq-twice": "序号重复",
    "target-missing": "所指的记录不存在",
    "target-unfit": "所指的不是记录",
    "not-by-the-issuer": "不是原签发单位作出",
    "nothing-to-restore": "所指的记录没有被撤销",
    "correction-unfit": "更正的内容不合规定",
}

WORDS: Final[Words] = {
    # --- proved ---
    "checkpoint-signed": (
        "日志 {origin} 的检查点（共 {size} 条）由给定的日志钥匙签名",
        "the checkpoint of log {origin} ({size} entries) is signed by the log key given",
    ),
    "cosigned": (
        "{count} 个给定的见证方联署了该检查点（要求 {quorum} 个）：{who}",
        "{count} of the witnesses given cosigned it ({quorum} required): {who}",
    ),
    "extract-signed": (
        "登记机关（{region}）签署了这份摘录：说的是日志到第 {size} 条为止的情况，签名钥匙有效",
        "the region ({region}) signed this extract, as of log size {size}, with a key in force",
    ),
    "extract-included": (
        "所列 {count} 条记录及改变其状态的条目都在日志的所称位置，种类和入账时间属实",
        "the {count} records named, and what changed their state, stand in the log, of that kind and time",
    ),
    "chain": (
        "这份档案的 {count} 条条目都在日志中，序号连续、前后相接，中间没有缺少或调换",
        "all {count} entries of this chain stand in the log, numbered and linked without gap or exchange",
    ),
    "issuer-signed": (
        "{count} 条公开的记录由其签发单位签名，签名钥匙在入账位置有效",
        "{count} disclosed records are signed by their issuers, with keys in force at their place in the log",
    ),
    "region-stated": (
        "{count} 条由登记机关（{region}）陈述，不是机构签发",
        "{count} are stated by the region ({region}); no institution signed them",
    ),
    "status-derived": (
        "各条记录的状态由全部 {count} 条条目推出",
        "each record's state follows from all {count} entries",
    ),
    "included": (
        "条目在日志 {origin} 的第 {index} 位（检查点共 {size} 条，由给定的日志钥匙签名）",
        "the entry stands at index {index} of log {origin} (checkpoint of {size}, signed by the log key)",
    ),
    "opened": (
        "该条目承诺的正是这份记录和这份签名凭据",
        "the entry commits to exactly this record and evidence",
    ),
    "receipt-signed": ("签名由给定的签发钥匙作出", "the signature is made with the issuer key given"),
    # --- not proved ---
    "newer-unknown": (
        "没有漏掉更新的条目：此后是否又有更正或撤销，在档案地图启用之前无法证明",
        "that nothing newer was left out: until the log carries a map of archives, this cannot be proved",
    ),
    "key-events-unknown": (
        "签发钥匙事件是否齐全：已列出的都在日志中，但可能有未列出的吊销",
        "that the issuer-key events are complete: those listed stand in the log, a revocation may be missing",
    ),
    "issuer-identity": (
        "签发单位的真实身份：凭登记机关登记的统一社会信用代码，本文件不另行证明",
        "who the issuers are: their codes are as the region registered them",
    ),
    "region-claimed": (
        "登记机关代码 {region} 出自本文件；用 --region 指定才能核对",
        "the region's code {region} is a claim of this file; give --region to check it",
    ),
    "not-cosigned": (
        "没有给定见证方：日志运营者可能向不同的人出示不同的日志",
        "no witness was asked for: the log's operator could show different logs to different people",
    ),
    "quorum-unmet": (
        "见证方联署要求 {quorum} 个，只有 {count} 个：新入账的条目要等见证方联署，请稍后重新取得文件",
        "{quorum} witnesses were asked for, {count} cosigned: a new entry waits for them, fetch it later",
    ),
    "undisclosed": (
        "{count} 条内容未公开、已限制处理或已删除，只证明其种类、时间和位置",
        "{count} entries are not disclosed, restricted or erased: only kind, time and place are proved",
    ),
    "targets-undisclosed": (
        "{count} 条所指的记录未公开，所指编号与位置是否一致未核对",
        "{count} entries act on records not disclosed here: whether id and place agree was not checked",
    ),
    "signature-unchecked": (
        "签名凭据未核对：没有给定签发钥匙",
        "the signature was not checked: no issuer key was given",
    ),
    "key-not-placed": (
        "签发钥匙当时是否有效：回执不含钥匙事件，请用凭证包核对",
        "whether the issuer key was in force then: a receipt holds no key events, a bundle does",
    ),
    # --- worth knowing ---
    "not-production": (
        "环境为 {environment}：不是正式数据，不具效力",
        "the environment is {environment}: not real data, of no effect",
    ),
    "extract-issuers": (
        "签发单位的签名：摘录不含签名原文，各项内容由登记机关担保",
        "what the issuers signed: an extract does not hold it; the region vouches for what the fields say",
    ),
    "extract-parts": (
        "没有列出的项目和没有选的记录说了什么",
        "what fields left out, and records not chosen, say",
    ),
    "audience": ("记录的接收方：{audience}", "the records were made for {audience}"),
    "clock-back": (
        "时间早于前一条：日志的先后以位置为准",
        "earlier than the entry before it: the log's order counts",
    ),
    "future": (
        "检查点的时间在将来：请检查本机时钟",
        "the checkpoint's time lies in the future: check the clock here",
    ),
    "suspect": (
        "签名钥匙在疑似泄露期间，待签发单位复核",
        "signed within a suspected compromise of its key: to be re-confirmed by its issuer",
    ),
    "odd": ("没有效力（{why_zh}）", "without effect ({why})"),
    "extract-for": ("摘录给：{receiver}；目的：{purpose}", "made for {receiver}; purpose {purpose}"),
    # --- failed ---
    "extract-head": (
        "摘录陈述的不是这个检查点的日志",
        "the extract speaks of another log, or another size of it, than its checkpoint",
    ),
    "extract-proofs": (
        "入账证明与所列的条目不是一一对应",
        "proofs and entries named do not match one to one",
    ),
    "extract-twice": ("同一位置列了两次", "the same place is named twice"),
    "extract-not-in-log": (
        "第 {index} 位的条目不在日志的所称位置",
        "the entry said to be at index {index} does not stand there",
    ),
    "extract-state": (
        "第 {index} 位记录的状态与所列的条目不符",
        "the state told of the record at index {index} does not fit the entries named",
    ),
    "extract-erased": (
        "第 {index} 位记录已删除或已限制处理，却仍列有内容",
        "the record at index {index} is erased or restricted, and still has values",
    ),
    "checkpoint-refused": ("检查点不可信：{why_zh}", "the checkpoint cannot be trusted: {why}"),
    "origin-differs": ("文件所称的日志与检查点不同", "the file names another log than its checkpoint"),
    "region-differs": ("文件所称的登记机关与指定的不同", "the file names another region than the one given"),
    "not-in-log": ("不在日志的所称位置", "does not stand at its stated place in the log"),
    "key-event-not-in-log": (
        "第 {at} 个钥匙事件不在日志的所称位置",
        "issuer-key event {at} does not stand at its stated place in the log",
    ),
    "key-chain-broken": (
        "第 {at} 个钥匙事件与前一个不相接",
        "issuer-key event {at} does not follow the one before",
    ),
    "seq-broken": ("序号不连续（应为 {expected}）", "the numbering breaks (expected {expected})"),
    "order-broken": ("日志位置不递增", "its place in the log is not behind the entry before it"),
    "place-broken": (
        "与前面的条目不相接，或序号、所指位置被改动",
        "does not follow from the entries before it, or its number or target was changed",
    ),
    "not-opened": (
        "内容与日志中的承诺不符：记录或签名凭据被改动",
        "the content does not match the commitment in the log: record or evidence was changed",
    ),
    "record-form": ("记录的外层格式不对（{where}）", "the record's envelope has the wrong form ({where})"),
    "kind-differs": ("条目种类与记录类型不符", "the kind of the entry does not match the type of the record"),
    "region-only": ("该类型只能由登记机关陈述", "only the region may state this type"),
    "region-form": (
        "登记机关陈述的记录须写明经办人和档案编号，机构签发的不得写",
        "a record of the region names actor and worker id, and an institution's does not",
    ),
    "issuer-unknown": (
        "没有该签发单位的钥匙事件",
        "there is no issuer-key event of this issuer",
    ),
    "key-unknown": ("签名钥匙不属于该签发单位", "the signing key is not one of this issuer's"),
    "key-not-in-force": (
        "签名钥匙在入账位置无效",
        "the signing key was not in force at this place in the log",
    ),
    "signature": ("签名不成立", "the signature does not hold"),
    "batch-differs": ("批次签名与记录不符（{what}）", "the batch signature does not fit the record ({what})"),
    "not-in-batch": ("记录不在所称的批次中", "the record is not in the batch it claims"),
    "target-differs": ("所指记录的编号与位置不符", "the record it names is not the one at its target"),
    "id-twice": ("同一签发单位的记录编号出现两次", "the same issuer's record id stands twice"),
    "audience-differs": (
        "与其他记录的接收方或环境不同",
        "made for another audience or environment than the others",
    ),
    "worker-differs": ("与其他陈述的档案编号不同", "about another archive than the other statements"),
    "receipt-unreadable": ("回执无法读取：写法不对，或不完整", "the receipt cannot be read: {why}"),
    # --- unreadable ---
    "json": ("{where}：不是严格的 JSON（{detail}）", "{where}: not strict JSON ({detail})"),
    "not-an-extract": ("不是摘录（recordsvc-extract/1）", "not an extract (recordsvc-extract/1)"),
    "not-a-bundle": ("不是凭证包（recordsvc-bundle/1）", "not a bundle (recordsvc-bundle/1)"),
    "members": ("{where}：成员不全或多余", "{where}: members are missing or too many"),
    "type": ("{where}：类型或范围不对", "{where}: wrong type or range"),
    "length": ("{where}：长度不对", "{where}: wrong length"),
    "base64": ("{where}：不是标准 base64", "{where}: not base64 in its one spelling"),
    "leaf": ("{where}：不是条目", "{where}: not a worker leaf ({detail})"),
    "kind-stated": ("{where}：所写种类与条目不符", "{where}: the stated kind is not the leaf's"),
    "evidence": ("{where}：不是签名凭据", "{where}: not evidence"),
    "note": ("{where}：检查点无法读取", "{where}: the checkpoint cannot be read ({detail})"),
}

"""Numbers and cards in plain words (号码与卡): which number, how it stands, what to do about a card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.people.cards import ENDED, LOST, Bank, Social
from recordsvc.people.divisions import division
from recordsvc.web import words
from recordsvc.web.badges import Badge


@dataclass(frozen=True, slots=True)
class Number:
    """What a field that asks for a number says: which number, where it stands, a picture of the place."""

    label: str
    hint: str
    picture: str
    alt: str
    most: int


NUMBERS: Final[Mapping[str, Number]] = {
    "resident-id": Number(
        "公民身份号码",
        "18 位，印在居民身份证有照片一面的最下方；最后一位可能是 X。",
        "number-id.svg",
        "公民身份号码在居民身份证最下方",
        18,
    ),
    "social": Number(
        "社会保障号码",
        "在社会保障卡上姓名的下一行。公民的社会保障号码就是 18 位公民身份号码，换卡不变。",
        "number-social.svg",
        "社会保障号码在社会保障卡姓名的下一行",
        18,
    ),
    "card": Number(
        "社会保障卡卡号",
        "9 位字母和数字，在社会保障号码的下一行。不是社会保障号码，也不是银行卡号；换卡后会变。",
        "number-card.svg",
        "社会保障卡卡号在社会保障号码的下一行",
        9,
    ),
    "chip": Number(
        "卡识别码",
        "32 位，不印在卡面上，由读卡器从芯片读出；前 6 位是发卡地区。",
        "number-chip.svg",
        "卡识别码显示在读卡器上",
        32,
    ),
    "bank": Number(
        "银行卡号",
        "16 至 19 位，在印有银行标志的一面。培训档案不需要它，只用于领取补贴。",
        "number-bank.svg",
        "银行卡号在社会保障卡印有银行标志的一面",
        19,
    ),
    "document": Number(
        "所选证件的号码",
        "居民身份证的号码在最下方；其他证件按所印的抄写，字母和数字都要，不加空格。",
        "number-document.svg",
        "证件号码在证件有照片的一面",
        40,
    ),
}
"""By what a field asks for."""

STANDING: Final = {
    "claimed": Badge("所报，未核实", "wait"),
    "verified": Badge("已核实", "good"),
    "superseded": Badge("旧号码", "mute"),
    "disputed": Badge("有争议", "warn"),
}
_SOURCES: Final = {
    "issuer": "随培训机构报送的记录登记",
    "extract": "据社会保障卡系统的信息",
    "reader": "由读卡器读出",
    "simulator": "据演示用的社会保障卡系统",
    "official": "由窗口工作人员核实",
    "decided": "由两名工作人员核定",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A number or name as a page shows it."""

    identifier_id: str
    kind: str
    value: str
    badge: Badge
    standing: str
    source: str


@dataclass(frozen=True, slots=True)
class CardLine:
    """A card as a page shows it: both functions apart, its life, and what its holder can do."""

    identifier_id: str
    number: str
    area: str
    badge: Badge
    social: Badge
    bank: Badge
    ended: bool
    source: str
    events: tuple[tuple[str, str, str, bool], ...]
    """(day, what, by whose word, withdrawn)."""
    advice: tuple[str, ...]


def kind_word(kind: str) -> str:
    """Return which number it is, in words: of a document, a card, or a card's chip."""
    return NUMBERS[kind].label if kind in ("card", "chip") else words.code("identity_documents", kind)


def number_line(one: Mapping[str, Any]) -> Line:
    """Return a number or name in words."""
    kind = "姓名" if one["kind"] == "name" else words.code("identity_documents", one["kind"])
    return Line(
        words.uuid_text(one["identifier_id"]),
        kind,
        one["value"],
        STANDING[one["standing"]],
        one["standing"],
        source_word(one["source"]),
    )


def card_line(one: Mapping[str, Any]) -> CardLine:
    """Return a card in words."""
    today = one["today"]
    social, bank = Social(today["social"]), Bank(today["bank"])
    ended = social in ENDED
    return CardLine(
        words.uuid_text(one["identifier_id"]),
        one["number"],
        _area(one["area"]),
        STANDING[one["standing"]],
        Badge(words.code("card_states", f"social-{social}"), _social_tone(social)),
        Badge(words.code("card_states", f"bank-{bank}"), _bank_tone(bank, ended=ended)),
        ended,
        source_word(one["source"]),
        tuple(
            (
                words.day(event["on"]),
                words.code("card_events", event["what"]),
                source_word(event["source"]),
                event["withdrawn"],
            )
            for event in sorted(one["events"], key=lambda each: (each["on"], each["n"]))
        ),
        () if one["standing"] != "verified" else tuple(_advice(social, bank)),
    )


def card_facts(cards: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the facts of cards that still count, to choose from: `card/n`, and words."""
    return [
        (
            f"{words.uuid_text(card['identifier_id'])}/{event['n']}",
            f"{card['number']}：{words.day(event['on'])} {words.code('card_events', event['what'])}",
        )
        for card in cards
        for event in sorted(card["events"], key=lambda each: (each["on"], each["n"]))
        if not event["withdrawn"]
    ]


def _area(code: str) -> str:
    """Name where a card was moved to; a code of no known place stays as it is."""
    found = division(code)
    return code if found is None else found.name


def source_word(source: str) -> str:
    """Say on whose word something is kept."""
    return _SOURCES.get(source.partition(":")[0], "其他来源")


def _social_tone(social: Social) -> str:
    if social is Social.NORMAL:
        return "good"
    if social in LOST or social is Social.FROZEN:
        return "bad"
    return "wait" if social is Social.NOT_ACTIVATED else "mute"


def _bank_tone(bank: Bank, *, ended: bool) -> str:
    if ended or bank is Bank.UNKNOWN:
        return "mute"
    return "good" if bank is Bank.ACTIVE else "wait"


def _advice(social: Social, bank: Bank) -> list[str]:
    """Say what the holder can do; each function by itself."""
    if social in ENDED:
        return ["这张卡已停用，只用于查找以前的记录。培训报名请出示现在使用的卡。"]
    found = []
    if social is Social.NOT_ACTIVATED:
        found.append("社保功能还没有启用：请带居民身份证和这张卡，到任一社会保障卡服务窗口办理。")
    elif social in LOST:
        found.append(
            "这张卡已挂失：找到了，带居民身份证和卡到社会保障卡服务窗口解挂；找不到，带居民身份证补办新卡。"
        )
    elif social is Social.FROZEN:
        found.append("社保功能被冻结（多为密码多次输错）：请带居民身份证和卡到社会保障卡服务窗口重置密码。")
    if bank is Bank.NOT_ACTIVATED:
        found.append(
            "银行功能还没有激活，不能领取补贴：请本人带居民身份证和这张卡，到卡面所印银行的网点当面激活。"
            "换了新卡要重新激活。行动不便的，可以请该银行上门办理。"
        )
    elif bank is Bank.EXPIRED:
        found.append(
            "银行功能已到期，不能领取补贴：请带居民身份证和卡到卡面所印银行的网点换领。社保功能不受影响。"
        )
    elif bank is Bank.CLOSED:
        found.append(
            "银行账户已销户，不能领取补贴：请带居民身份证和卡到卡面所印银行的网点重新开通。社保功能不受影响。"
        )
    return found

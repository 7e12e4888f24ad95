"""Every published vector of the project's identifier reference, accepted, refused or warned about."""

import datetime as dt

import pytest

from recordsvc.people import identifiers
from recordsvc.people.identifiers import IdentifierError, Kind

TODAY = dt.date(2026, 11, 23)

ACCEPTED = [
    "640104199002159914",
    "640221198506309928",
    "640522200002299933",
    "64010519951020903X",
    "64032319780707904X",
    "64032119991111995X",
    "642221198002299908",
    "642224199411179943",
    "642127196606309955",
    "642101197205189949",
    "640181200808089984",
    "640205197301019973",
    "640502198704309993",
]

RESIDENCE = [
    "810000198801019906",
    "820000199212319915",
    "830000197909099927",
]
PERMANENT = [
    "964840198604129912",
    "964398199108239903",
]

REFUSED = [
    ("640104199002159910", "id-check-digit"),
    ("640104199002159194", "id-check-digit"),
    ("640104199002319914", "id-date"),
    ("640104190002299916", "id-date"),
    ("640104199013019917", "id-date"),
    ("640104209901019911", "id-future-birth"),
    ("000104199002159915", "id-form"),
    ("64010419900215991", "id-length"),
    ("64010419900215991O", "id-characters"),
    ("6401051995102090X3", "id-characters"),
    ("64010519951020903\u0425", "id-characters"),  # Cyrillic Х
    ("", "id-empty"),
    ("640221680912993", "id-length"),  # 15 digits only on import
]

USCC_ACCEPTED = [
    "91640100MATE5T0173",
    "52640104MJTEAT0250",
    "126400004540000T23",
    "5164030050TEQT038F",
    "93640422NATEAT046A",
    "92640502LATEAT0685",
    "81640200MCTEAT070L",
    "52640402MJTEAT121U",
    "91640181MATE5T13X9",
    "N2640381MFTEAT0556",
    "Y1640000MDTEAT082W",
    "91110000600037341L",
]

USCC_REFUSED = [
    ("91640100MATE5T0174", "uscc-check-digit"),
    ("91640100MAET5T0173", "uscc-check-digit"),
    ("91640100MOTE5T0173", "uscc-form"),
    ("91640100MITE5T0173", "uscc-form"),
    ("91640100MATE5T017", "uscc-form"),
]


def refusal(call, *arguments, **options) -> str:
    with pytest.raises(IdentifierError) as caught:
        call(*arguments, **options)
    return caught.value.code


@pytest.mark.parametrize("number", ACCEPTED)
def test_a_residents_number_is_accepted_without_warning(number):
    found = identifiers.parse(Kind.RESIDENT_ID, number, TODAY)

    assert (found.value, found.warnings, found.derived) == (number, (), False)
    assert identifiers.is_resident_id(number, TODAY)


@pytest.mark.parametrize(
    ("kind", "number"),
    [(Kind.HMT_RESIDENCE, n) for n in RESIDENCE] + [(Kind.FOREIGN_PR, n) for n in PERMANENT],
)
def test_residence_numbers_are_accepted_under_their_own_kind(kind, number):
    assert identifiers.parse(kind, number, TODAY) == identifiers.Identifier(kind, number)
    assert identifiers.possible_kinds(number) == (kind,)
    assert refusal(identifiers.parse, Kind.RESIDENT_ID, number, TODAY) == "id-kind"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("６４０１０４１９９００２１５９９１４", "640104199002159914"),
        ("64010519951020903\u2179", "64010519951020903X"),
        ("64010519951020903\u2169", "64010519951020903X"),
        ("64010519951020903x", "64010519951020903X"),
    ],
)
def test_other_spellings_are_accepted_after_normalisation_only(written, value):
    assert identifiers.parse(Kind.RESIDENT_ID, written, TODAY).value == value
    assert not identifiers.is_resident_id(written, TODAY)


@pytest.mark.parametrize(("number", "code"), REFUSED)
def test_a_number_that_cannot_be_is_refused_with_its_reason(number, code):
    assert refusal(identifiers.parse, Kind.RESIDENT_ID, number, TODAY) == code


def test_a_county_that_never_existed_warns_only():
    found = identifiers.parse(Kind.RESIDENT_ID, "640199199002159910", TODAY)

    assert found.warnings == ("division-unknown",)


def test_of_other_provinces_only_the_province_is_judged():
    known = identifiers.parse(Kind.RESIDENT_ID, "620102196801110594", TODAY)

    assert known.warnings == ()
    assert identifiers.division("620102") is None


@pytest.mark.parametrize(
    ("written", "value"),
    [("640221680912993", "640221196809129933"), ("642121721105990", "642121197211059900")],
)
def test_fifteen_digits_are_converted_on_import_and_marked(written, value):
    found = identifiers.parse(Kind.RESIDENT_ID, written, TODAY, legacy=True)

    assert (found.value, found.derived, found.written) == (value, True, written)
    assert found.warnings == ("id-15-digit",)


def test_fifteen_digits_of_a_reserved_sequence_say_so():
    found = identifiers.parse(Kind.RESIDENT_ID, "640221680912997", TODAY, legacy=True)

    assert found.warnings == ("id-15-digit", "id-15-digit-reserved")


def test_fifteen_digits_with_an_impossible_date_are_refused():
    assert refusal(identifiers.parse, Kind.RESIDENT_ID, "640221681312993", TODAY, legacy=True) == "id-date"


def test_hints_are_read_from_the_number():
    assert identifiers.birth_date("640522200002299933") == dt.date(2000, 2, 29)
    assert identifiers.sex("640522200002299933") == "male"
    assert identifiers.sex("640221198506309928") == "female"


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Kind.HMT_PERMIT_HK_MO, "h12345678", "H12345678"),
        (Kind.HMT_PERMIT_HK_MO, "M1234567801", "M12345678"),
        (Kind.TW_PERMIT, "12345678", "12345678"),
        (Kind.FOREIGN_PR, "USA640086041299", "USA640086041299"),
        (Kind.PASSPORT, "e12345678", "E12345678"),
        (Kind.FOREIGN_SSN, "USA0E1234567", "USA0E1234567"),
    ],
)
def test_documents_without_a_check_digit_are_judged_by_form(kind, raw, value):
    assert identifiers.parse(kind, raw, TODAY).value == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Kind.HMT_PERMIT_HK_MO, "H1234567"),
        (Kind.HMT_PERMIT_HK_MO, "X12345678"),
        (Kind.TW_PERMIT, "1234567"),
        (Kind.PASSPORT, "E1"),
        (Kind.FOREIGN_SSN, "US0E1234567"),
    ],
)
def test_a_wrong_form_is_refused(kind, raw):
    assert refusal(identifiers.parse, kind, raw, TODAY) == "id-form"


def test_issue_digits_are_dropped_and_an_ssn_needs_a_person_to_look():
    permit = identifiers.parse(Kind.HMT_PERMIT_HK_MO, "H1234567801", TODAY)
    foreign = identifiers.parse(Kind.FOREIGN_SSN, "USA0E1234567", TODAY)
    odd = identifiers.parse(Kind.FOREIGN_PR, "USA640086139999", TODAY)

    assert (permit.derived, permit.written, permit.warnings) == (
        True,
        "H1234567801",
        ("permit-issue-digits",),
    )
    assert foreign.warnings == ("manual-evidence",)
    assert odd.warnings == ("pr-2017-date",)


def test_an_unknown_kind_is_refused_and_an_ambiguous_form_offers_every_kind():
    assert refusal(identifiers.parse, "library-card", "123", TODAY) == "id-kind"
    assert identifiers.possible_kinds("USA640086041299") == (Kind.FOREIGN_PR, Kind.FOREIGN_SSN, Kind.PASSPORT)
    assert identifiers.possible_kinds("H12345678") == (Kind.HMT_PERMIT_HK_MO, Kind.PASSPORT)


def test_an_error_never_repeats_the_number():
    with pytest.raises(IdentifierError) as caught:
        identifiers.parse(Kind.RESIDENT_ID, "640104199002159910", TODAY)

    assert "64010419" not in str(caught.value)


@pytest.mark.parametrize("code", USCC_ACCEPTED)
def test_a_credit_code_is_accepted(code):
    assert identifiers.uscc(code) == identifiers.Identifier("uscc", code)
    assert identifiers.uscc(code.lower()).value == code


@pytest.mark.parametrize(("code", "reason"), USCC_REFUSED)
def test_a_wrong_credit_code_is_refused(code, reason):
    assert refusal(identifiers.uscc, code) == reason


def test_a_wrong_inner_organisation_check_warns():
    assert identifiers.uscc("91640100MATE5T0186").warnings == ("uscc-inner-check",)


def test_luhn():
    assert identifiers.luhn("6217009999000000016")
    assert identifiers.luhn("6217009999000000024")
    assert not identifiers.luhn("6217009999000000017")
    assert not identifiers.luhn("6217009999000000025")
    assert not identifiers.luhn("６２１７")


def test_card_number_area_and_chip():
    chip = "640100D1560000050123456789ABCDEF"

    assert identifiers.card_number("x00000019") == "X00000019"
    assert refusal(identifiers.card_number, "X0000001") == "card-number"
    assert identifiers.card_area("640100") == "640100"
    assert refusal(identifiers.card_area, "6401") == "card-area"
    assert identifiers.chip_code(chip.lower(), "640100") == identifiers.Identifier("chip", chip)
    assert identifiers.chip_code(chip, "640200").warnings == ("chip-area-differs",)
    assert identifiers.chip_code("640100D1560000060123456789ABCDEF").warnings == ("chip-rid",)
    assert refusal(identifiers.chip_code, "640100") == "chip-code"


def test_masks_show_the_last_four_and_public_lists_four_and_two():
    assert identifiers.mask("640104199002159914") == "**************9914"
    assert identifiers.mask("C0884602") == "****4602"
    assert identifiers.mask("1234") == "**34"
    assert identifiers.mask_public("640104199002159914") == "6401************14"


@pytest.mark.parametrize("dot", ["·", "•", "・", "．", "‧", ".", " · "])
def test_middle_dots_are_folded_for_matching_only(dot):
    name = f"古丽娜孜{dot}艾合买提"

    assert identifiers.for_matching(name) == "古丽娜孜·艾合买提"
    assert identifiers.shown(name).replace(" ", "") == name.replace(" ", "")


def test_names_match_across_padding_and_width_and_keep_rare_characters():
    assert identifiers.same_name("马　兰", "马兰")
    assert identifiers.same_name("ＪＯＨＮ  Smith", "John SMITH")
    assert identifiers.shown(" 王\U00020bb7平\u200b ") == "王\U00020bb7平"
    assert not identifiers.same_name("髙明", "高明")


def test_typed_numbers_lose_spaces_apostrophes_and_invisible_characters():
    assert identifiers.normalise_typed(" '640205 19661119-4078\u200b ") == "640205196611194078"


def test_divisions_carry_their_dates():
    assert identifiers.division("640104").name == "兴庆区"
    assert identifiers.division("640102").until == 2002
    assert identifiers.division("640199") is None

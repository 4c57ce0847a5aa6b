"""ACC-03: a carrier's bill is read strictly, and each of its lines is judged beside what was quoted and booked."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.bill import BillDoc, BillFormat, BillLine, parse_bills, tax_rate
from odoo.addons.oms_channels.domain.bill_match import CAUSES, NEVER_PAID, Expected, Tolerance, match, told
from odoo.addons.oms_channels.domain.table import Unreadable

D = Decimal
CENT = D("0.01")
COLUMNS = {"Inv": "number", "Day": "billed_on", "Parcel": "tracking", "What": "kind", "Net": "amount", "VAT": "tax"}
FORM = BillFormat(COLUMNS, {"FRT": "transport", "FUEL": "fuel", "ADR": "address", "WGT": "weight"}, currency="EUR")
HEAD = "Inv,Day,Parcel,What,Net,VAT\n"


def line(amount="6.00", kind="transport", row=2, tracking="A1", **values):
    return BillLine(row, kind, D(amount), tracking=tracking, **values)


def verdicts(*lines, booked="6.00", tolerance=("0", "0"), charged=frozenset(), **values):
    expected = {("A1", "transport"): Expected(D(booked), D(booked), "A1", **values)}
    keys = [one.tracking if one.tracking == "A1" else None for one in lines]
    return match(lines, keys, expected, Tolerance(*map(D, tolerance)), CENT, charged)


def causes(*lines, **values):
    return [(one.cause, one.disputed) for one in verdicts(*lines, **values)]


# ------------------------------------------------------------------------------------------------------------- READING


def test_a_bill_is_read_with_its_number_its_day_and_its_taxes():
    raw = f"{HEAD}7,2026-03-31,A1,FRT,6.00,1.20\n7,2026-03-31,A1,FUEL,0.60,0.12\n".encode()
    (doc,) = parse_bills(raw, FORM, total=D("7.92"))
    assert (doc.number, doc.billed_on, doc.currency, doc.sum(), doc.problems()) == (
        "7",
        date(2026, 3, 31),
        "EUR",
        D("7.92"),
        [],
    )
    assert [(one.row, one.kind, one.amount, one.tax) for one in doc.lines] == [
        (2, "transport", D("6.00"), D("1.20")),
        (3, "fuel", D("0.60"), D("0.12")),
    ]


def test_a_total_that_its_lines_do_not_come_to_is_refused_with_both_numbers():
    (doc,) = parse_bills(f"{HEAD}7,2026-03-31,A1,FRT,6.00,1.20\n".encode(), FORM, total=D("7.30"))
    (problem,) = doc.problems()
    assert problem.code == "total_mismatch"
    assert "7.30" in problem.message and "7.20" in problem.message and "0.10" in problem.message


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("7,2026-03-31,A1,FRT,6 00,1.20\n", "bad_amount"),
        ("7,2026-03-31,A1,FRT,6.001,1.20\n", "bad_amount"),
        ("7,2026-03-31,A1,???,6.00,1.20\n", "bad_kind"),
        ("7,2026-02-31,A1,FRT,6.00,1.20\n", "bad_date"),
        ("7,2026-03-31,=A1,FRT,6.00,1.20\n", "formula"),
        (",2026-03-31,A1,FRT,6.00,1.20\n", "no_number"),
        ("7,,A1,FRT,6.00,1.20\n", "no_date"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_taken(rows, code):
    (doc,) = parse_bills((HEAD + rows).encode(), FORM)
    assert code in [problem.code for problem in doc.problems()]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (HEAD.encode(), "no rows"),
        ((HEAD + "7,2026-03-31,\xc41,FRT,6.00,1.20\n").encode("cp1252"), "Line 2"),
        (b"Inv,Day,Parcel,Net,VAT\n7,2026-03-31,A1,6.00,1.20\n", "missing: kind"),
    ],
)
def test_what_is_no_such_table_is_refused_in_a_sentence(raw, words):
    with pytest.raises(Unreadable, match=words):
        parse_bills(raw, FORM)


def test_a_decimal_comma_among_points_is_refused_with_its_line():
    raw = f'{HEAD}7,2026-03-31,A1,FRT,6.00,1.20\n7,2026-03-31,A2,FRT,"6,50",1.30\n'.encode()
    (doc,) = parse_bills(raw, FORM)
    assert any("Line 3" in problem.message and "has “,”" in problem.message for problem in doc.problems())


def test_an_unknown_currency_is_refused():
    doc = BillDoc("7", "EUX", date(2026, 3, 31), None, (line(),))
    assert [problem.code for problem in doc.problems()] == ["bad_currency"]


def test_a_format_without_an_amount_or_a_number_to_match_by_says_so():
    assert [problem.code for problem in BillFormat({"Inv": "number"}, currency="EUR").problems()] == [
        "no_amount",
        "no_reference",
    ]


@given(st.decimals("0.01", "9999", places=2), st.sampled_from([D(0), D("5.5"), D(10), D(20)]))
def test_the_rate_of_a_rounded_tax_gives_that_tax_again(amount, rate):
    tax = (amount * rate / 100).quantize(CENT)
    found = tax_rate(amount, tax, [D(20), D(10), D("5.5")], CENT)
    assert found is not None and abs(amount * found / 100 - tax) <= CENT


# ------------------------------------------------------------------------------------------------------------ MATCHING


def test_what_is_billed_as_booked_agrees_without_a_word():
    (verdict,) = verdicts(line())
    assert (verdict.cause, verdict.disputed, verdict.sentence, verdict.difference) == ("none", False, "", 0)


@pytest.mark.parametrize(
    ("one", "known", "cause"),
    [
        (line("8.00", weight_kg=D(5)), {"weight_kg": D(2)}, "weight"),
        (line("8.00", service="Express"), {"service": "Economy"}, "service"),
        (line("7.20", tax=D("1.20")), {}, "tax"),
        (line("8.00", quantity=D(4)), {"quantity": D(3)}, "quantity"),
        (line("8.00"), {}, "price"),
        (line("6.00"), {"cancelled": True, "booked": "0"}, "cancelled"),
        (line("6.00"), {"bills": ("6",)}, "duplicate"),
        (line("6.00", tracking="Z9"), {}, "unknown"),
    ],
)
def test_each_cause_is_found_disputed_and_said_with_the_amount(one, known, cause):
    (verdict,) = verdicts(one, **known)
    assert (verdict.cause, verdict.disputed) == (cause, True)
    assert str(one.amount) in verdict.sentence


@pytest.mark.parametrize(
    ("kind", "cause"), [("fuel", "surcharge"), ("surcharge", "surcharge"), ("address", "address"), ("weight", "weight")]
)
def test_what_comes_on_top_has_the_cause_of_its_kind(kind, cause):
    assert causes(line(), line("0.60", kind, 3)) == [("none", False), (cause, True)]


def test_a_cent_is_rounding_and_never_disputed():
    assert causes(line("6.01")) == [("rounding", False)]


def test_a_difference_within_either_tolerance_is_paid_and_still_named():
    assert causes(line("6.50"), tolerance=("0.50", "0")) == [("price", False)]
    assert causes(line("6.60"), tolerance=("0.50", "10")) == [("price", False)]
    assert causes(line("6.61"), tolerance=("0.50", "10")) == [("price", True)]


def test_a_parcel_is_judged_as_a_whole():
    """A cheaper transport pays for its surcharge."""
    assert causes(line("5.40"), line("0.60", "fuel", 3)) == [("price", False), ("surcharge", False)]


def test_what_costs_less_is_said_and_not_disputed():
    (verdict,) = verdicts(line("4.00"))
    assert (verdict.cause, verdict.disputed) == ("price", False)
    assert "2.00 less" in verdict.sentence


def test_the_same_line_twice_in_one_bill_is_disputed_once():
    assert causes(line(), line(row=3)) == [("none", False), ("duplicate", True)]


def test_a_surcharge_that_an_earlier_bill_has_charged_is_not_paid_again():
    found = causes(line("0.60", "fuel"), charged=frozenset({("A1", "fuel", D("0.60"))}))
    assert found == [("duplicate", True)]


def test_what_nobody_agreed_to_is_disputed():
    expected = {("P1", "pick"): Expected(D("0.90"), name="WH/OUT/1", quantity=D(3))}
    lines = [line("1.20", "pick", quantity=D(4), tracking="P1"), line("2.00", "other", 3, "P1")]
    found = match(lines, ["P1", "P1"], expected, Tolerance(), CENT)
    assert [(one.cause, one.disputed) for one in found] == [("quantity", True), ("no_tariff", True)]
    assert list(told(found))[0].startswith("Line 2: WH/OUT/1: 1.20 is billed, 0.90 was booked, 0.30 more")


AMOUNTS = st.decimals("-20", "20", places=2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["A1", "B2", "Z9"]), st.sampled_from(["transport", "fuel", "address"]), AMOUNTS),
        max_size=12,
    ),
    st.dictionaries(st.sampled_from(["A1", "B2"]), st.decimals("0", "20", places=2)),
    st.decimals("0", "3", places=2),
)
def test_every_line_has_one_verdict_and_the_sums_agree(rows, booked, allowed):
    """Billed is booked plus differences, to the cent; what is known is compared once; an undisputed parcel is within the
    tolerance."""
    lines = [line(amount, kind, row, name) for row, (name, kind, amount) in enumerate(rows, start=2)]
    expected = {(name, "transport"): Expected(amount) for name, amount in booked.items()}
    found = match(
        lines, [one.tracking if one.tracking in booked else None for one in lines], expected, Tolerance(allowed), CENT
    )
    assert [one.line for one in found] == lines
    assert sum(one.booked + one.difference for one in found) == sum(one.amount for one in lines)
    assert all(one.cause in CAUSES for one in found)
    for name in booked:
        mine = [one for one in found if one.key == name]
        assert sum(one.booked for one in mine) in (0, booked[name])
        paid = [one for one in mine if one.cause not in NEVER_PAID]
        if not any(one.disputed for one in paid):
            off = sum((one.difference for one in paid), D(0))
            assert off <= allowed or all(one.cause in ("none", "rounding") or one.difference <= 0 for one in paid)

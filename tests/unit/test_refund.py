"""What goes back: worked examples that others published, and that the way there does not matter."""

import os
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.money import allocate
from odoo.addons.oms_core.domain.tenders import Tender, fill
from odoo.addons.oms_returns.domain.refund import (
    Charge,
    Credited,
    Line,
    Money,
    Part,
    adjust,
    compute,
    none_below_zero,
    refund_line,
    split,
    spread,
)

CENT = Decimal("0.01")
#: Random lives that are tried; the full check asks for 100,000 (OMS_REFUND_EXAMPLES=100000).
EXAMPLES = int(os.environ.get("OMS_REFUND_EXAMPLES") or 100)


def dec(text):
    return Decimal(str(text))


def money(net, *taxes):
    return Money(dec(net), {f"tax {index}": dec(tax) for index, tax in enumerate(taxes)})


def line(quantity, net, *taxes, **values):
    return Line("goods", dec(quantity), money(net, *taxes), **values)


def give(one, quantity, credited=None, step=CENT, **terms):
    return refund_line(one, credited or Credited(), [Part(dec(quantity), **terms)], step)


# ------------------------------------------------------------------------------------- WORKED EXAMPLES OF OTHER SYSTEMS


@pytest.mark.parametrize(
    ("what", "quantity", "net", "tax", "back", "discount", "expected"),
    [
        # Solidus, Spree: a unit is its part of the line before tax, and of the adjustments of the whole order.
        ("one of two at 20", 2, "40.00", "4.00", 1, "0", "22.00"),
        ("one of two, 10 off the order", 2, "40.00", "3.00", 1, "-10.00", "16.50"),
        ("one of three at 10.00", 3, "10.00", "0.00", 1, "0", "3.33"),
        # Kibo: a line of which discounts were taken is given back without them.
        ("two of five after 12.50 off", 5, "87.50", "7.00", 2, "0", "37.80"),
        # Moqui: two of three received (0.666667): discount and tax in the same part.
        ("two of three, discounted", 3, "270.00", "54.00", 2, "-27.00", "198.00"),
        # Shopify: the cents of a discount over three pieces.
        ("all three after 0.10 off", 3, "29.90", "2.99", 3, "0", "32.89"),
    ],
)
def test_a_part_of_a_line_has_its_part_of_price_discount_and_tax(what, quantity, net, tax, back, discount, expected):
    discounts = {"coupon": Money(dec(discount))} if dec(discount) else {}
    assert give(line(quantity, net, tax, discounts=discounts), back).money.total == dec(expected), what


def test_three_are_announced_and_two_received():
    """Spree 14678: the customer was refunded 89.99 too much as the three that were announced counted."""
    three = Line("goods", Decimal(3), money("269.97"), charged=Decimal(3))
    assert give(three, 2).money.total == dec("179.98")
    with pytest.raises(ValueError, match="of 3 that were charged, 2 are credited already"):
        give(three, 2, give(three, 2).credited)


@pytest.mark.parametrize(("rule", "expected"), [("statutory", "18.15"), ("full_if_all", "18.15"), ("none", "12.10")])
def test_who_withdraws_from_the_whole_order_gets_the_shipping_too(rule, expected):
    """Spree 10099: goods at 12.10 and shipping at 6.05; 12.10 was given back, and 18.15 is due."""
    refund = compute(
        [line(1, "10.00", "2.10")],
        {},
        {"goods": [Part(Decimal(1), shipping=rule)]},
        CENT,
        charges=[Charge("shipping", money("5.00", "1.05"))],
    )
    assert refund.money.total == dec(expected)
    assert refund.money.taxes["tax 0"] == (dec("2.10") if rule == "none" else dec("3.15"))


@pytest.mark.parametrize(
    ("price", "fee", "expected"),
    [
        ("50.99", {"fee_amount": dec("5.00")}, "45.99"),  # Shopify: the fee is in the suggested refund
        ("3.00", {"fee_amount": dec("5.00")}, "0.00"),  # never below nothing
        ("50.00", {"fee_percent": dec("10")}, "45.00"),
        ("50.00", {"fee_percent": dec("150")}, "0.00"),
        ("50.00", {"fee_percent": dec("10"), "fee_amount": dec("1.00")}, "44.00"),
        ("50.99", {"fee_amount": dec("5.00"), "waived": "Our mistake"}, "50.99"),
    ],
)
def test_a_fee_is_taken_off_and_never_more_than_there_is(price, fee, expected):
    assert give(line(1, price), 1, **fee).money.total == dec(expected)


@pytest.mark.parametrize(
    ("deduction", "expected"),
    [
        ({"deduction_percent": dec(30)}, "70.00"),
        ({"deduction_amount": dec("12.34")}, "87.66"),
        ({"deduction_percent": dec(100)}, "0.00"),
        ({"deduction_amount": dec(500)}, "0.00"),
        ({"deduction_percent": dec(30), "fee_percent": dec(10)}, "60.00"),
        ({"deduction_percent": dec(95), "fee_percent": dec(10)}, "0.00"),
    ],
)
def test_damage_is_deducted_and_never_more_than_there_is(deduction, expected):
    assert give(line(1, "80.00", "20.00"), 1, **deduction).money.total == dec(expected)


def test_a_deduction_is_a_percentage_or_an_amount():
    with pytest.raises(ValueError, match="not both"):
        Part(Decimal(1), deduction_percent=Decimal(1), deduction_amount=Decimal(1))


@pytest.mark.parametrize(("name", "value"), [("quantity", -1), ("fee_percent", -1), ("deduction_amount", -1)])
def test_nothing_of_it_is_negative(name, value):
    with pytest.raises(ValueError, match="not negative"):
        Part(**{"quantity": Decimal(1), name: Decimal(value)})


# -------------------------------------------------------------------------------------------------------------- WITHHELD


def test_a_fee_is_made_up_as_the_price_is():
    """5.00 of 120.00 with 20.00 of tax: 0.83 of it is tax."""
    refund = give(line(1, "100.00", "20.00"), 1, fee_amount=dec("5.00"))
    assert (refund.fee.net, refund.fee.taxes["tax 0"]) == (dec("4.17"), dec("0.83"))
    assert refund.money == money("95.83", "19.17")


def test_of_goods_that_are_waste_no_cent_is_paid():
    one = line(3, "10.00", "0.55")
    state, total = Credited(), Decimal(0)
    for _piece in range(3):
        refund = give(one, 1, state, deduction_percent=dec(100))
        state, total = refund.credited, total + refund.goods.total
        assert refund.money.total == 0
    assert total == dec("10.55")


def test_fees_of_single_pieces_sum_to_the_fee_of_all():
    one = line(3, "10.00")
    together = give(one, 3, fee_percent=dec(15))
    state, fees = Credited(), Decimal(0)
    for _piece in range(3):
        refund = give(one, 1, state, fee_percent=dec(15))
        state, fees = refund.credited, fees + refund.fee.total
    assert fees == together.fee.total == dec("1.50")


# --------------------------------------------------------------------------------------------------------------- SHIPPING

SHIPPING = Charge("shipping", money("10.00", "2.00"))
TWO_LINES = (
    Line("cheap", Decimal(1), money("20.00")),
    Line("dear", Decimal(1), money("80.00")),
)


def shipping_after(*steps, charge=SHIPPING, lines=TWO_LINES):
    """What is given back of the shipping with each step: {key of a line: (quantity, rule)}."""
    state, given, told = {}, Decimal(0), []
    for step in steps:
        parts = {key: [Part(dec(quantity), shipping=rule)] for key, (quantity, rule) in step.items()}
        now = Charge(charge.key, charge.money, given, charge.standard)
        refund = compute(lines, state, parts, CENT, charges=[now])
        state |= {key: one.credited for key, one in refund.lines.items()}
        back = sum((one.total for one in refund.charges.values()), Decimal(0))
        given += back
        told.append(str(back))
    return told


def test_shipping_goes_back_in_proportion_to_the_goods():
    assert shipping_after({"cheap": (1, "proportional")}, {"dear": (1, "proportional")}) == ["2.40", "9.60"]


def test_shipping_goes_back_with_the_last_of_the_goods():
    assert shipping_after({"dear": (1, "full_if_all")}, {"cheap": (1, "full_if_all")}) == ["0", "12.00"]


def test_a_withdrawal_gives_back_the_usual_shipment_and_not_the_express():
    express = Charge("shipping", money("25.00"), standard=dec("6.90"))
    assert shipping_after({"cheap": (1, "statutory")}, {"dear": (1, "statutory")}, charge=express) == ["0", "6.90"]


def test_a_withdrawal_counts_though_parts_came_back_under_another_rule():
    assert shipping_after({"cheap": (1, "none")}, {"dear": (1, "statutory")}) == ["0", "12.00"]


def test_shipping_always_goes_back_once():
    assert shipping_after({"cheap": (1, "always")}, {"dear": (1, "always")}) == ["12.00", "0"]


def test_what_was_cancelled_need_not_come_back():
    three = (Line("goods", Decimal(3), money("30.00"), charged=Decimal(1), wanted=Decimal(1)),)
    assert shipping_after({"goods": (1, "full_if_all")}, lines=three) == ["12.00"]


def test_what_is_still_to_be_sent_has_not_come_back():
    three = (Line("goods", Decimal(3), money("30.00"), charged=Decimal(1)),)
    assert shipping_after({"goods": (1, "full_if_all")}, lines=three) == ["0"]


# ---------------------------------------------------------------------------------------------------------------- TENDERS


@pytest.mark.parametrize(
    ("amount", "tenders", "expected"),
    [
        ("24.00", (("card", 30, 0), ("money", 18, 0)), {"card": "15.00", "money": "9.00"}),
        ("48.00", (("card", 30, 0), ("money", 18, 0)), {"card": "30", "money": "18"}),
        ("24.00", (("card", 30, 30), ("money", 18, 0)), {"money": "18"}),  # never above what was taken
        ("0.01", (("card", 1, 0), ("money", 1, 0)), {"card": "0.01"}),
        ("5.00", (("card", 0, 0),), {}),
        ("5.00", (), {}),
        ("10.00", (("card", 30, 0), ("money", 18, 18)), {"card": "10.00"}),
    ],
)
def test_each_tender_gets_its_share_back(amount, tenders, expected):
    parts = split(dec(amount), [Tender(key, dec(taken), dec(back)) for key, taken, back in tenders], CENT)
    assert parts == {key: dec(part) for key, part in expected.items()}


def test_ways_of_paying_are_used_up_one_after_the_other():
    ways = [Tender("card", dec(10), dec(6)), Tender("cash", dec(5), dec(5)), Tender("gift card", dec(20))]
    assert fill(dec(14), ways) == {"card": 4, "gift card": 10}
    assert sum(fill(dec(30), ways).values()) == 24


def test_what_was_not_taken_is_open():
    """An order on account: the credit is set off against what the customer owes."""
    refund = compute([line(2, "40.00")], {}, {"goods": [Part(Decimal(1))]}, CENT, tenders=[Tender("money", dec(5))])
    assert (refund.money.total, refund.tenders, refund.open) == (dec("20.00"), {"money": dec(5)}, dec("15.00"))


# ----------------------------------------------------------------------------------------------------- PRICE ADJUSTMENTS


def test_what_was_given_back_on_kept_goods_is_not_given_again():
    """Three at 10; 5 are given back, then all come back one by one: 30 in all."""
    three = line(3, "30.00")
    five = adjust(three, Credited(), dec("5.00"), CENT)
    state = Credited(adjustments=(five,))
    paid = []
    for _piece in range(3):
        refund = give(three, 1, state)
        state = refund.credited
        paid.append(refund.money.total)
    assert paid == [dec("8.33"), dec("8.34"), dec("8.33")]


def test_an_adjustment_is_not_more_than_the_goods_cost():
    assert adjust(line(3, "30.00"), Credited(quantity=Decimal(2)), dec(50), CENT).money.total == dec("10.00")
    with pytest.raises(ValueError, match="given back already"):
        adjust(line(3, "30.00"), Credited(quantity=Decimal(3)), dec(1), CENT)


# ------------------------------------------------------------------------------------------------------ RANDOM LIVES

steps = st.sampled_from([Decimal("1"), Decimal("0.05"), CENT, Decimal("0.001")])
#: Terms that leave a good part of the price, or nothing: what leaves less than a cent of each cannot be paid to the cent.
terms = st.one_of(
    st.just({}),
    st.builds(lambda percent: {"fee_percent": Decimal(percent)}, st.sampled_from([5, 10, 33])),
    st.builds(lambda percent: {"deduction_percent": Decimal(percent)}, st.sampled_from([10, 50, 100])),
    st.just({"deduction_percent": Decimal(30), "fee_percent": Decimal("12.5")}),
    st.just({"fee_amount": Decimal(10**9)}),
)


@st.composite
def orders(draw):
    """(lines, shipping, step): of each line an own number of units, ugly amounts, two taxes, a discount of the order."""
    step = draw(steps)
    lines = []
    for index in range(draw(st.integers(1, 3))):
        quantity = draw(st.integers(1, 7))
        # Above a hundred steps for each unit, so that a share of it is worth a step.
        net = draw(st.integers(100 * quantity, 20_000)) * step
        taxes = [draw(st.integers(0, 4000)) * step for _tax in range(draw(st.integers(0, 2)))]
        lines.append(Line(index, Decimal(quantity), money(net, *taxes)))
    off = -draw(st.integers(0, int(sum(one.money.net for one in lines) / step) // 10)) * step
    shares = spread(money(off), lines, step)
    lines = [
        Line(one.key, one.quantity, one.money, {"coupon": part} if part.net else {})
        for one, part in zip(lines, shares, strict=True)
    ]
    shipping = Charge("shipping", money(draw(st.integers(0, 900)) * step, draw(st.integers(0, 200)) * step))
    return lines, shipping, step


def live(lines, shipping, step, events):
    """Ship, cancel and return in this order; what was credited in all of goods, discounts, fees and shipping."""
    charged = {one.key: Decimal(0) for one in lines}
    wanted = {one.key: one.quantity for one in lines}
    state, sums = {}, {"goods": Money(), "discount": Money(), "fee": Money(), "deduction": Money(), "shipping": Money()}
    given = Decimal(0)
    for kind, key, quantity, how in (*events, ("refund", None, 0, {})):
        now = [
            Line(one.key, one.quantity, one.money, one.discounts, charged[one.key], wanted[one.key]) for one in lines
        ]
        if kind == "ship":
            charged[key] += quantity
            continue
        if kind == "cancel":
            wanted[key] -= quantity
            continue
        parts = {key: [Part(quantity, shipping="proportional", **how)]} if quantity else {}
        refund = compute(now, state, parts, step, charges=[Charge("s", shipping.money, given)])
        assert refund.money.total >= 0
        for one in refund.lines.values():
            sums["goods"] += one.goods
            sums["fee"] += one.fee
            sums["deduction"] += one.deduction
            sums["discount"] = sum(one.discounts.values(), sums["discount"])
        state |= {each: one.credited for each, one in refund.lines.items()}
        sums["shipping"] = sum(refund.charges.values(), sums["shipping"])
        given += sum((one.total for one in refund.charges.values()), Decimal(0))
    return sums


@st.composite
def lives(draw):
    """An order, and two lives of it that end the same: what is shipped, cancelled and comes back on which terms."""
    lines, shipping, step = draw(orders())
    together, events = [], []
    for one in lines:
        kept = draw(st.integers(0, int(one.quantity)))
        sent = draw(st.integers(kept, int(one.quantity)))
        how = draw(terms)
        together += [
            ("ship", one.key, Decimal(sent), {}),
            ("cancel", one.key, one.quantity - sent, {}),
            ("return", one.key, Decimal(sent - kept), how),
        ]
        pieces = [("ship", one.key, Decimal(1), {})] * sent + [("cancel", one.key, Decimal(1), {})] * int(
            one.quantity - sent
        )
        pieces = draw(st.permutations(pieces))
        for piece in [("return", one.key, Decimal(1), how)] * (sent - kept):
            # Each return after enough was shipped.
            before = [index for index, event in enumerate(pieces) if event[0] == "ship"]
            returned = sum(event[0] == "return" for event in pieces)
            first = before[returned] + 1
            last = max((index for index, event in enumerate(pieces) if event[0] == "return"), default=-1) + 1
            place = draw(st.integers(max(first, last), len(pieces)))
            pieces.insert(place, piece)
        events.append(pieces)
    mixed = []
    while any(events):
        mixed.append(draw(st.sampled_from([each for each in events if each])).pop(0))
    return lines, shipping, step, together, mixed


@settings(max_examples=EXAMPLES, deadline=None)
@given(lives())
def test_the_way_there_does_not_matter(life):
    lines, shipping, step, together, mixed = life
    assert live(lines, shipping, step, together) == live(lines, shipping, step, mixed)


@settings(max_examples=EXAMPLES, deadline=None)
@given(orders(), st.data())
def test_what_comes_back_whole_is_paid_back_whole(order, data):
    """On any terms: goods and discounts sum to what was charged, and what is kept of it is not more."""
    lines, _shipping, step = order
    for one in lines:
        state, total = Credited(), Money()
        for _piece in range(int(one.quantity)):
            refund = give(one, 1, state, step, **data.draw(terms))
            assert refund.money.total >= 0
            state = refund.credited
            total = sum(refund.discounts.values(), total + refund.goods)
        assert total == one.whole


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 9)), min_size=1, max_size=4), st.data())
def test_tenders_get_back_what_they_gave_and_no_more(taken, data):
    captured = {index: amount * CENT for index, (amount, _parts) in enumerate(taken)}
    rest, back = sum(captured.values()), dict.fromkeys(captured, Decimal(0))
    while rest:
        amount = min(rest, data.draw(st.integers(1, 4000)) * CENT)
        parts = split(amount, [Tender(key, captured[key], back[key]) for key in captured], CENT)
        assert sum(parts.values()) == amount and all(part > 0 for part in parts.values())
        for key, part in parts.items():
            back[key] += part
        rest -= amount
    assert back == captured


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(1, 9), st.integers(1, 10_000), st.integers(1, 10_000), st.data())
def test_adjustments_and_returns_never_sum_to_more_than_was_charged(quantity, cents, first, data):
    one = line(quantity, cents * CENT)
    state, total = Credited(), Decimal(0)
    for piece in range(quantity):
        if data.draw(st.booleans()):
            try:
                given_back = adjust(one, state, (first + piece) * CENT, CENT)
            except ValueError:
                continue
            total += given_back.money.total
            state = Credited(
                state.quantity, state.free, state.withheld, state.by_rule, (*state.adjustments, given_back)
            )
        refund = give(one, 1, state)
        state, total = refund.credited, total + refund.money.total
        assert refund.money.total >= 0
    assert total <= one.whole.total
    refund = give(one, one.quantity - state.quantity, state)
    assert total + refund.money.total == one.whole.total


def test_an_exact_amount_survives_being_written_down():
    state = give(line(3, "10.00"), 1, fee_percent=dec(15)).credited
    assert state.withheld["fee"] == Fraction(str(state.withheld["fee"])) == Fraction(1, 2)


def test_a_discount_of_the_order_is_spread_over_its_lines_to_the_cent():
    lines = [line(1, net) for net in ("10.00", "10.00", "10.00", "0.00")]
    assert [part.net for part in spread(Money(dec("-1.00")), lines, CENT)] == [
        -part for part in allocate(dec("1.00"), [Decimal(10)] * 3 + [Decimal(0)], CENT)
    ]


# --- documents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Something on a credit note, with a fifth of tax."""

    money: Money


ROWS = st.integers(-5000, 5000).map(lambda cents: Row(Money(CENT * cents, {"tax": CENT * (cents // 5)})))


def test_a_discount_that_came_with_another_invoice_goes_where_there_is_room_for_it():
    documents = {1: [Row(Money(Decimal(25))), Row(Money(Decimal(-36)))], 2: [Row(Money(Decimal(40)))]}
    none_below_zero(documents, CENT)
    nets = {key: [row.money.net for row in rows] for key, rows in documents.items()}
    assert nets == {1: [25, -25], 2: [40, -11]}


@given(st.dictionaries(st.integers(1, 4), st.lists(ROWS, min_size=1, max_size=4), min_size=1))
def test_no_credit_note_is_over_less_than_nothing_and_together_they_keep_their_sum(documents):
    before = sum((row.money for rows in documents.values() for row in rows), Money())
    none_below_zero(documents, CENT)
    assert sum((row.money for rows in documents.values() for row in rows), Money()) == before
    if before.total >= 0:
        assert all(sum(row.money.total for row in rows) >= 0 for rows in documents.values())

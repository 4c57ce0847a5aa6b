"""A report that is not what it has to be is refused whole, with the line and the reason; and fast when it is large."""

import csv
import io
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain import payout_csv, payout_paypal, payout_stripe
from odoo.addons.oms_channels.domain.settlement import REPORT_MAX_BYTES, seen_before
from odoo.addons.oms_channels.platforms.amazon import payout as amazon
from odoo.addons.oms_channels.platforms.ebay import payout as ebay
from odoo.addons.oms_channels.platforms.shopify import payout as shopify

FOLDER = Path(__file__).resolve().parents[2] / "data" / "payouts"
AMAZON = (FOLDER / "amazon" / "de_two_weeks.txt").read_bytes()
US = (FOLDER / "amazon" / "us_tax_kept_by_amazon.txt").read_bytes()
SHOPIFY = (FOLDER / "shopify" / "payouts_page.csv").read_bytes()
STRIPE = (FOLDER / "stripe" / "itemized.csv").read_bytes()
PAYPAL = (FOLDER / "paypal" / "STL-20260305.csv").read_bytes()
EBAY = json.loads((FOLDER / "ebay" / "finances_payout.json").read_bytes())
SIMPLE = payout_csv.Format({"Payout": "payout_id", "Order": "order_ref", "Amount": "amount", "Currency": "currency"})


def simple(raw):
    return payout_csv.parse_payouts(raw, SIMPLE)


PARSERS = {
    "amazon": (amazon.parse_payouts, AMAZON),
    "shopify": (shopify.parse_payouts, SHOPIFY),
    "stripe": (payout_stripe.parse_payouts, STRIPE),
    "paypal": (payout_paypal.parse_payouts, PAYPAL),
    "csv": (simple, b"Payout,Order,Amount,Currency\nP1,1001,5.00,EUR\nP1,1002,7.00,EUR\n"),
}


def problems(docs):
    """What is wrong; of a file of which anything is wrong, nothing can be taken."""
    found = [doc.problems() for doc in docs]
    assert docs and all(found), "a part of the file would be booked"
    return [(problem.code, problem.message) for problem in found[0]]


def only(docs, code, *words):
    messages = [message for got, message in problems(docs) if got == code]
    assert messages, problems(docs)
    assert all(word in messages[0] for word in words), messages[0]


@pytest.mark.parametrize("name", sorted(PARSERS))
class TestEveryParser:
    def test_takes_its_own_report(self, name):
        parse, raw = PARSERS[name]
        assert [problem for doc in parse(raw) for problem in doc.problems()] == []

    @pytest.mark.parametrize(
        "junk",
        [
            b"",
            b"\n\n",
            b"hello",
            b"\0\1\2" * 50,
            b"PK\x03\x04junk",
            b"<html><body>Log in</body></html>",
            b'{"a": NaN',
            b"{}",
            b"\xff\xfe",
        ],
    )
    def test_refuses_what_is_no_report_with_a_sentence(self, name, junk):
        parse, _raw = PARSERS[name]
        assert all(message.endswith((".", "?")) for _code, message in problems(parse(junk)))

    def test_refuses_a_file_of_fifty_megabytes_before_it_reads_it(self, name):
        parse, raw = PARSERS[name]
        begin = time.perf_counter()
        only(parse(raw + b"x" * REPORT_MAX_BYTES), "unreadable", "50 are read")
        assert time.perf_counter() - begin < 2

    def test_refuses_letters_of_another_encoding_and_says_where(self, name):
        parse, raw = PARSERS[name]
        if name == "amazon":
            raw = b"Amazon.co.jp" + raw  # the others may be in Windows letters, in which nearly everything is a letter
        lines = raw.split(b"\n")
        lines[2] = lines[2] + b"\x81\xff\xff"
        only(parse(b"\n".join(lines)), "unreadable", "Line 3")

    def test_refuses_a_report_that_stands_in_its_file_twice(self, name):
        parse, raw = PARSERS[name]
        assert problems(parse(raw + raw)) != []

    @given(data=st.data())
    def test_never_raises_and_never_takes_what_was_cut_or_changed_in_silence(self, name, data):
        parse, raw = PARSERS[name]
        place = data.draw(st.integers(0, len(raw) - 1))
        changed = raw[:place] + data.draw(st.binary(max_size=3)) + raw[place + data.draw(st.integers(0, 40)) :]
        for doc in parse(changed):
            if not doc.problems():
                assert sum(line.amount for line in doc.lines) == doc.total


class TestAmazon:
    def test_a_total_that_is_not_the_sum_of_its_rows_is_told_with_both(self):
        only(amazon.parse_payouts(AMAZON.replace(b"1077,66", b"1077,67")), "total_mismatch", "1077.67", "1077.66")

    def test_a_row_that_is_missing_is_told_by_the_total(self):
        lines = AMAZON.split(b"\r\n")
        only(amazon.parse_payouts(b"\r\n".join(lines[:5] + lines[6:])), "total_mismatch")

    def test_a_point_among_commas_is_told_with_its_line(self):
        only(amazon.parse_payouts(AMAZON.replace(b"-180,00", b"-180.00")), "bad_amount", "Line 9", "-180.00")

    def test_a_date_of_no_calendar_is_told_with_its_line(self):
        raw = AMAZON.replace(b"16.03.2026 09:16:13", b"45.03.2026 09:16:13", 1)
        only(amazon.parse_payouts(raw), "bad_date", "Line 2")

    def test_the_report_of_the_older_layout_is_told_by_its_missing_columns(self):
        raw = AMAZON.replace(b"amount-type", b"price-type").replace(b"amount-description", b"other-amount")
        only(amazon.parse_payouts(raw), "unreadable", "amount-type, amount-description")

    @pytest.mark.parametrize("wrong", [b"NaN", b"1e308", b"=1+1", b"-5,42abc", b"Infinity", b"9" * 20])
    def test_what_is_no_amount_is_refused(self, wrong):
        only(amazon.parse_payouts(AMAZON.replace(b"-5,42", wrong)), "bad_amount", "Line 10")

    @pytest.mark.parametrize("wrong", [b"=HYPERLINK(1)", b"@SUM(A1)", b"+cmd|' /C calc'!A0", b"-2+3+cmd|' /C calc'!A0"])
    def test_a_formula_is_no_product(self, wrong):
        only(amazon.parse_payouts(AMAZON.replace(b"MUG-BLUE", wrong, 1)), "formula", "Line 3")

    def test_a_currency_that_nobody_has_is_refused(self):
        only(amazon.parse_payouts(AMAZON.replace(b"\tEUR\t", b"\tEUX\t")), "bad_currency", "EUX")

    def test_rows_of_a_settlement_whose_first_row_is_missing_are_told(self):
        lines = US.split(b"\r\n")
        only(amazon.parse_payouts(b"\r\n".join([lines[0], *lines[2:]])), "no_total", "Line 2")

    def test_amounts_that_could_be_thousands_are_not_guessed(self):
        raw = US
        for text in (b"15.75", b"25.00", b"-2.00", b"2.00", b"-3.75", b"-5.50"):
            raw = raw.replace(text, b"1,234")
        only(amazon.parse_payouts(raw), "unreadable", "could be two amounts")

    def test_fifty_thousand_rows_are_read_in_seconds(self):
        lines = US.split(b"\r\n")
        body = lines[2:-1] * 10_000
        raw = b"\r\n".join([lines[0], lines[1].replace(b"15.75", b"157500.00"), *body, b""])
        begin = time.perf_counter()
        (doc,) = amazon.parse_payouts(raw)
        assert doc.problems() == [] and len(doc.lines) == 50_000
        assert time.perf_counter() - begin < 10

    def test_a_tree_of_amounts_that_does_not_sum_to_its_transaction_is_told(self):
        raw = (FOLDER / "amazon" / "finances_group.json").read_bytes().replace(b"-2.85}", b"-2.86}")
        only(amazon.parse_payouts(raw), "total_mismatch", "101.15", "101.14")

    def test_the_balance_with_which_each_group_begins_is_a_line_of_that_group_alone(self):
        raw = (FOLDER / "amazon" / "finances_group.json").read_bytes()
        (doc,) = amazon.parse_payouts(raw)
        answer = json.loads(raw)
        answer["group"]["FinancialEventGroupId"] = "another group"
        (other,) = amazon.parse_payouts({"group": answer["group"], "transactions": answer["transactions"]})
        balances = [line.id for one in (doc, other) for line in one.lines if line.code == "BeginningBalance"]
        assert len(set(balances)) == 2


class TestTables:
    def test_a_fee_that_does_not_lead_to_what_remains_is_told_with_its_line(self):
        only(shopify.parse_payouts(SHOPIFY.replace(b",116.01,", b",116.02,")), "row_mismatch", "Line 2", "116.02")
        only(payout_stripe.parse_payouts(STRIPE.replace(b",116.96,", b",116.97,")), "row_mismatch", "Line 2")

    def test_a_decimal_comma_where_the_platform_writes_points_was_a_spreadsheet(self):
        raw = SHOPIFY.replace(b",119.00,2.99,116.01,", b',"119,00","2,99","116,01",')
        only(shopify.parse_payouts(raw), "bad_amount", "Line 2", "spreadsheet")

    def test_a_missing_column_is_named(self):
        only(shopify.parse_payouts(SHOPIFY.replace(b"Payout ID", b"Payout")), "unreadable", "Payout ID")
        only(
            payout_stripe.parse_payouts(STRIPE.replace(b"balance_transaction_id", b"id")),
            "unreadable",
            "balance_transaction_id",
        )
        only(payout_paypal.parse_payouts(PAYPAL.replace(b"Fee Amount", b"Fees")), "unreadable", "Fee Amount")

    def test_a_row_twice_is_told_with_both_lines(self):
        lines = STRIPE.split(b"\n")
        only(
            payout_stripe.parse_payouts(b"\n".join([*lines[:3], lines[2], *lines[3:]])),
            "duplicate_line",
            "Line 4",
            "line 3",
        )

    def test_two_currencies_in_one_payout_are_told(self):
        only(payout_stripe.parse_payouts(STRIPE.replace(b"eur,-20.00", b"gbp,-20.00")), "bad_currency", "Line 4", "GBP")

    def test_paypals_sums_are_checked(self):
        only(
            payout_paypal.parse_payouts(PAYPAL.replace(b'"11900","EUR"', b'"11901","EUR"')),
            "total_mismatch",
            "119.00",
            "119.01",
        )

    def test_two_withdrawals_of_paypal_are_two_lines_in_the_bank_and_one_is_the_payout(self):
        answer = json.loads((FOLDER / "paypal" / "transactions.json").read_bytes())
        rows = answer["transaction_details"]
        [withdrawal] = [row for row in rows if row["transaction_info"]["transaction_event_code"] == "T0400"]
        [one] = payout_paypal.parse_payouts(answer)
        second = {**withdrawal["transaction_info"], "transaction_id": "5TX00000000000009"}
        second["transaction_amount"] = {"currency_code": "EUR", "value": "-25.00"}
        rows.append({"transaction_info": second})
        [two] = payout_paypal.parse_payouts(answer)
        assert (one.total, one.bank_reference) == (Decimal(40), "5TX00000000000005")
        assert (two.total, two.bank_reference, two.problems()) == (Decimal(0), "", [])
        moved = [(line.amount, line.transaction_ref) for line in two.lines if line.kind == "transfer"]
        assert moved == [(Decimal(-40), "5TX00000000000005"), (Decimal(-25), "5TX00000000000009")]
        assert sum(line.amount for line in two.lines if line.kind == "carry_over") == Decimal("-31.19")

    def test_paypals_report_that_was_cut_off_is_told(self):
        only(payout_paypal.parse_payouts(PAYPAL.replace(b'"FF","6"\n', b"")), "cut_off", "FF")

    def test_an_amount_with_a_point_is_none_in_paypals_smallest_units(self):
        only(payout_paypal.parse_payouts(PAYPAL.replace(b'"331","EUR",""', b'"3.31","EUR",""')), "bad_amount", "Line 5")

    def test_an_open_quotation_mark_is_told_with_its_line(self):
        only(payout_stripe.parse_payouts(STRIPE.replace(b'Order 1001, mug"', b"Order 1001, mug")), "unreadable", "Line")

    def test_more_cells_than_columns_are_told(self):
        only(simple(b"Payout,Order,Amount,Currency\nP1,1001,5,00,EUR\n"), "bad_row", "Line 2")


class TestAnswers:
    def test_neither_given_nor_taken_is_told(self):
        raw = json.loads(json.dumps(EBAY))
        raw["transactions"][0]["bookingEntry"] = "BOTH"
        only(ebay.parse_payouts(raw), "bad_amount", "BOTH")

    def test_fees_that_do_not_fit_the_basis_are_told(self):
        raw = json.loads(json.dumps(EBAY))
        raw["transactions"][0]["totalFeeBasisAmount"]["value"] = "101.00"
        only(ebay.parse_payouts(raw), "row_mismatch", "101.00", "100.00")

    @pytest.mark.parametrize("wrong", ["NaN", "1e308", None, {}, [], True, "=1"])
    def test_what_is_no_amount_is_refused(self, wrong):
        raw = json.loads(json.dumps(EBAY))
        raw["transactions"][2]["amount"]["value"] = wrong
        assert "bad_amount" in [code for code, _message in problems(ebay.parse_payouts(raw))]

    def test_a_payout_that_waits_is_open_and_one_that_came_back_has_failed(self):
        raw = json.loads(json.dumps(EBAY))
        for told, status in (("PENDING", "open"), ("REVERSED", "failed")):
            raw["payout"]["payoutStatus"] = told
            assert ebay.parse_payouts(raw)[0].status == status


class TestGenericFormat:
    def test_a_type_that_the_format_does_not_know_is_told_with_its_line(self):
        form = payout_csv.Format({"P": "payout_id", "T": "kind", "A": "amount"}, {"Sale": "sale"}, currency="EUR")
        only(payout_csv.parse_payouts(b"P,T,A\n1,sale,5.00\n1,Levy,-1.00\n", form), "bad_kind", "Line 3", "Levy")

    def test_a_total_that_the_file_tells_is_checked(self):
        form = payout_csv.Format({"P": "payout_id", "A": "amount", "Total": "total"}, currency="EUR")
        only(payout_csv.parse_payouts(b"P,A,Total\n1,5.00,6.00\n", form), "total_mismatch", "6.00", "5.00")

    @pytest.mark.parametrize(
        "form",
        [
            payout_csv.Format({"A": "amount"}),
            payout_csv.Format({"A": "amount", "B": "gross"}, currency="EUR"),
            payout_csv.Format({"A": "amount", "B": "amount"}, currency="EUR"),
            payout_csv.Format({"A": "money"}, currency="EUR"),
            payout_csv.Format({"A": "amount"}, {"x": "tip"}, currency="EUR"),
            payout_csv.Format({"A": "amount"}, currency="EUR", letters="klingon"),
        ],
    )
    def test_a_format_with_which_nothing_can_be_read_says_why(self, form):
        only(payout_csv.parse_payouts(b"A,B\n1.00,2.00\n", form, "x"), "unreadable")

    def test_without_the_name_of_a_payout_the_file_gives_it(self):
        form = payout_csv.Format({"A": "amount"}, currency="EUR")
        (doc,) = payout_csv.parse_payouts(b"A\n5.00\n", form, "march.csv")
        assert doc.id == "march.csv" and doc.problems() == []

    @pytest.mark.parametrize(
        "table",
        [
            "O,A\n1,5.00\n2,7.00\n3,-1.00\n",
            "O,A,No\n1,5.00,70001\n2,7.00,70002\n3,-1.00,70003\n",
            "O,A,No\n1,5.00,1\n2,7.00,2\n3,-1.00,3\n",
            "O,A,T\n1,5.00,11.00\n2,7.00,11.00\n3,-1.00,11.00\n",
            "O,A,P\n1,5.00,\n2,7.00,\n3,-1.00,\n",
        ],
        ids=["orders and amounts", "with ids", "with rows that are counted", "with a total", "with an empty payout"],
    )
    def test_all_rows_of_a_file_that_names_no_payout_are_one_payout(self, table):
        known = {"O": "order_ref", "A": "amount", "No": "id", "T": "total", "P": "payout_id"}
        columns = {name: known[name] for name in table.split("\n")[0].split(",")}
        (doc,) = payout_csv.parse_payouts(table.encode(), payout_csv.Format(columns, currency="EUR"), "march")
        assert (doc.id, doc.total, len(doc.lines), doc.problems()) == ("march", Decimal("11.00"), 3, [])
        assert [line.order_ref for line in doc.lines] == ["1", "2", "3"]

    def test_money_of_two_currencies_is_two_payouts(self):
        docs = simple(b"Payout,Order,Amount,Currency\nP1,1,5.00,EUR\nP2,2,7.00,USD\n")
        assert [(doc.currency, doc.total) for doc in docs] == [("EUR", Decimal("5.00")), ("USD", Decimal("7.00"))]

    def test_fifty_thousand_rows_are_read_in_seconds(self):
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["Payout", "Order", "Amount", "Currency"])
        writer.writerows(["P1", str(number), "1.00", "EUR"] for number in range(50_000))
        begin = time.perf_counter()
        (doc,) = simple(out.getvalue().encode())
        assert doc.problems() == [] and doc.total == 50_000
        assert time.perf_counter() - begin < 10


def test_ids_that_only_count_the_rows_of_a_file_are_not_taken_for_rows_of_another_file():
    form = payout_csv.Format({"No": "id", "Batch": "payout_id", "Sum": "amount"}, currency="EUR")

    def ids(text):
        [doc] = payout_csv.parse_payouts(text.encode(), form)
        assert doc.problems() == []
        return {line.id for line in doc.lines}

    assert not ids("No,Batch,Sum\n1,B1,5.00\n2,B1,7.00\n") & ids("No,Batch,Sum\n1,B2,5.00\n2,B2,9.00\n")
    # Those of the platform's own are the same in whatever file: they tell that periods overlap.
    assert ids("No,Batch,Sum\n70001,B1,5.00\n70002,B1,7.00\n") & ids("No,Batch,Sum\n70002,B2,7.00\n") == {"70002"}


def test_rows_without_ids_of_two_files_whose_periods_overlap_are_the_same():
    form = payout_csv.Format({"Order": "order_ref", "Day": "at", "Sum": "amount"}, currency="EUR")

    def read(name, *rows):
        [doc] = payout_csv.parse_payouts("\n".join(("Order,Day,Sum", *rows)).encode(), form, name)
        assert doc.problems() == []
        return doc

    def overlap(first, second):
        known = {line.id: first.id for line in first.lines}
        return [problem.message.split(":")[0] for problem in seen_before(second, {first.id}, known)]

    one, two, three = "1,2026-03-01,5.00", "2,2026-03-02,7.00", "3,2026-03-03,9.00"
    assert overlap(read("P1", one, two), read("P2", two, three)) == ["Line 2"]
    assert overlap(read("P1", one), read("P2", two, three)) == []
    # An order may be paid out twice on a day: the file that has both has two rows.
    assert overlap(read("P1", one, two), read("P2", three, two, two)) == ["Line 3"]
    # What tells neither its day nor an order may be the same in all honesty, as a fee of each month is.
    assert overlap(read("P1", ",2026-03-01,-5.00"), read("P2", ",2026-03-01,-5.00")) == []
    assert overlap(read("P1", "1,,-5.00"), read("P2", "1,,-5.00")) == []


def test_rows_of_shopifys_file_are_the_same_in_whatever_file_they_are():
    head, *rows = SHOPIFY.decode().splitlines()
    first = shopify.parse_payouts("\n".join((head, *rows)).encode())
    # The same rows under another payout, and in other lines of the file.
    again = shopify.parse_payouts("\n".join((head, *reversed(rows))).replace(",90211,", ",90299,").encode())
    ids = [{line.id for doc in docs for line in doc.lines if line.order_ref} for docs in (first, again)]
    assert ids[0] == ids[1] and len(ids[0]) > 5


def test_a_row_that_is_counted_and_stands_in_the_file_twice_is_refused():
    form = payout_csv.Format({"No": "id", "Batch": "payout_id", "Sum": "amount"}, currency="EUR")
    only(payout_csv.parse_payouts(b"No,Batch,Sum\n1,B1,5.00\n1,B1,5.00\n", form), "duplicate_line", "Line 3")


@pytest.mark.parametrize(
    ("begins", "says"),
    [
        (b"PK\x03\x04\x14\x00", "Excel workbook or a zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook"),
        (b"\x1f\x8b\x08", "Unpack it"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n", "a picture"),
    ],
)
@pytest.mark.parametrize("name", sorted(PARSERS))
def test_what_is_no_table_is_called_what_it_is_and_nothing_else_is_said(name, begins, says):
    found = problems(PARSERS[name][0](begins + b"\xff\x00binary" * 50))
    assert len(found) == 1, found
    assert says in found[0][1]


def test_a_cell_that_cannot_be_read_is_told_by_the_name_that_the_file_has_for_its_column():
    form = payout_csv.Format({"Lot": "payout_id", "Betrag": "amount", "Devise": "currency", "Jour": "at"})
    found = problems(
        payout_csv.parse_payouts(b"Lot,Betrag,Devise,Jour\nP1,ten,EUR,2026-03-01\nP1,1,EUR,32.13.2026\n", form)
    )
    assert [message.partition(" is no")[0] for _code, message in found] == [
        "Line 2: Betrag: “ten”",
        "Line 3: Jour: “32.13.2026”",
    ]

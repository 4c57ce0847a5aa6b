"""Golden reports of payouts: each becomes exactly the expected payouts, whose lines sum to their total.

``data/payouts/<platform>/README.md`` tells where the shape of each comes from. OMS_WRITE_EXPECTED=1 writes what is made of a new
one, to be read before it is kept.
"""

import json
import os
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.oms_channels.domain import payout_csv, payout_paypal, payout_stripe
from odoo.addons.oms_channels.platforms.amazon import payout as amazon
from odoo.addons.oms_channels.platforms.ebay import payout as ebay
from odoo.addons.oms_channels.platforms.shopify import payout as shopify

FOLDER = Path(__file__).resolve().parents[2] / "data" / "payouts"
SUFFIX = ".expected.json"
GERMAN = payout_csv.Format(
    columns={
        "Auszahlung": "payout_id",
        "Datum": "at",
        "Art": "kind",
        "Bestellung": "order_ref",
        "Betrag": "gross",
        "Gebühr": "fee",
        "Netto": "net",
    },
    kinds={"Verkauf": "sale", "Rückzahlung": "refund", "Versandmarke": "shipping_label"},
    currency="EUR",
    fees_negative=True,
    letters="cp1252",
)
PARSERS = {
    "amazon": amazon.parse_payouts,
    "ebay": ebay.parse_payouts,
    "shopify": shopify.parse_payouts,
    "stripe": payout_stripe.parse_payouts,
    "paypal": payout_paypal.parse_payouts,
    "csv": lambda raw: payout_csv.parse_payouts(raw, GERMAN),
}
CASES = sorted(path for path in FOLDER.glob("*/*") if path.name != "README.md" and not path.name.endswith(SUFFIX))


def plain(value):
    if is_dataclass(value):
        return {item.name: plain(got) for item in fields(value) if (got := getattr(value, item.name)) != item.default}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date | datetime) else value


def expectation(path):
    return path.with_name(path.name + SUFFIX)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_report_becomes_the_expected_payouts(path):
    docs = PARSERS[path.parent.name](path.read_bytes())
    assert [problem.message for doc in docs for problem in doc.problems()] == []
    if os.environ.get("OMS_WRITE_EXPECTED"):
        expectation(path).write_text(json.dumps(plain(docs), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert plain(docs) == json.loads(expectation(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_same_report_read_again_has_the_same_ids(path):
    first, again = (PARSERS[path.parent.name](path.read_bytes()) for _twice in range(2))
    assert first == again


@pytest.mark.parametrize("platform", sorted(PARSERS))
def test_every_report_has_a_line_in_the_readme_that_says_where_its_shape_comes_from(platform):
    readme = (FOLDER / platform / "README.md").read_text(encoding="utf-8")
    assert "https://" in readme or platform == "csv"
    assert [path.name for path in CASES if path.parent.name == platform and f"| `{path.name}` |" not in readme] == []

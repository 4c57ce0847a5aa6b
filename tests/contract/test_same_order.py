"""The same order in each platform's shape becomes the same document: lines, discounts, taxes, payments and refunds."""

import json

import pytest

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.ebay import const as ebay_const
from odoo.addons.oms_channels.platforms.files import split
from odoo.addons.oms_channels.platforms.files.facts import Settings
from odoo.addons.oms_channels.tests.conformance import same_order
from odoo.addons.oms_channels.tests.conformance.behaviours import world
from odoo.addons.oms_channels.tests.conformance.same_order import AVG, ONE_RATE, REFUND, SHIPPING, STD, TWO_RATES


def read(it, ref):
    payload = json.loads(it.story.connect().order(ref))
    if it.story.platform == "ebay":
        payload[ebay_const.VAT_RATES_KEY] = {"FR": "20"}  # what is entered in the channel
    return it.story.adapter.parse("order", json.dumps(payload).encode())


def said(document):
    """The lines, whatever the platform calls them."""
    return [
        (line.kind, line.sku, line.quantity, line.subtotal, line.total, [(tax.rate, tax.amount) for tax in line.taxes])
        for line in sorted(document.lines, key=lambda line: (line.kind != "product", line.external_id))
    ]


def expected(goods):
    rows = [("product", line) for line in goods] + [("shipping", SHIPPING)]
    return [
        (kind, line.sku, line.quantity, line.listed, line.total, [(line.rate, line.tax(line.total))])
        for kind, line in rows
    ]


@pytest.mark.parametrize("goods", [ONE_RATE, TWO_RATES], ids=["one_rate", "two_rates"])
@pytest.mark.parametrize("platform", same_order.WRITTEN)
def test_the_same_order_is_the_same_document(platform, goods):
    if goods is TWO_RATES and platform in same_order.CANNOT_TELL_TWO_RATES:
        goods = ONE_RATE
    with world(platform, orders=0) as it:
        document = read(it, same_order.place(it.story, goods))
    assert document.problems() == []
    assert said(document) == expected(goods)
    assert (document.status, document.currency, document.total) == ("open", "EUR", same_order.total(goods))
    assert [payment.amount for payment in document.payments] == [document.total]
    assert (document.shipping.city, document.shipping.zip, document.shipping.country_code) == ("Paris", "75001", "FR")


@pytest.mark.parametrize("goods", [ONE_RATE, TWO_RATES], ids=["one_rate", "two_rates"])
@pytest.mark.parametrize("form", same_order.FILES)
def test_the_same_order_in_a_file_is_the_same_document(form, goods):
    file = split.read(same_order.FILES[form](goods, "F-1"), Settings())
    assert file.bad == ()
    [piece] = file.pieces
    document = PLATFORMS["files"].parse(piece.kind, piece.body)
    assert document.problems() == []
    assert said(document) == expected(goods)
    assert (document.status, document.currency, document.total) == ("open", "EUR", same_order.total(goods))
    paid = [] if form in same_order.UNPAID else [document.total]
    assert [payment.amount for payment in document.payments] == paid
    assert (document.shipping.city, document.shipping.zip, document.shipping.country_code) == ("Paris", "75001", "FR")


@pytest.mark.parametrize("platform", same_order.PAID_BACK)
def test_the_same_refund_is_the_same_document(platform):
    with world(platform, orders=0) as it:
        ref = same_order.place(it.story, TWO_RATES)
        it.clock.sleep(60)
        same_order.PAID_BACK[platform](it.story, ref)
        document = read(it, ref)
    names = {line.external_id: line.sku for line in document.lines}
    [refund] = document.refunds
    assert (refund.amount, refund.shipping) == (sum(REFUND), 0)
    assert [(names[line.line_id], line.quantity, line.amount, line.tax) for line in refund.lines] == [
        ("AVG", 1, *REFUND)
    ]
    assert said(document) == expected(TWO_RATES)


def test_the_sums_are_those_that_were_worked_out_by_hand():
    assert (same_order.total(ONE_RATE), same_order.total(TWO_RATES)) == (STD.total + 24, 114 + AVG.gross(AVG.total))
    assert str(same_order.total(TWO_RATES)) == "132.99"

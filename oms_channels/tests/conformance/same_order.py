"""One order, written as each platform writes it.

In France, in euros, paid: a ``STD`` of 100.00 with 5.00 off it and 5.00 of the order's discount, shipping of 5.00, both with
20 % of tax; with two rates also two ``AVG`` of 10.00 with 2.00 of the order's discount and 5.5 %. What a platform cannot say:

| platform | two rates | refund of a piece |
| --- | --- | --- |
| Shopify, Magento, WooCommerce, our own API | yes | yes |
| tables (CSV) | yes | no: they tell orders only |
| EDIFACT | yes | no; and nothing of what was paid |
| Amazon | yes, found from the amounts | no: its orders do not tell what was paid back |
| eBay | no: it tells no tax in Europe, and the channel has one rate for a country | the amount, not the pieces |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .stories import AmazonStory, AppStory, EbayStory, MagentoStory, ShopifyStory, Story, WooCommerceStory


@dataclass(frozen=True)
class Goods:
    """A line: what it costs without tax, what is taken off it, and its tax in percent."""

    number: int
    sku: str
    quantity: int
    listed: Decimal
    off: tuple[Decimal, ...]
    rate: Decimal

    @property
    def total(self) -> Decimal:
        return self.listed - sum(self.off)

    def tax(self, amount: Decimal) -> Decimal:
        return (amount * self.rate / 100).quantize(Decimal("0.01"))

    def gross(self, amount: Decimal) -> Decimal:
        return amount + self.tax(amount)


STD = Goods(11, "STD", 1, Decimal("100.00"), (Decimal("5.00"), Decimal("5.00")), Decimal(20))
AVG = Goods(12, "AVG", 2, Decimal("20.00"), (Decimal("2.00"),), Decimal("5.5"))
SHIPPING = Goods(19, "", 1, Decimal("5.00"), (), Decimal(20))
ONE_RATE, TWO_RATES = (STD,), (STD, AVG)
#: What is paid back: one ``AVG``, without tax and its tax.
REFUND = (Decimal("9.00"), Decimal("0.50"))
ADDRESS = ("Zoé", "Martin", "1 rue de Rivoli", "Paris", "75001", "FR", "zoe@example.com")


def total(goods: Sequence[Goods]) -> Decimal:
    return sum((line.gross(line.total) for line in (*goods, SHIPPING)), Decimal(0))


# ---- WooCommerce ----


def woocommerce(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    address = {"first_name": first, "last_name": last, "address_1": street, "city": city, "postcode": code}
    rates = {line.rate: number for number, line in enumerate(goods, 1)}
    tax = {rate: sum(line.tax(line.total) for line in goods if line.rate == rate) for rate in rates}
    return {
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": False,
        "discount_total": str(sum(sum(line.off) for line in goods)),
        "shipping_total": str(SHIPPING.total),
        "shipping_tax": str(SHIPPING.tax(SHIPPING.total)),
        "cart_tax": str(sum(tax.values())),
        "total": str(total(goods)),
        "total_tax": str(sum(tax.values()) + SHIPPING.tax(SHIPPING.total)),
        "billing": {**address, "country": country, "email": email},
        "shipping": {**address, "country": country},
        "line_items": [
            {
                "id": line.number,
                "name": line.sku,
                "sku": line.sku,
                "product_id": 100 + line.number,
                "variation_id": 0,
                "quantity": line.quantity,
                "subtotal": str(line.listed),
                "total": str(line.total),
                "total_tax": str(line.tax(line.total)),
                "taxes": [{"id": rates[line.rate], "total": str(line.tax(line.total))}],
            }
            for line in goods
        ],
        "tax_lines": [
            {
                "id": 50 + number,
                "rate_id": number,
                "label": f"TVA {rate}",
                "rate_percent": float(rate),
                "tax_total": str(tax[rate]),
                "shipping_tax_total": str(SHIPPING.tax(SHIPPING.total)) if rate == SHIPPING.rate else "0.00",
            }
            for rate, number in rates.items()
        ],
        "shipping_lines": [
            {
                "id": SHIPPING.number,
                "method_title": "Colissimo",
                "method_id": "flat_rate",
                "total": str(SHIPPING.total),
                "taxes": [{"id": 1, "total": str(SHIPPING.tax(SHIPPING.total))}],
            }
        ],
        "coupon_lines": [{"id": 60, "code": "moins", "discount": "7.00"}],
    }


def pay_back_at_woocommerce(story: WooCommerceStory, ref: str) -> None:
    net, tax = REFUND
    line = {
        "id": AVG.number,
        "quantity": 1,
        "refund_total": str(net),
        "refund_tax": [{"id": 2, "refund_total": str(tax)}],
    }
    body = {"amount": str(net + tax), "reason": "Scratched", "api_refund": False, "line_items": [line]}
    story.server._refund(story.server.orders[int(ref)], body)


# ---- Shopify ----


def _bag(amount: Decimal) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(amount), "currencyCode": "EUR"}}


def _tax_lines(line: Goods) -> list[dict[str, Any]]:
    rate = {"title": "TVA", "rate": float(line.rate / 100), "ratePercentage": float(line.rate)}
    return [{**rate, "channelLiable": False, "source": "Shopify", "priceSet": _bag(line.tax(line.total))}]


def shopify(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    address = {"name": f"{first} {last}", "firstName": first, "lastName": last, "company": None, "address1": street}
    address |= {
        "address2": None,
        "city": city,
        "zip": code,
        "provinceCode": None,
        "countryCodeV2": country,
        "phone": None,
    }
    case = deepcopy(ShopifyStory.case)
    [transaction], line_items = case["transactions"], []
    for line in goods:
        line_items.append(
            {
                **case["lineItems"]["nodes"][0],
                "id": f"gid://shopify/LineItem/{line.number}",
                "name": line.sku,
                "sku": line.sku,
                "quantity": line.quantity,
                "currentQuantity": line.quantity,
                "originalTotalSet": _bag(line.listed),
                "discountAllocations": [{"allocatedAmountSet": _bag(off)} for off in line.off],
                "taxLines": _tax_lines(line),
            }
        )
    sent = {
        **case["shippingLines"]["nodes"][0],
        "originalPriceSet": _bag(SHIPPING.total),
        "taxLines": _tax_lines(SHIPPING),
    }
    totals = ("totalPriceSet", "originalTotalPriceSet", "currentTotalPriceSet")
    nothing = _bag(Decimal("0.0"))
    return {
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "EUR",
        "email": email,
        "billingAddress": address,
        "shippingAddress": address,
        **dict.fromkeys(totals, _bag(total(goods))),
        "totalTipReceivedSet": nothing,
        "totalCashRoundingAdjustment": {"paymentSet": nothing},
        "lineItems": {"nodes": line_items},
        "shippingLines": {"nodes": [sent]},
        "transactions": [{**transaction, "amountSet": _bag(total(goods))}],
    }


def pay_back_at_shopify(story: ShopifyStory, ref: str) -> None:
    order = story.server.orders[ref]
    [payment] = order["transactions"]
    line = {"lineItemId": f"gid://shopify/LineItem/{AVG.number}", "quantity": 1, "restockType": "NO_RESTOCK"}
    by = {"kind": "REFUND", "gateway": payment["gateway"], "parentId": payment["id"], "amount": str(sum(REFUND))}
    told = {"orderId": ref, "currency": "EUR", "note": "Scratched", "refundLineItems": [line], "transactions": [by]}
    made = story.server._do_refundCreate(told)["refund"]
    # The shop rounds a half up; its stand-in does not round.
    kept = next(row for row in order["refunds"] if row["id"] == made["id"])
    [row] = kept["refundLineItems"]["nodes"]
    row |= {"subtotalSet": _bag(REFUND[0]), "totalTaxSet": _bag(REFUND[1])}


# ---- Magento ----


def magento(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    address = {"firstname": first, "lastname": last, "street": [street], "city": city, "postcode": code}
    address |= {"country_id": country, "email": email, "telephone": ""}
    case = deepcopy(MagentoStory.case)
    amount, sent = float(total(goods)), float(SHIPPING.total)
    rows, taxes = [], []
    for line in goods:
        tax, off = float(line.tax(line.total)), float(sum(line.off))
        row = {key: 0 for key in case["items"][0] if isinstance(case["items"][0][key], int | float)}
        row |= {
            "item_id": line.number,
            "name": line.sku,
            "sku": line.sku,
            "product_id": 100 + line.number,
            "product_type": "simple",
            "qty_ordered": line.quantity,
            "qty_invoiced": line.quantity,
            "row_total": float(line.listed),
            "discount_amount": off,
            "tax_amount": tax,
            "tax_percent": float(line.rate),
            "row_invoiced": float(line.listed),
            "discount_invoiced": off,
            "tax_invoiced": tax,
        }
        rows.append(row)
        applied = {"code": f"FR {line.rate}", "title": f"TVA {line.rate}", "percent": float(line.rate), "amount": tax}
        taxes.append({"type": "product", "item_id": line.number, "applied_taxes": [applied]})
    shipping_tax = float(SHIPPING.tax(SHIPPING.total))
    applied = {"code": "FR 20", "title": "TVA 20", "percent": 20.0, "amount": shipping_tax}
    taxes.append({"type": "shipping", "applied_taxes": [applied]})
    off = -float(sum(sum(line.off) for line in goods))
    money = {
        "grand_total": amount,
        "discount_amount": off,
        "subtotal": float(sum(line.listed for line in goods)),
        "tax_amount": float(sum(line.tax(line.total) for line in (*goods, SHIPPING))),
        "shipping_amount": sent,
        "shipping_tax_amount": shipping_tax,
        "shipping_incl_tax": sent + shipping_tax,
        "total_paid": amount,
        "total_invoiced": amount,
    }
    shipping = {"address": address, "method": "flatrate_flatrate", "total": {"shipping_amount": sent}}
    return {
        **money,
        **{f"base_{name}": value for name, value in money.items()},
        "customer_firstname": first,
        "customer_lastname": last,
        "customer_email": email,
        "items": rows,
        "billing_address": address,
        "payment": {**case["payment"], "amount_ordered": amount, "amount_paid": amount},
        "extension_attributes": {"shipping_assignments": [{"shipping": shipping}], "item_applied_taxes": taxes},
        "_invoices": [{**case["_invoices"][0], "grand_total": amount, "base_grand_total": amount}],
    }


def pay_back_at_magento(story: MagentoStory, ref: str) -> None:
    body = {"items": [{"order_item_id": AVG.number, "qty": 1}], "arguments": {"shipping_amount": 0}}
    body |= {"comment": {"comment": "Scratched", "is_visible_on_front": 0}}
    story.server._refund(story.server.orders[int(ref)], body, None)


# ---- Amazon ----


def _money(amount: Decimal) -> dict[str, str]:
    return {"amount": str(amount), "currencyCode": "EUR"}


def _breakdown(kind: str, amount: Decimal, **parts: Decimal) -> dict[str, Any]:
    found = {"type": kind, "subtotal": _money(amount)}
    if parts:
        found["detailedBreakdowns"] = [{"subtype": name, "value": _money(part)} for name, part in parts.items()]
    return found


def amazon(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    address = {
        "name": f"{first} {last}",
        "addressLine1": street,
        "city": city,
        "postalCode": code,
        "countryCode": country,
    }
    items = []
    for line in goods:
        off = sum(line.off)
        sent = SHIPPING.total if line is goods[0] else Decimal(0)
        parts = {"ITEM": line.tax(line.listed), "DISCOUNT": line.tax(line.listed) - line.tax(line.total)}
        rows = [_breakdown("ITEM", line.gross(line.listed))]
        rows.append(_breakdown("DISCOUNT", line.gross(line.listed) - line.gross(line.total), ITEM=line.gross(off)))
        if sent:
            rows.append(_breakdown("SHIPPING", SHIPPING.gross(sent)))
            parts["SHIPPING"] = SHIPPING.tax(sent)
        tax = line.tax(line.total) + SHIPPING.tax(sent)
        rows.append(_breakdown("TAX", tax, **parts))
        charged = line.gross(line.total) + SHIPPING.gross(sent)
        items.append(
            {
                "orderItemId": str(line.number),
                "quantityOrdered": line.quantity,
                "product": {"asin": f"B0{line.number}", "title": line.sku, "sellerSku": line.sku},
                "proceeds": {"proceedsTotal": _money(charged), "breakdowns": rows},
                "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": line.quantity},
            }
        )
    return {
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A13V1IB3VIYZZH", "marketplaceName": "Amazon.fr"},
        "programs": [],
        "buyer": {"buyerName": f"{first} {last}", "buyerEmail": email},
        "recipient": {"deliveryAddress": address},
        "proceeds": {"grandTotal": _money(total(goods)), "breakdowns": []},
        "orderItems": items,
    }


# ---- eBay ----


def _value(amount: Decimal) -> dict[str, str]:
    return {"value": str(amount), "currency": "EUR"}


def ebay(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    case = deepcopy(EbayStory.case)
    [row] = case["lineItems"]
    [line] = goods
    paid, listed = line.gross(line.total), line.gross(line.listed)
    [instruction] = case["fulfillmentStartInstructions"]
    contact = {"addressLine1": street, "city": city, "postalCode": code, "countryCode": country}
    instruction["shippingStep"]["shipTo"] = {"fullName": f"{first} {last}", "contactAddress": contact, "email": email}
    [payment] = case["paymentSummary"]["payments"]
    return {
        "pricingSummary": {
            "priceSubtotal": _value(listed),
            "priceDiscount": _value(paid - listed),
            "deliveryCost": _value(SHIPPING.gross(SHIPPING.total)),
            "total": _value(total(goods)),
        },
        "paymentSummary": {**case["paymentSummary"], "payments": [{**payment, "amount": _value(total(goods))}]},
        "fulfillmentStartInstructions": [instruction],
        "lineItems": [
            {
                **row,
                "lineItemId": str(line.number),
                "sku": line.sku,
                "title": line.sku,
                "quantity": line.quantity,
                "lineItemCost": _value(listed),
                "discountedLineItemCost": _value(paid),
                "appliedPromotions": [
                    {"promotionId": str(number), "discountAmount": _value(line.gross(off))}
                    for number, off in enumerate(line.off)
                ],
                "deliveryCost": {"shippingCost": _value(SHIPPING.gross(SHIPPING.total))},
                "total": _value(total(goods)),
                "listingMarketplaceId": "EBAY_FR",
                "purchaseMarketplaceId": "EBAY_FR",
                "itemLocation": {"countryCode": "FR"},
            }
        ],
        "totalMarketplaceFee": _value(Decimal("0.00")),
    }


# ---- Our own API ----


def rest_api(goods: Sequence[Goods]) -> dict[str, Any]:
    first, last, street, city, code, country, email = ADDRESS
    address = {"name": f"{first} {last}", "street": street, "city": city, "zip": code, "country": country}
    lines = [
        {
            "id": str(line.number),
            "kind": "product" if line.sku else "shipping",
            "sku": line.sku,
            "name": line.sku or "Colissimo",
            "quantity": line.quantity,
            "total": str(line.total),
            "subtotal": str(line.listed),
            "taxes": [
                {"code": f"FR-{line.rate}", "rate": str(line.rate), "amount": str(line.tax(line.total))},
            ],
        }
        for line in (*goods, SHIPPING)
    ]
    unsaid = dict.fromkeys(AppStory.case.keys() - {"id", "number"})
    return unsaid | {
        "status": "open",
        "currency": "EUR",
        "total": str(total(goods)),
        "shipping": {**address, "email": email},
        "lines": lines,
        "payments": [{"id": "ch_1", "amount": str(total(goods)), "method": "card"}],
    }


def pay_back_at_an_app(story: AppStory, ref: str) -> None:
    line = {"line_id": str(AVG.number), "quantity": 1, "amount": str(REFUND[0]), "tax": str(REFUND[1])}
    refund = {"id": "R-1", "amount": str(sum(REFUND)), "reason": "Scratched", "lines": [line]}
    story.change(ref, refunds=[refund])


# ---- Files ----


def csv(goods: Sequence[Goods], number: str) -> bytes:
    first, last, street, city, code, country, email = ADDRESS
    rows = [
        "order number;sku;quantity;price;line discount;tax rate;tax included;currency;shipping;total;paid;"
        "name;street;city;zip;country;email"
    ]
    for line in goods:
        once = (number, line.sku, line.quantity, line.listed / line.quantity, sum(line.off), line.rate)
        order = ("no", "EUR", SHIPPING.total, total(goods), "yes")
        rows.append(";".join(map(str, (*once, *order, f"{first} {last}", street, city, code, country, email))))
    return "\n".join(rows).encode()


def edifact(goods: Sequence[Goods], number: str) -> bytes:
    first, last, street, city, code, country, _email = ADDRESS
    segments = [
        "UNH+1+ORDERS:D:96A:UN",
        f"BGM+220+{number}+9",
        "DTM+137:20261102:102",
        "NAD+BY+4000001000005::9",
        f"NAD+DP+++{first} {last}+{street}+{city}++{code}+{country}",
        f"TAX+7+VAT+++:::{SHIPPING.rate}+S",
        "CUX+2:EUR:9",
        "ALC+C++++FC",
        f"MOA+8:{SHIPPING.total}",
    ]
    for line in goods:
        segments += [
            f"LIN+{line.number}",
            f"PIA+1+{line.sku}:SA",
            f"QTY+21:{line.quantity}:PCE",
            f"MOA+203:{line.total}",
            f"PRI+AAB:{line.listed / line.quantity}",
            f"TAX+7+VAT+++:::{line.rate}+S",
            "ALC+A",
            f"MOA+8:{sum(line.off)}",
        ]
    segments += ["UNS+S", f"MOA+77:{total(goods)}", f"CNT+2:{len(goods)}"]
    segments.append(f"UNT+{len(segments) + 1}+1")
    control = "".join(filter(str.isdigit, number)) or "1"
    ends = f"UNB+UNOC:3+4000001000005:14+4000001000012:14+261102:0915+{control}", f"UNZ+1+{control}"
    return "".join(f"{segment}'\n" for segment in (ends[0], *segments, ends[1])).encode("latin-1")


#: Format of a file → how the order is written in it.
FILES: dict[str, Callable[[Sequence[Goods], str], bytes]] = {"csv": csv, "edifact": edifact}
#: … and those that do not say that it was paid.
UNPAID = {"edifact"}
#: Platform → how it writes the order.
WRITTEN: dict[str, Callable[[Sequence[Goods]], dict[str, Any]]] = {
    "woocommerce": woocommerce,
    "shopify": shopify,
    "magento": magento,
    "amazon": amazon,
    "ebay": ebay,
    "rest_api": rest_api,
}
CANNOT_TELL_TWO_RATES = {"ebay"}
#: Platform → how one ``AVG`` is paid back there, of those that tell of it.
PAID_BACK: dict[str, Callable[[Any, str], None]] = {
    "woocommerce": pay_back_at_woocommerce,
    "shopify": pay_back_at_shopify,
    "magento": pay_back_at_magento,
    "rest_api": pay_back_at_an_app,
}


def place(story: Story, goods: Sequence[Goods]) -> str:
    """The order, placed at the story's platform; its id there."""
    if isinstance(story, AmazonStory):
        story.server.marketplaces = ["A13V1IB3VIYZZH"]
    if isinstance(story, EbayStory):
        story.server.marketplace_id = "EBAY_FR"
    return story.place(**WRITTEN[story.platform](goods))

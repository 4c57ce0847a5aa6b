"""What Magento calls things, and the limits that we and it keep.

Source: https://developer.adobe.com/commerce/webapi/rest/ and Magento Open Source 2.4, where the documentation is silent.
"""

CODE = "magento"
LABEL = "Magento / Adobe Commerce"

# ---- API ----

STORE_ALL = "all"
#: Hosts of Adobe Commerce as a Cloud Service: a token of Adobe's own instead of an integration's, another path.
CLOUD_SUFFIX = ".api.commerce.adobe.com"
TOKEN_URL = "https://ims-na1.adobelogin.com/ims/token/v3"
TOKEN_PATH = "/ims/token/v3"
TOKEN_SCOPES = (
    "openid,AdobeID,email,profile,additional_info.roles,additional_info.projectedProductContext,commerce.accs"
)
#: Rows a page; a shop may set its own limit, not below this unless somebody wanted it so (2.4.3 and later: 300).
PER_PAGE = 100
#: SKUs in one call. They are looked up by address, and addresses longer than 8 KiB are refused by most servers.
BATCH_MAX = 50
#: Products whose texts and pictures are told in one go; each is a call of its own, and so is each new picture.
CONTENT_BATCH = 10
PICTURES_MAX = 12
#: What the first picture is used as.
PICTURE_USES = ("image", "small_image", "thumbnail")
#: What a shop without several stock sources keeps its quantities in.
DEFAULT_SOURCE = "default"
#: Dates are UTC without saying so.
MOMENT = "%Y-%m-%d %H:%M:%S"

#: What an integration needs: (path, the resource to allow it in System > Integrations).
NEEDED = (
    ("orders", "Sales > Operations > Orders"),
    ("invoices", "Sales > Operations > Invoices"),
    ("creditmemos", "Sales > Operations > Credit Memos"),
    ("shipments", "Sales > Operations > Shipments"),
    ("products", "Catalog > Inventory > Products"),
    ("inventory/sources", "Stores > Inventory > Sources"),
)

# ---- Orders ----

#: State → ours. ``new`` is missing: whether it waits for money depends on how it is paid. A state is Magento's own; a
#: status is what the shop calls it, and may be anything.
STATES = {
    "pending_payment": "awaiting_payment",
    "processing": "open",
    "complete": "fulfilled",
    # Refunded in whole; what was only called off is canceled.
    "closed": "cancelled",
    "canceled": "cancelled",
    "holded": "on_hold",
    "payment_review": "on_hold",
}
STATE_NEW = "new"
#: Magento suspects fraud: the state may be ``payment_review`` or ``processing``.
STATUS_FRAUD = "fraud"
#: To be shipped before they are paid: at the door, by invoice, on credit.
PAID_LATER = frozenset({"cashondelivery", "purchaseorder", "companycredit"})
PICKUP_METHOD = "instore_pickup"

#: What a gateway has authorised for an order; there is one at most, and it has no id of its own.
AUTHORIZATION = "authorized"
#: States in which nothing can be taken of it any more.
OVER_STATES = frozenset({"canceled", "closed", "complete"})

CONFIGURABLE = "configurable"
BUNDLE = "bundle"
GIFT_CARD = "giftcard"
#: What is offered but has no stock of its own: its parts have.
COMPOSITES = frozenset({"configurable", "bundle", "grouped"})

#: Adobe Commerce: what was paid with something else than money, and is taken off the grand total:
#: (field, field among the credit memo's, tender, what a clerk calls it).
TENDERS = (
    ("gift_cards_amount", "gift_card", "gift_card"),
    ("customer_balance_amount", "store_credit", "store_credit"),
    ("reward_currency_amount", "store_credit", "reward_points"),
)
#: Adobe Commerce: what is charged for wrapping, without tax: (amount, tax, id of the line, name).
WRAPPINGS = (
    ("gw_price", "gw_tax_amount", "gift-wrapping", "Gift wrapping"),
    ("gw_items_price", "gw_items_tax_amount", "gift-wrapping-items", "Gift wrapping of items"),
    ("gw_card_price", "gw_card_tax_amount", "gift-card-printed", "Printed card"),
)

#: States of invoices and of credit memos.
INVOICE_PAID = "2"
MEMO_OPEN, MEMO_CANCELED = "1", "3"

#: Magento's own codes of states → ISO 3166-2, where they differ.
REGIONS = {
    "DE": {
        "NDS": "NI",
        "BAW": "BW",
        "BAY": "BY",
        "BER": "BE",
        "BRG": "BB",
        "BRE": "HB",
        "HAM": "HH",
        "HES": "HE",
        "MEC": "MV",
        "NRW": "NW",
        "RHE": "RP",
        "SAR": "SL",
        "SAS": "SN",
        "SAC": "ST",
        "THE": "TH",
        "SCN": "SH",
    },
    "AT": {"BL": "1", "KN": "2", "NO": "3", "OO": "4", "SB": "5", "ST": "6", "TI": "7", "VB": "8", "WI": "9"},
}

#: An order with none of these has no invoice, or no credit memo.
SIGNS_OF_INVOICES = ("total_invoiced", "base_total_invoiced", "total_paid", "base_total_paid")
SIGNS_OF_MEMOS = (
    "total_refunded",
    "base_total_refunded",
    "total_offline_refunded",
    "total_online_refunded",
    "subtotal_refunded",
    "shipping_refunded",
    "adjustment_positive",
    "adjustment_negative",
)
# ---- Returns (Adobe Commerce) ----

#: How long after it was asked for a return is looked at in the list; an older one that is open is asked for by itself.
RETURN_DAYS = 60
RMA_CLOSED, RMA_DONE = "closed", "processed_closed"
#: A returned item's ``status``: the shop said no to it before it came; and those that are not changed any more.
RMA_ITEM_DENIED = "denied"
RMA_ITEM_FINAL = frozenset({"approved", "rejected", RMA_ITEM_DENIED})
#: A return's ``status`` → ours.
RMA_STATES = {
    "pending": "requested",
    "authorized": "open",
    "partially_authorized": "open",
    "received": "open",
    "received_on_item": "open",
    "approved": "open",
    "approved_on_item": "open",
    "rejected_on_item": "open",
    "rejected": "refused",
    "denied": "refused",
    RMA_DONE: "closed",
}

#: Begins our code of "too many rows at once"; how many it would take goes on behind it.
TOO_MANY = "too_many:"

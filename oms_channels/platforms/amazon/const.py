"""What Amazon calls things, and the limits that we and it keep.

Source: the API models that Amazon publishes (orders 2026-01-01, ordersV0, listingsItems 2021-08-01, feeds 2021-06-30,
sellers) and https://developer-docs.amazon.com/sp-api/.
"""

from decimal import Decimal
from typing import NamedTuple

CODE = "amazon"
LABEL = "Amazon"

# ---- Hosts ----

#: Where tokens are given out for all regions; a server that is not Amazon's gives them out itself.
TOKEN_URL = "https://api.amazon.com/auth/o2/token"
TOKEN_PATH = "/auth/o2/token"
AMAZON_SUFFIX = ".amazon.com"
#: Feeds are brought to and fetched from the storage behind, at addresses that are signed for some minutes.
STORAGE_SUFFIX = ".amazonaws.com"

# ---- Marketplaces ----


class Marketplace(NamedTuple):
    """:param tax_included: prices are told with the tax in them."""

    country: str
    currency: str
    tax_included: bool = True


#: https://developer-docs.amazon.com/sp-api/docs/marketplace-ids
MARKETPLACES = {
    "A2EUQ1WTGCTBG2": Marketplace("CA", "CAD", False),
    "ATVPDKIKX0DER": Marketplace("US", "USD", False),
    "A1AM78C64UM0Y8": Marketplace("MX", "MXN"),
    "A2Q3Y263D00KWC": Marketplace("BR", "BRL"),
    "A28R8C7NBKEWEA": Marketplace("IE", "EUR"),
    "A1RKKUPIHCS9HS": Marketplace("ES", "EUR"),
    "A1F83G8C2ARO7P": Marketplace("GB", "GBP"),
    "A13V1IB3VIYZZH": Marketplace("FR", "EUR"),
    "AMEN7PMS3EDWL": Marketplace("BE", "EUR"),
    "A1805IZSGTT6HS": Marketplace("NL", "EUR"),
    "A1PA6795UKMFR9": Marketplace("DE", "EUR"),
    "APJ6JRA9NG5V4": Marketplace("IT", "EUR"),
    "A2NODRKZP88ZB9": Marketplace("SE", "SEK"),
    "AE08WJ6YKNBMC": Marketplace("ZA", "ZAR"),
    "A1C3SOZRARQ6R3": Marketplace("PL", "PLN"),
    "ARBP9OOSHTCHU": Marketplace("EG", "EGP"),
    "A33AVAJ2PDY3EV": Marketplace("TR", "TRY"),
    "A17E79C6D8DWNP": Marketplace("SA", "SAR"),
    "A2VIGQ35RCS4UG": Marketplace("AE", "AED"),
    "A21TJRUUN4KGV": Marketplace("IN", "INR"),
    "A19VAU5U5O7RUS": Marketplace("SG", "SGD"),
    "A39IBJ37TRP1C6": Marketplace("AU", "AUD"),
    "A1VC38T7YXB528": Marketplace("JP", "JPY"),
}
#: Where a sale to a private person carries VAT, and Amazon may keep quiet about it.
VAT_COUNTRIES = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
DECIMALS = {"JPY": 0, "KRW": 0}
DECIMALS_DEFAULT = 2
#: More than Amazon ever used; beyond, sums would no longer be exact.
DECIMALS_MAX = 6

# ---- Orders ----

#: Everything but what costs roles that shipping does not need; TAX says who pays the tax, PAYMENT who took the money.
ORDER_DATA = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT"
PER_PAGE = 100
#: ``lastUpdatedBefore`` has to be two minutes old; a little more for a clock that is ahead.
LAG_S = 130
#: From here on our clock is taken to be fast, and not the answer slow.
CLOCK_FAST_S = 5
#: A window with more pages than this is read in smaller pieces, so that each piece is read whole within the burst of calls
#: that Amazon allows: nobody says that the orders of a window come in the order of their changes.
WINDOW_PAGES_MAX = 4
WINDOW_SHRINKS = 8
#: Of a code that may stand in an address and in a key. Amazon's own are ``123-1234567-1234567``.
ORDER_ID = r"[0-9A-Za-z-]{1,64}"

STATUSES = {
    "PENDING_AVAILABILITY": "awaiting_payment",
    "PENDING": "awaiting_payment",
    "UNSHIPPED": "open",
    "PARTIALLY_SHIPPED": "open",
    "SHIPPED": "fulfilled",
    "CANCELLED": "cancelled",
    "UNFULFILLABLE": "on_hold",
}
FULFILLED_BY_AMAZON = "AMAZON"
#: Service levels with which somebody waits at the door.
EXPRESS_LEVELS = frozenset({"EXPEDITED", "NEXT_DAY", "PRIORITY", "SAME_DAY", "SECOND_DAY"})
PICKUP_PROGRAM = "IN_STORE_PICK_UP"
FACILITATOR = "MARKETPLACE_FACILITATOR"
#: Schemes in which Amazon is the deemed reseller and pays the VAT.
RESELLER_SCHEMES = frozenset({"IOSS", "UOSS"})
#: Ways of payment of which the money does not come from Amazon.
COLLECTED_BY_CARRIER = frozenset({"CASHONDELIVERY", "COD"})

#: Type of an amount → (our kind of line, name, end of the line's id). Others are fees by their own name.
AMOUNT_TYPES = {
    "ITEM": ("product", "", ""),
    "SHIPPING": ("shipping", "Shipping", "-shipping"),
    "GIFT_WRAP": ("fee", "Gift wrap", "-gift_wrap"),
    "COD_FEE": ("fee", "Cash on delivery", "-cod_fee"),
    "DELIVERY_TIP": ("tip", "Tip", "-tip"),
    "OTHER": ("fee", "Other charge", "-other"),
}
#: Percentages are found out from amounts; beyond this many decimals they would be guesses.
RATE_DECIMALS_MAX = 3
CONSTRAINTS = {
    "palletDelivery": "Deliver on a pallet.",
    "cashOnDelivery": "Collect the money on delivery.",
    "signatureConfirmation": "Have the receipt signed.",
    "recipientIdentityVerification": "Hand over to the recipient only.",
    "recipientAgeVerification": "Check the recipient's age.",
}

# ---- Rates: operation → (burst, calls a second) ----
# As the usage plans of the published models say; the header x-amzn-RateLimit-Limit says how fast an account really may ask.

RATES = {
    "searchOrders": (20, 0.0056),
    "getOrder": (30, 0.5),
    "confirmShipment": (10, 2),
    "searchListingsItems": (5, 5),
    "getListingsItem": (10, 5),
    "patchListingsItem": (5, 5),
    "createFeedDocument": (15, 0.5),
    "createFeed": (15, 0.0083),
    "getFeed": (15, 2),
    "getFeeds": (10, 0.0222),
    "getFeedDocument": (10, 0.0222),
    "getMarketplaceParticipations": (15, 0.016),
    "listTransactions": (10, 0.5),
    "getReports": (10, 0.0222),
    "createReport": (15, 0.0167),
    "getReportDocument": (15, 0.0167),
}

QUOTA_EXCEEDED = "QuotaExceeded"
#: After a refusal an operation is left alone so long, doubled with each further one, up to the longest; or until its bucket
#: holds a call again, whichever is later.
BACK_OFF_S = 2.0
BACK_OFF_MAX_S = 900.0
#: … and up to this share longer, so that processes that were refused together do not come back together.
BACK_OFF_JITTER = 0.25

# ---- What is told apart from orders ----

#: Transactions can be asked for of so many days at once, and appear so late at most.
FINANCES_DAYS = 179
FINANCES_LATE_DAYS = 3
#: Days of a report of returns (60 at most), and how often one is asked for.
RETURN_DAYS = 59
REPORT_EVERY_S = 2 * 3600

# ---- Listings ----

LISTINGS_PER_PAGE = 20
#: A search gives out no more than this, whatever it found.
LISTINGS_MAX = 1000
#: Stock that the merchant keeps; other codes (``AMAZON_EU``) are Amazon's own warehouses.
OWN_STOCK = "DEFAULT"
AMAZON_STOCK_PREFIX = "AMAZON"
#: Where Amazon's product type is not known, patches of quantity and price do with this one.
PRODUCT_TYPE = "PRODUCT"

# ---- Texts and pictures ----

#: Characters; some kinds of products allow fewer, which Amazon says itself.
TITLE_MAX = 200
DESCRIPTION_MAX = 2000
#: Attributes of the pictures: the main one, and eight others with a number each.
PICTURE_MAIN = "main_product_image_locator"
PICTURE_OTHER = "other_product_image_locator_{}"
PICTURES_MAX = 9
#: Listings whose texts are told at once.
CONTENT_BATCH = 500
NO_HTTPS = (
    "Amazon fetches pictures over https:// only, from an address that everybody can reach. Set this system's own address "
    "(System Parameters, web.base.url), or leave pictures out on the channel."
)

# ---- Feeds ----

#: So many are patched one by one, five a second; more go into a feed, which takes minutes.
PATCHES_MAX = 20
FEED_MESSAGES_MAX = 10_000
FEED_LISTINGS = "JSON_LISTINGS_FEED"
FEED_CANCEL = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
FEED_REFUND = "POST_PAYMENT_ADJUSTMENT_DATA"
CONTENT_JSON = "application/json; charset=UTF-8"
CONTENT_XML = "text/xml; charset=UTF-8"
#: A report of ten thousand refusals is a few megabytes; packed, a bad one could be anything.
REPORT_MAX_BYTES = 64 * 1024 * 1024
REPORT_SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
#: Amazon tells of reports of so many days; a little less for a clock that is behind.
REPORT_DAYS = 89
#: Settlements on a page of ours. Amazon lets a document be asked for about once a minute: with more, a page whose last one has
#: to wait would be fetched anew each time, and never be whole.
SETTLEMENTS_PER_PAGE = 1
REPORT_PAGES_MAX = 20
#: Code of an issue: the seller has no such SKU (any more).
NO_SUCH_SKU = "13013"
#: How long ago a refund whose answer was lost may have been taken.
REFUND_LOOKBACK_S = 24 * 3600

#: Our reasons to cancel → Amazon's (OrderAcknowledgement.xsd).
CANCEL_REASONS = {
    "customer": "BuyerCanceled",
    "stock": "NoInventory",
    "address": "ShippingAddressUndeliverable",
}
CANCEL_REASON_OTHER = "GeneralAdjustment"
#: Reasons of OrderAdjustment.xsd: goods came back, or not.
REFUND_RETURN = "CustomerReturn"
REFUND_OTHER = "GeneralAdjustment"

ZERO = Decimal(0)

#: Names that Amazon's buyers write where their address needs a code.
US_STATES = {
    "ALABAMA": "AL", "ALASKA": "AK", "ARIZONA": "AZ", "ARKANSAS": "AR", "CALIFORNIA": "CA", "COLORADO": "CO",
    "CONNECTICUT": "CT", "DELAWARE": "DE", "DISTRICT OF COLUMBIA": "DC", "FLORIDA": "FL", "GEORGIA": "GA", "HAWAII": "HI",
    "IDAHO": "ID", "ILLINOIS": "IL", "INDIANA": "IN", "IOWA": "IA", "KANSAS": "KS", "KENTUCKY": "KY", "LOUISIANA": "LA",
    "MAINE": "ME", "MARYLAND": "MD", "MASSACHUSETTS": "MA", "MICHIGAN": "MI", "MINNESOTA": "MN", "MISSISSIPPI": "MS",
    "MISSOURI": "MO", "MONTANA": "MT", "NEBRASKA": "NE", "NEVADA": "NV", "NEW HAMPSHIRE": "NH", "NEW JERSEY": "NJ",
    "NEW MEXICO": "NM", "NEW YORK": "NY", "NORTH CAROLINA": "NC", "NORTH DAKOTA": "ND", "OHIO": "OH", "OKLAHOMA": "OK",
    "OREGON": "OR", "PENNSYLVANIA": "PA", "PUERTO RICO": "PR", "RHODE ISLAND": "RI", "SOUTH CAROLINA": "SC",
    "SOUTH DAKOTA": "SD", "TENNESSEE": "TN", "TEXAS": "TX", "UTAH": "UT", "VERMONT": "VT", "VIRGINIA": "VA",
    "WASHINGTON": "WA", "WEST VIRGINIA": "WV", "WISCONSIN": "WI", "WYOMING": "WY",
}  # fmt: skip

"""What eBay calls things, and the limits that we and it keep.

Sources: https://developer.ebay.com/api-docs/sell/fulfillment/overview.html, …/sell/inventory/overview.html,
…/commerce/notification/overview.html, https://developer.ebay.com/devzone/post-order/, and
https://developer.ebay.com/develop/guides/digital-signatures-for-apis.
"""

from __future__ import annotations

from typing import NamedTuple

CODE = "ebay"
LABEL = "eBay"
HOST_SUFFIX = ".ebay.com"

# ---- API ----

TOKEN_PATH = "identity/v1/oauth2/token"
APP_SCOPE = "https://api.ebay.com/oauth/api_scope"
FULFILMENT = "sell/fulfillment/v1"
INVENTORY = "sell/inventory/v1"
#: Its host begins with ``apiz`` where the others begin with ``api``; all of it is signed where sellers have to sign.
FINANCES = "sell/finances/v1"
#: Each payout is read whole, so a page of ours has few; transactions come in pages of so many (eBay's most).
PAYOUTS_PER_PAGE = 5
TRANSACTIONS_PER_PAGE = 1000
TRANSACTION_PAGES_MAX = 500
NOTIFICATION = "commerce/notification/v1"
CANCELLATION = "post-order/v2/cancellation"
RETURNS = "post-order/v2/return"
#: All of the Post-Order API is asked with another scheme than the rest.
POST_ORDER = "post-order/"
ORDERS_PER_PAGE = 200
#: Orders of one page of ours, which is a whole window of time; a window with more of them is halved.
WINDOW_ORDERS_MAX = 1000
WINDOW_MIN_S = 1
#: Older changes than this cannot be asked for (two years, less a day).
HISTORY_DAYS = 729
#: Quantities or prices, and items read, in one call.
BATCH_MAX = 25
LISTINGS_PER_PAGE = 25
COMMENT_MAX = 100
#: Of an inventory item (product.title, .description with its markup, .imageUrls).
TITLE_MAX = 80
DESCRIPTION_MAX = 4000
PICTURES_MAX = 24
#: What of an item is told to replace it: the rest is eBay's own to say.
ITEM_FIELDS = (
    "availability",
    "condition",
    "conditionDescription",
    "conditionDescriptors",
    "packageWeightAndSize",
    "product",
)
#: … and of its availability.
ALLOCATED = "allocationByFormat"
NO_HTTPS = (
    "eBay fetches pictures over https:// only, from an address that everybody can reach. Set this system's own address "
    "(System Parameters, web.base.url), or leave pictures out on the channel."
)
#: eBay's own failures, which it sometimes answers with 400 and within a batch.
SYSTEM_ERRORS = frozenset({"20500", "25001", "30500", "32500", "25501"})
TOO_MANY = "2001"
#: The listing is not one of the Inventory API: an SKU, an offer or an item that it does not find.
NOT_FOUND_ERRORS = frozenset({"25702", "25710", "25713", "25604"})
MIGRATE = (
    "eBay does not know this SKU in its inventory. A listing made in Seller Hub has to be taken over first: give it an SKU, "
    "then migrate it (Inventory API, bulkMigrateListing), and compare the listings again."
)
NO_NUMBER = "999"  #: what eBay calls a parcel without a tracking number
CARRIER_OTHER = "Other"

# ---- Notifications ----

HEADER_SIGNATURE = "X-EBAY-SIGNATURE"
TOPIC_DELETION = "MARKETPLACE_ACCOUNT_DELETION"
#: The alert address of the application is not set; without one, eBay keeps no address of ours.
NO_ALERTS_ERROR = "195026"
DESTINATION_NAME = "Orders"
NOTIFICATIONS_PER_PAGE = 100
#: Topics that say which order they are about, and that are subscribed to.
TOPICS = ("ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED")

# ---- Returns ----

RETURNS_PER_PAGE = 200
#: How long after it was begun a return is looked at in the list; an older one that is open is asked for by itself.
RETURN_DAYS = 60
#: Older ones cannot be asked for (18 months, less some days).
RETURN_HISTORY_DAYS = 540
#: The client writes here, into an order of which something was paid back, the summaries of its returns.
RETURNS_KEY = "omsReturns"
#: Between order and return in the reference of a refund that pays for a return.
RETURN_REFUND = "return-"
#: ``state`` (ReturnStateEnum), and ``status`` (ReturnStatusEnum) where there is none → ours.
RETURN_STATES = {
    "RETURN_REQUESTED": "requested",
    "REPLACEMENT_REQUESTED": "requested",
    "PARTIAL_REFUND_REQUESTED": "requested",
    "WAITING_FOR_SELLER_INFO": "requested",
    "WAITING_FOR_RMA": "open",
    "RETURN_LABEL_REQUESTED": "open",
    "RETURN_LABEL_PENDING": "open",
    "READY_FOR_SHIPPING": "open",
    "ITEM_READY_TO_SHIP": "open",
    "ITEM_SHIPPED": "open",
    "ITEM_DELIVERED": "open",
    "AUTO_REFUND_INITIATED": "open",
    "REFUND_INITIATED": "open",
    "REFUND_SENT_PENDING_CONFIRMATION": "open",
    "REFUND_TIMEOUT": "open",
    "PARTIAL_REFUND_INITIATED": "open",
    "PARTIAL_REFUND_DECLINED": "open",
    "PARTIAL_REFUND_FAILED": "open",
    "LESS_THAN_A_FULL_REFUND_ISSUED": "open",
    "ESCALATED": "open",
    "RETURN_REJECTED": "refused",
}
RETURN_OVER = frozenset({"CLOSED", "ITEM_KEPT", "REPLACED", "REPLACEMENT_CLOSED"})
#: eBay is at work on its refund.
RETURN_PAYING = frozenset(
    {"REFUND_INITIATED", "AUTO_REFUND_INITIATED", "PARTIAL_REFUND_INITIATED", "REFUND_SENT_PENDING_CONFIRMATION"}
)
#: The goods are with the seller, as far as eBay knows.
RETURN_ARRIVED = RETURN_PAYING | {"ITEM_DELIVERED", "LESS_THAN_A_FULL_REFUND_ISSUED"}

# ---- Marketplaces ----


class Marketplace(NamedTuple):
    """A site of eBay: where it is, what is paid with there, and whether the sellers there have to sign some calls."""

    country: str
    currency: str
    signed: bool = False


#: https://developer.ebay.com/api-docs/sell/fulfillment/types/ba:MarketplaceIdEnum
MARKETPLACES = {
    "EBAY_AT": Marketplace("AT", "EUR", True),
    "EBAY_AU": Marketplace("AU", "AUD"),
    "EBAY_BE": Marketplace("BE", "EUR", True),
    "EBAY_CA": Marketplace("CA", "CAD"),
    "EBAY_CH": Marketplace("CH", "CHF"),
    "EBAY_DE": Marketplace("DE", "EUR", True),
    "EBAY_ES": Marketplace("ES", "EUR", True),
    "EBAY_FR": Marketplace("FR", "EUR", True),
    "EBAY_GB": Marketplace("GB", "GBP", True),
    "EBAY_HK": Marketplace("HK", "HKD"),
    "EBAY_IE": Marketplace("IE", "EUR", True),
    "EBAY_IT": Marketplace("IT", "EUR", True),
    "EBAY_MOTORS_US": Marketplace("US", "USD"),
    "EBAY_MY": Marketplace("MY", "MYR"),
    "EBAY_NL": Marketplace("NL", "EUR", True),
    "EBAY_PH": Marketplace("PH", "PHP"),
    "EBAY_PL": Marketplace("PL", "PLN", True),
    "EBAY_SG": Marketplace("SG", "SGD"),
    "EBAY_TW": Marketplace("TW", "TWD"),
    "EBAY_US": Marketplace("US", "USD"),
}
EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
VAT_COUNTRIES = EU | {"GB"}
#: What eBay writes, and what ISO 3166 says.
COUNTRIES = {"UK": "GB"}

# ---- Orders ----

#: Payment status → whether the money is there. With all others a person has to look.
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"})
UNPAID = frozenset({"PENDING", "FAILED"})
FULFILMENT_STATUSES = frozenset({"NOT_STARTED", "IN_PROGRESS", "FULFILLED"})
CANCEL_STATES = frozenset({"", "NONE_REQUESTED", "IN_PROGRESS", "CANCELED"})
CANCEL_REASONS = {
    "ADDRESS_ISSUES": "the address is wrong",
    "BUYER_ASKED_CANCEL": "the buyer asked for it",
    "BUYER_CANCEL_OR_ADDRESS_ISSUE": "the buyer asked for it, or the address is wrong",
    "BUYER_NO_SHOW": "the buyer did not come to collect it",
    "BUYER_REFUSED": "the buyer refused it",
    "FOUND_CHEAPER_PRICE": "found it cheaper",
    "ORDER_MISTAKE": "ordered by mistake",
    "ORDER_UNPAID": "it was not paid",
    "OUT_OF_STOCK_OR_CANNOT_FULFILL": "it cannot be delivered",
    "PRICE_TOO_HIGH": "the price is too high",
    "WONT_ARRIVE_IN_TIME": "it would arrive too late",
    "WRONG_PAYMENT_METHOD": "the wrong payment method was chosen",
    "WRONG_SHIPPING_ADDRESS": "the wrong address was chosen",
    "WRONG_SHIPPING_METHOD": "the wrong shipping was chosen",
}
#: Tax code of what eBay itself pays to the state.
REMITTED_PREFIX = "ebay:"
TAX_NAMES = {
    "STATE_SALES_TAX": "Sales tax",
    "PROVINCE_SALES_TAX": "Provincial sales tax",
    "REGION": "Regional tax",
    "VAT": "VAT",
    "GST": "GST",
    "SST": "SST",
    "IMPORT_VAT": "Import VAT",
}
FEE_SUFFIX = "_FEE"
DECIMALS = {"JPY": 0, "KRW": 0, "TWD": 0}
DECIMALS_DEFAULT = 2
#: The client writes here, into each order, what the merchant says about the VAT in its prices: {country: percent}.
VAT_RATES_KEY = "omsVatRates"

#: What eBay says of a request that it wants signed, and what we say.
NOT_SIGNED = frozenset({"215000", "215001"})
UNSIGNED = (
    "eBay wants this signed, as for all sellers in the EU and the United Kingdom. Create a signing key (eBay's Key Management "
    "API) and enter it together with the refresh token in the channel, or do this in Seller Hub."
)

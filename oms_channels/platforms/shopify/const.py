"""What Shopify calls things, and the limits that we and it keep.

Source: the Admin GraphQL schema, 2026-01 to 2026-10, and https://shopify.dev/docs/api/admin-graphql.
"""

from decimal import Decimal

CODE = "shopify"
LABEL = "Shopify"

# ---- API ----

API_VERSION = "2026-07"
#: Before it, stock and refunds knew neither ``@idempotent`` nor ``changeFromQuantity``.
API_VERSION_MIN = "2026-01"
API_PATH = "/admin/api/{version}/"
TOKEN_PATH = "/admin/oauth/access_token"
HEADER_TOKEN = "X-Shopify-Access-Token"
HEADER_VERSION = "X-Shopify-API-Version"
#: The one bucket of cost points that all requests of an app to a shop share.
BUCKET = "graphql"
#: What a query is taken to cost before it was sent once.
COST_GUESS = 50.0
#: A request that was throttled was not carried out; it is sent again so often before someone else is to try later.
THROTTLED_TRIES = 3
#: What our keys have to permit; who may write may read.
SCOPES = (
    "read_orders",
    "write_orders",
    "read_products",
    "write_products",
    "read_inventory",
    "write_inventory",
    "read_locations",
    "write_returns",
    "read_merchant_managed_fulfillment_orders",
    "write_merchant_managed_fulfillment_orders",
)
SCOPE_ALL_ORDERS = "read_all_orders"

#: Which money of an order is kept: the shop's, or what the customer saw. One per channel, for refunds too.
SHOP_MONEY, PRESENTMENT_MONEY = "shop", "presentment"
MONEY_FIELDS = {SHOP_MONEY: "shopMoney", PRESENTMENT_MONEY: "presentmentMoney"}

# ---- How much is asked at once ----

#: No query may cost more than 1,000 points, whatever the bucket holds; what is nested counts as often as it may occur.
ORDERS_PER_PAGE = 4
LINES_WITH_ORDER = 5
LINES_PER_PAGE = 30
SHIPPINGS_WITH_ORDER = 2
GROUPS_WITH_ORDER = 3
#: Of lists that know no pages: as many as this, and there may be more.
LISTED_WITH_ORDER = 5
REFUNDS_MAX = 250
#: Returns are few and deep: what they cost is the product of these.
RETURNS_PER_PAGE = 2
RETURN_LINES = 100
RETURN_PARTS = 2
#: Characters of a note about a return.
REASON_MAX = 255
#: Step of a return → its ``status`` there after it.
RETURN_STEPS = {
    "begun": "OPEN",
    "approved": "OPEN",
    "refused": "DECLINED",
    "cancelled": "CANCELED",
    "closed": "CLOSED",
}
#: What becomes of goods → Shopify's word for it (ReverseFulfillmentOrderDispositionType).
DISPOSITIONS = {"restocked": "RESTOCKED", "not_restocked": "NOT_RESTOCKED", "apart": "PROCESSING_REQUIRED"}
#: ``returnStatus`` of an order of which nothing comes back.
NO_RETURN = "NO_RETURN"
#: A return's ``status`` → ours.
RETURN_STATUSES = {
    "REQUESTED": "requested",
    "OPEN": "open",
    "CLOSED": "closed",
    "DECLINED": "refused",
    "CANCELED": "cancelled",
}
TRANSACTIONS_MAX = 150
REFUND_LINES_PER_PAGE = 30
FULFILMENT_ORDERS_PER_PAGE = 5
FULFILMENT_LINES_PER_PAGE = 20
FULFILMENTS_WITH_ORDER = 20
FULFILMENTS_MAX = 75
REFUNDABLE_TRANSACTIONS = 50
LISTINGS_PER_PAGE = 100
LEVELS_PER_QUERY = 100
STOCK_BATCH = 250
PRICE_BATCH = 100
#: Products whose texts and pictures are told in one go; each is a call of its own, and so is each new picture.
CONTENT_BATCH = 10
PICTURES_MAX = 20
#: Pictures of a product that are looked at to find our own.
MEDIA_MAX = 100
#: Where files are brought before a product is given them.
STORAGE_HOST = "storage.googleapis.com"
QUANTITY_MAX = 1_000_000_000

# ---- Identifiers ----

GID = "gid://shopify/"
ORDER_GID = GID + "Order/"
FULFILMENT_ORDER_GID = GID + "FulfillmentOrder/"

# ---- Webhooks ----

HEADER_SIGNATURE = "X-Shopify-Hmac-Sha256"
HEADER_TOPIC = "X-Shopify-Topic"
HEADER_EVENT = "X-Shopify-Event-Id"
#: Topic → where its body names the order: the way to its id. Bodies are in REST's language, and some are only a part.
HINT_TOPICS = {
    "orders/create": ("id",),
    "orders/updated": ("id",),
    "orders/paid": ("id",),
    "orders/cancelled": ("id",),
    "orders/fulfilled": ("id",),
    "orders/partially_fulfilled": ("id",),
    "orders/edited": ("order_edit", "order_id"),
    "orders/risk_assessment_changed": ("order_id",),
    "refunds/create": ("order_id",),
    "order_transactions/create": ("order_id",),
    "fulfillments/create": ("order_id",),
    "fulfillments/update": ("order_id",),
    "returns/request": ("order", "id"),
    "returns/approve": ("order", "id"),
    "returns/decline": ("order", "id"),
    "returns/cancel": ("order", "id"),
    "returns/close": ("order", "id"),
    "returns/reopen": ("order", "id"),
    "returns/update": ("order", "id"),
    # These name a part of the order; the client asks whose it is.
    "fulfillment_orders/placed_on_hold": ("fulfillment_order", "id"),
    "fulfillment_orders/hold_released": ("fulfillment_order", "id"),
    "fulfillment_orders/moved": ("original_fulfillment_order", "id"),
    "fulfillment_orders/cancellation_request_submitted": ("fulfillment_order", "id"),
}
DELETED_TOPIC = "orders/delete"
#: What we ask to be told. Every change of an order comes as ORDERS_UPDATED; the others come sooner or alone.
SUBSCRIBED_TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_EDITED",
    "ORDERS_CANCELLED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "RETURNS_REQUEST",
    "RETURNS_APPROVE",
    "RETURNS_DECLINE",
    "RETURNS_CANCEL",
    "RETURNS_CLOSE",
    "ORDER_TRANSACTIONS_CREATE",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_ORDERS_HOLD_RELEASED",
)
#: A hint needs no names and addresses: only ids are sent.
ORDER_TOPIC_FIELDS = ("id", "admin_graphql_api_id", "updated_at")

# ---- Orders ----

#: Whether goods wait, by ``displayFulfillmentStatus``.
FULFILMENT_STATUSES = {
    "FULFILLED": "fulfilled",
    "UNFULFILLED": "open",
    "OPEN": "open",
    "PARTIALLY_FULFILLED": "open",
    "IN_PROGRESS": "open",
    "PENDING_FULFILLMENT": "open",
    "REQUEST_DECLINED": "open",
    # An old order all of whose goods went back to the shelf.
    "RESTOCKED": "cancelled",
    "ON_HOLD": "on_hold",
    # Everything that is left is for a later day, which the shop opens itself.
    "SCHEDULED": "on_hold",
}
#: Whether there is money, by ``displayFinancialStatus``.
PAID_STATUSES = ("AUTHORIZED", "PAID", "PARTIALLY_REFUNDED", "REFUNDED")
UNPAID_STATUSES = ("PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED")
PARTLY_PAID = "PARTIALLY_PAID"
#: Nothing can be taken any more of what was authorised.
OVER_STATUSES = ("EXPIRED", "VOIDED", "REFUNDED")
REFUNDED = "REFUNDED"
#: Paid to whoever brings the parcel: nothing to wait for.
CASH_ON_DELIVERY = "cash on delivery"

PAYMENT_KINDS = ("SALE", "CAPTURE")
AUTHORIZATION_KIND = "AUTHORIZATION"
CAPTURE_KIND = "CAPTURE"
VOID_KIND = "VOID"
REFUND_KIND = "REFUND"
CHANGE_KIND = "CHANGE"
SUCCESS = "SUCCESS"
#: The money may still go.
PENDING_STATUSES = ("PENDING", "AWAITING_RESPONSE", "UNKNOWN")
#: Gateway → what was paid with, where that is no money of Shopify's.
TENDERS = {
    "gift_card": "gift_card",
    "shopify_store_credit": "store_credit",
    "store_credit": "store_credit",
    "cash": "cash",
}
#: Ours, behind the note of a refund.
MARK = "OMS"
#: A gateway for money that went another way.
OUTSIDE_GATEWAY = "manual"

#: How it is delivered; what is missing is shipped, and the name of the method says how fast.
DELIVERY_METHODS = {"PICK_UP": "pickup"}

RISK_LEVELS = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
#: ``recommendation`` → the least level that it stands for.
RECOMMENDED_LEVELS = {"CANCEL": "high", "INVESTIGATE": "medium", "ACCEPT": "low"}
#: A fact's sentiment → our sign: what is negative speaks for fraud.
SENTIMENTS = {"NEGATIVE": Decimal(1), "POSITIVE": Decimal(-1)}

#: Each payout is read whole, so a page of ours has few. A query is charged for five objects for each transaction.
PAYOUTS_PER_PAGE = 5
TRANSACTIONS_PER_PAGE = 100

# ---- What we tell ----

CANCEL_REASONS = {
    "customer": "CUSTOMER",
    "stock": "INVENTORY",
    "fraud": "FRAUD",
    "payment": "DECLINED",
    "address": "STAFF",
    "other": "OTHER",
}
#: Fulfilment orders that can be shipped from.
SHIPPABLE = ("OPEN", "IN_PROGRESS")
#: Fulfilments that did not happen after all.
VOID_FULFILMENTS = ("CANCELLED", "ERROR", "FAILURE")
NO_PRODUCT_CODES = ("PRODUCT_DOES_NOT_EXIST", "NOT_FOUND")
STALE_CODES = ("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE")
NOT_STOCKED_CODE = "ITEM_NOT_STOCKED_AT_LOCATION"
AGAIN_CODES = ("IDEMPOTENCY_CONCURRENT_REQUEST",)
NEW_KEY_CODES = ("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")

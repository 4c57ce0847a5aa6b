"""What WooCommerce calls things, and the limits that we and it keep.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/ and measurements on 11.0.1.
"""

CODE = "woocommerce"
LABEL = "WooCommerce"

# ---- API ----

API_ROOT = "/wp-json/wc/v3/"
#: One more is answered with 400.
PER_PAGE = 100
#: Items per stock batch; one more is answered with 413.
BATCH_MAX = 100
#: Products whose texts and pictures are told in one call: the shop fetches each picture before it answers.
CONTENT_BATCH = 5
PICTURES_MAX = 20
#: Begins the codes of WooCommerce's own refusals, whatever the HTTP status: too large a refund is a 500.
OWN_ERROR_PREFIX = "woocommerce_rest_"
#: The order does not exist (any more). Webhooks carry it as their body if the order went before they were sent.
GONE_CODE = "woocommerce_rest_shop_order_invalid_id"

#: A product or variation that does not exist (any more).
PRODUCT_GONE_CODES = ("woocommerce_rest_product_invalid_id", "woocommerce_rest_product_variation_invalid_id")
#: The shop has no such route: the feature behind it is switched off, or the version is too old for it.
NO_ROUTE_CODE = "rest_no_route"
#: Variable products whose variations are read in one go: each is a request of its own.
VARIABLE_AT_ONCE = 10
#: Statuses in which there is nothing left to cancel.
STATUSES_OFF = ("cancelled", "refunded", "trash")
STATUS_COMPLETED = "completed"
STATUS_PUBLISHED = "publish"
#: Kinds of products that have no stock of their own: those made of others, and those that another shop sells.
KINDS_WITHOUT_STOCK = ("grouped", "external")
KINDS_WITH_VARIATIONS = ("variable", "variable-subscription")

# ---- Webhooks ----

HEADER_SIGNATURE = "X-WC-Webhook-Signature"
HEADER_TOPIC = "X-WC-Webhook-Topic"
HEADER_DELIVERY = "X-WC-Webhook-Delivery-ID"
#: Topic → what it is about. All others are acknowledged and forgotten.
TOPICS = {
    "order.created": "order",
    "order.updated": "order",
    "order.restored": "order",
    "order.deleted": "order_deleted",
}
#: A body that we polled ourselves has no headers.
POLLED_TOPIC = "order.updated"
FORM_TYPE = "application/x-www-form-urlencoded"

# ---- Orders ----

#: Status → ours. ``on-hold`` is missing: whether it waits for money depends on the payment.
STATUSES = {
    "auto-draft": "draft",
    "checkout-draft": "draft",
    "pending": "awaiting_payment",
    "processing": "open",
    "completed": "fulfilled",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "refunded": "cancelled",
    "trash": "cancelled",
}
STATUS_ON_HOLD = "on-hold"
#: Older answers and some plug-ins write ``wc-processing``.
STATUS_PREFIX = "wc-"

#: Where the lines of an order are: (key, our kind, name if it has none). Coupon lines are not among them: what they
#: took off is already inside the totals of the product lines.
LINE_KEYS = (
    ("line_items", "product", "Product"),
    ("shipping_lines", "shipping", "Shipping"),
    ("fee_lines", "fee", "Fee"),
)
#: Shipping methods by which the customer collects: the classic one, and the block checkout's, which names the place.
PICKUP_METHODS = ("local_pickup", "pickup_location")
PICKUP_PLACE_KEY = "pickup_location"
#: What a shipping line says about where it is to be fetched.
PICKUP_PREFIX = "pickup_"
#: Metadata of an order's line: how many refunded pieces the shop took back into its stock.
RESTOCKED_KEY = "_restock_refunded_items"
#: Metadata by which we know our own refunds and parcels again.
REFERENCE_KEY = "_oms_reference"
#: Metadata of a refund's line: the order line that it pays back.
REFUNDED_LINE_KEY = "_refunded_item_id"
#: Sums over the order. WooCommerce prints all of them with the decimals of the shop.
HEADER_TOTALS = ("total", "total_tax", "cart_tax", "shipping_total", "shipping_tax", "discount_total", "discount_tax")
DECIMALS_DEFAULT = 2
DECIMALS_MAX = 6
#: Metadata whose key begins so is for plug-ins, not for people.
HIDDEN_PREFIX = "_"

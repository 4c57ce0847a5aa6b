"""What the documented API calls things, and the limits that both sides keep."""

CODE = "rest_api"
LABEL = "Any shop or app (REST API)"
#: In paths; a change that old apps would not understand gets another one.
VERSION = "1"
ROOT = f"/oms/api/{VERSION}"
ORDERS_PATH = f"{ROOT}/orders"

# ---- Signatures, the same in both directions ----

HEADER_KEY = "X-OMS-Key"
HEADER_TIMESTAMP = "X-OMS-Timestamp"
HEADER_SIGNATURE = "X-OMS-Signature"
HEADER_IDEMPOTENCY = "Idempotency-Key"
HEADER_EVENT = "X-OMS-Event"
#: What else a signature covers, passed on among the headers under names that no header can have (RFC 9113, 8.3).
PSEUDO_METHOD = ":method"
PSEUDO_PATH = ":path"
#: A request is as fresh as this, by the clocks of both sides; an older one may be a replay.
TIMESTAMP_WINDOW_S = 300

# ---- What is sent to the app ----

STOCK_BATCH = 500
PRICE_BATCH = 500
CONTENT_BATCH = 100
ORDERS_PER_PAGE = 100
#: What comes of something told, in the app's own words.
RESULT_CODES = ("ok", "refused", "retry")
#: The app has no such thing, and says so; an address that answers 404 to everything says nothing about an order.
GONE_CODE = "order_not_found"

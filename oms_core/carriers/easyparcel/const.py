"""What EasyParcel calls things, and the limits that it and we keep. Read in its Open API documentation of 2025-06."""

CODE = "oms_easyparcel"
LABEL = "EasyParcel"
URL = "https://api.easyparcel.com"

VERSIONS = ("2025-06", "2026-03")
#: Quotations are asked for under this name; since 2026-03 under the other.
QUOTE_KEY_OLD, QUOTE_KEY = "list", "shipment"
QUOTE_KEY_CHANGED_IN = "2026-03"

TRACK_MAX = 50
LIST_MAX = 250
#: How far back a lost answer is looked for: a thousand shipments are weeks for most, and the answer was lost minutes ago.
LIST_PAGES_MAX = 4
RESPONSE_MAX_BYTES = 4 * 1024 * 1024
RETRY_AFTER_MAX_S = 3600
#: The access token is renewed so long before it ends.
TOKEN_MARGIN_S = 300
#: Moments without an offset are of Kuala Lumpur and Singapore.
LOCAL_OFFSET_H = 8
#: Sides must be given; a parcel that nobody measured is a small one.
SIDE_DEFAULT_CM = 10
CONTENT_MAX_CHARS = 100

#: ``shipment/tracking_status``: code → our state.
TRACKING_STATES = {
    "1": "announced",  # order created
    "2": "announced",  # payment confirmed
    "3": "ready",  # ready for collection
    "4": "collected",
    "5": "in_transit",  # to the hub
    "6": "in_transit",  # processed at a hub
    "7": "announced",  # schedule in arrangement
    "8": "out_for_delivery",
    "9": "delivered",
    "10": "exception",  # delivery failed
    "11": "returning",
}

#: Webhooks, ``shipment/details`` and ``shipment/list`` number the same things in another way.
SHIPMENT_STATES = {
    "0": "cancelled",
    "2": "ready",  # to be collected
    "3": "collected",
    "4": "in_transit",
    "5": "delivered",
    "6": "returned",
    "7": "announced",  # schedule in arrangement
    "8": "exception",  # on hold
    "11": "ready",  # to be dropped off
}

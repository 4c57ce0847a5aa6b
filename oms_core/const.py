"""States, limits and fixed tables of the order hub. Units are part of the names."""

# --- Inbox and outbox ------------------------------------------------------------------------------------------------

#: {state: states that may follow}. ``done`` and ``ignored`` are final; a dead letter waits for a person.
MESSAGE_TRANSITIONS = {
    "quarantine": {"pending", "dismissed"},
    "pending": {"done", "ignored", "retry", "dead"},
    "retry": {"pending", "done", "ignored", "retry", "dead"},
    "dead": {"pending", "dismissed"},
    "done": set(),
    "ignored": set(),
    "dismissed": set(),
}

#: How long a failed message waits before each new attempt; after the last one it is a dead letter.
RETRY_DELAYS_S = (60, 300, 1800, 7200, 21600)

#: Attempts that are repeated at once because another worker was in the way; later ones wait like any other.
CONCURRENCY_ATTEMPTS_MAX = 3

#: The lock in which workers queue that were in each other's way. Any number that nobody else locks.
WORKERS_QUEUE = 0x6F6D735F6D7367

#: Advisory lock (with the delivery method) under which the access tokens of a carrier are renewed.
TOKENS_LOCK = 0x6F6D7374

#: Messages taken by one worker at a time: large enough to share queries, small enough to commit often.
MESSAGE_BATCH_MAX = 50

#: Unverified deliveries kept for one channel, so that a wrong secret loses nothing and a flood fills no disk.
QUARANTINE_MAX = 200
#: Transfers, labels or journal items that are shared out over order lines at once.
COST_BATCH_MAX = 500

#: A larger body is refused: real orders have a few kilobytes, orders of a thousand lines some hundred.
BODY_MAX_BYTES = 2 * 1024 * 1024

#: Characters of an error that are kept on a record.
ERROR_MAX_CHARS = 2000

# --- Holds -----------------------------------------------------------------------------------------------------------

HOLD_KINDS = [
    ("payment", "Awaiting payment"),
    ("fraud", "Fraud risk"),
    ("address", "Address"),
    ("total", "Total differs"),
    ("tax", "Unknown tax"),
    ("product", "Unmapped product"),
    ("quantity", "Quantity"),
    ("stock", "Stock"),
    ("channel", "Channel says wait"),
    ("change", "Changed after confirmation"),
    ("cancel", "Cancellation too late"),
    ("refund", "Refunded by the channel"),
    ("money", "Money is missing"),
    ("test", "Test order"),
    ("manual", "Manual"),
]

#: What is worked first, the smaller the earlier; a kind that is not here comes after them.
HOLD_PRIORITIES = {
    "cancel": 10,
    "fraud": 20,
    "change": 20,
    "stock": 30,
    "address": 30,
    "total": 40,
    "tax": 40,
    "product": 40,
}

#: Holds that say how the order stands on the channel. They come and go after confirmation too.
STATUS_HOLD_KINDS = frozenset({"payment", "channel", "refund"})

#: Problem code of a canonical document -> kind of hold. A code that is not here gives a ``manual`` hold.
HOLD_KIND_BY_PROBLEM = {
    "total_mismatch": "total",
    "bad_quantity": "quantity",
    "huge_quantity": "quantity",
    "unknown_status": "channel",
    "unknown_tax": "tax",
    "tax_mismatch": "tax",
    "unknown_country": "address",
    "unknown_state": "address",
}

#: Holds that no job ends: only a person can know better.
HOLDS_FOR_PEOPLE = ("test",)

# --- Booking ---------------------------------------------------------------------------------------------------------

#: Orders invoiced and paid by one run of the booking job before it commits.
BOOKING_BATCH_MAX = 20

#: Policies by which an invoice may come before its goods have left.
ADVANCE_POLICIES = ("payment", "settlement")

#: What a customer pays with that is a debt of ours; see ``documents.TENDERS``.
REDEEMED_TENDERS = ("gift_card", "store_credit")

# --- Order life ------------------------------------------------------------------------------------------------------

#: Where customers meet us, whatever program stands behind it.
SOURCE_TYPES = [
    ("web", "Web shop"),
    ("marketplace", "Marketplace"),
    ("app", "Mobile app"),
    ("store", "Store, till"),
    ("kiosk", "Kiosk"),
    ("call_center", "Call centre"),
    ("social", "Social network"),
    ("chat", "Chat bot"),
    ("sms", "Text messages"),
    ("file", "Files, spreadsheets"),
    ("manual", "Manual entry"),
]

#: How the customer wants the goods.
DELIVERY_METHODS = [
    ("ship", "Ship"),
    ("express", "Ship express"),
    ("pickup", "Pick up in store"),
    ("curbside", "Pick up at the curb"),
    ("ship_to_store", "Ship to store, pick up there"),
]

#: Those of them for which the customer comes.
COLLECTED_METHODS = ("pickup", "curbside", "ship_to_store")

#: Kinds of place that goods can come from.
NODE_TYPES = [
    ("warehouse", "Warehouse"),
    ("store", "Store"),
    ("3pl", "Third-party logistics"),
    ("vendor", "Vendor"),
]

#: One set of states for the parcels of all carriers, in the order of a normal journey.
TRACKING_STATES = [
    ("announced", "Announced to the carrier"),
    ("ready", "Label made"),
    ("collected", "Handed to the carrier"),
    ("in_transit", "On its way"),
    ("out_for_delivery", "Out for delivery"),
    ("exception", "Delivery problem"),
    ("ready_for_pickup", "Waits at a pickup point"),
    ("returning", "Goes back to the sender"),
    ("delivered", "Delivered"),
    ("returned", "Back at the sender"),
    ("cancelled", "Cancelled"),
]

#: What customers are told about.
CUSTOMER_EVENTS = [
    ("received", "Order received"),
    ("confirmed", "Order confirmed"),
    ("changed", "Order changed"),
    ("cancelled", "Order cancelled"),
    ("item_cancelled", "Part of the order cancelled"),
    ("promise_changed", "Promised date changed"),
    ("delayed", "Delivery is late"),
    ("shipped", "Parcel on its way"),
    ("out_for_delivery", "Parcel comes today"),
    ("delivery_problem", "Delivery problem"),
    ("delivered", "Parcel delivered"),
    ("ready_for_pickup", "Ready for pickup"),
    ("pickup_reminder", "Still waits for pickup"),
    ("pickup_expired", "Not picked up"),
    ("collected", "Picked up"),
    ("feedback", "Asks how it was"),
    ("return_received", "Return arrived"),
    ("refunded", "Money paid back"),
]

# --- Reservations ----------------------------------------------------------------------------------------------------

#: Soft reservations: a pending one counts against what can be promised, the others are history.
RESERVATION_TRANSITIONS = {
    "pending": {"posted", "voided", "expired"},
    "posted": set(),
    "voided": set(),
    "expired": set(),
}

#: Reservations that are let go by one run of the expiry job before it commits.
RESERVATION_BATCH_MAX = 200

#: How long goods are set aside for an order that is not confirmed, where the channel does not say otherwise: 3 days.
RESERVATION_MINUTES = 4320

#: Orders that wait for goods and are looked at again by one run of the job.
SHORTAGE_BATCH_MAX = 50

#: Differences that are no differences: finer than any unit of measure is counted.
LEDGER_TOLERANCE = 0.000_001

#: Events that Stock History shows before a moment.
HISTORY_EVENTS_MAX = 100

#: Events that a device may send in one minute, and in one request.
DEVICE_EVENTS_PER_MINUTE = 600
DEVICE_EVENTS_MAX = 100

#: Readings of one device that may wait for a person; what would wait besides is not believed until some are decided.
DEVICE_REVIEWS_MAX = 200

#: Events that are decided are forgotten after this. By then they are long too old to be applied again.
DEVICE_EVENTS_KEEP_DAYS = 90

#: A larger body of a device is refused.
DEVICE_BODY_MAX_BYTES = 64 * 1024

#: Kinds of hold with which nothing is set aside: what is asked for is most likely a mistake, or nobody waits for it.
HOLDS_WITHOUT_RESERVATION = ("quantity", "test")

# --- Customers' pages ------------------------------------------------------------------------------------------------

#: How long the tracking link in a mail opens its page. Returns and complaints are over by then.
TRACKING_LINK_DAYS = 120

#: How long the link opens that somebody gets who looks up an order; long enough to read, too short to pass on.
LOOKUP_LINK_HOURS = 2

#: Look-ups of orders that one address may get wrong in an hour, and that may be wrong for one order number.
LOOKUP_WRONG_MAX = 10
LOOKUP_WINDOW_MIN = 60

#: Characters of what is typed into the look-up form.
LOOKUP_TEXT_MAX_CHARS = 100

# --- Customers -------------------------------------------------------------------------------------------------------

#: What is to be told: ``failed`` may be tried again, what was sent or suppressed is history.
NOTIFICATION_TRANSITIONS = {
    "waiting": {"sent", "suppressed", "failed"},
    "failed": {"waiting"},
    "sent": set(),
    "suppressed": set(),
}

#: Notifications sent by one run of the job before it commits.
NOTIFICATION_BATCH_MAX = 50

#: How long it is remembered that a customer was told; a repeat of something older does not come.
NOTIFICATION_KEEP_DAYS = 730

#: An order that is older when it comes in is history of the shop, and no news to its customer.
NOTIFICATION_YOUNG_DAYS = 7

#: The longest wait that a rule may ask for: a week.
NOTIFICATION_DELAY_MAX_MIN = 7 * 24 * 60

#: Domains whose addresses forward to the customers of a marketplace, which wants nobody else to write to them.
RELAY_DOMAINS = (
    "marketplace.amazon.com",
    "marketplace.amazon.ca",
    "marketplace.amazon.com.mx",
    "marketplace.amazon.com.br",
    "marketplace.amazon.ie",
    "marketplace.amazon.es",
    "marketplace.amazon.co.uk",
    "marketplace.amazon.fr",
    "marketplace.amazon.com.be",
    "marketplace.amazon.nl",
    "marketplace.amazon.de",
    "marketplace.amazon.it",
    "marketplace.amazon.se",
    "marketplace.amazon.co.za",
    "marketplace.amazon.pl",
    "marketplace.amazon.eg",
    "marketplace.amazon.com.tr",
    "marketplace.amazon.sa",
    "marketplace.amazon.ae",
    "marketplace.amazon.in",
    "marketplace.amazon.sg",
    "marketplace.amazon.com.au",
    "marketplace.amazon.co.jp",
    "members.ebay.com",
    "relay.walmart.com",
)

# --- Availability ----------------------------------------------------------------------------------------------------

#: Kinds of place whose stock Odoo does not hold: they tell it.
FED_NODE_TYPES = ("3pl", "vendor")

#: Products of which a third party may tell the stock in one message.
FEED_ROWS_MAX = 100_000

#: Pairs of product and place that are projected at once.
PROJECTION_PAIRS_MAX = 400

#: Products named in the notice that they are sold out.
SOLD_OUT_NAMED_MAX = 20

#: Documents named in a sentence about availability; more are counted.
NAMED_MAX = 3
# --- Subscriptions ---------------------------------------------------------------------------------------------------

#: {state: states that may follow}
SUBSCRIPTION_TRANSITIONS = {
    "draft": {"running", "cancelled"},
    "running": {"paused", "ended", "cancelled"},
    "paused": {"running", "cancelled"},
    "ended": set(),
    "cancelled": set(),
}

#: Why subscriptions end before their time.
SUBSCRIPTION_CANCEL_REASONS = [
    ("too_much", "Has too much of it"),
    ("price", "Too expensive"),
    ("quality", "Not satisfied"),
    ("elsewhere", "Buys elsewhere"),
    ("moved", "Moved or cannot be reached"),
    ("unpaid", "Does not pay"),
    ("other", "Other"),
]

#: Subscriptions worked by one run of the job before it commits.
SUBSCRIPTION_BATCH_MAX = 20

#: Orders made at once for periods that passed while nothing ran.
SUBSCRIPTION_CATCH_UP_MAX = 6

# --- Possible duplicates ---------------------------------------------------------------------------------------------

#: New customers compared by one run of the job before it commits.
MATCH_BATCH_MAX = 200

#: Known customers that one batch is compared with at most.
MATCH_SCAN_MAX = 20_000

#: Pairs that somebody is asked about for one new customer.
MATCH_CANDIDATES_MAX = 5


# --- Fulfilment ------------------------------------------------------------------------------------------------------

#: Deliveries that the pickup job works on before it commits.
PICKUP_BATCH_MAX = 50

#: Where a customer is who comes by car. Over with the hand-over.
CURB_STATES = [("coming", "On the way"), ("arrived", "Arrived"), ("handed", "Handed over")]

#: Characters of what a visitor may write about bay and vehicle.
CURB_TEXT_MAX_CHARS = 60
# --- Reports ---------------------------------------------------------------------------------------------------------

#: An open order is at risk when it is to leave or to arrive within so many hours.
AT_RISK_HOURS = 24

#: Holds that say that somebody made an error: an order that had one is not perfect, however well it went on.
ERROR_HOLD_KINDS = ("total", "tax", "product", "quantity", "stock", "address")


# --- Third parties ---------------------------------------------------------------------------------------------------

#: Deliveries told to third parties by one run of the job.
THIRD_PARTY_BATCH_MAX = 100

#: A third party that has not answered by then is asked again later.
THIRD_PARTY_TIMEOUT_S = 20

#: Answers of a third party after which the same message may be tried again; so may it after those from 500 on.
THIRD_PARTY_RETRY_STATUSES = (408, 409, 425, 429)

#: Files of one place taken by one run of the job.
THIRD_PARTY_FILES_MAX = 50

#: A file that has not changed for so long is complete, also when its sender knows no renaming.
THIRD_PARTY_FILE_QUIET_S = 10

#: Messages written into one file by hand.
THIRD_PARTY_DOWNLOAD_MAX = 1000

#: Bad rows repeated in a sentence; the file beside the bad one names all.
THIRD_PARTY_ROWS_SHOWN = 20

#: Products promised anew before the job commits.
PROMISE_BATCH_MAX = 100

#: Days whose shipments say how fast goods leave.
COVER_OVER_DAYS = 90
# --- Cancellations, changes and rules of the order's life -------------------------------------------------------------

#: Why an order, or a part of it, is cancelled.
CANCEL_REASONS = [
    ("customer", "Customer changed their mind"),
    ("declined", "Payment declined"),
    ("fraud", "Fraud"),
    ("inventory", "Not available"),
    ("staff", "Our mistake"),
    ("expired", "Waited too long"),
    ("channel", "Cancelled on the channel"),
    ("other", "Other"),
]

#: Who asks for a change or a cancellation.
ASKED_BY = [
    ("customer", "Customer"),
    ("clerk", "Customer service"),
    ("channel", "Channel"),
    ("rule", "Workflow rule"),
    ("system", "System"),
]

#: {state: states that may follow}. A cancellation that was decided never changes; another one is asked for instead.
CANCELLATION_TRANSITIONS = {
    "requested": {"stopped", "partly", "too_late"},
    "stopped": set(),
    "partly": set(),
    "too_late": set(),
}

#: Cancellations and holds decided by one run of their jobs.
LIFE_BATCH_MAX = 50

#: How soon an order is to be worked.
ORDER_PRIORITIES = [("low", "Low"), ("normal", "Normal"), ("high", "High")]

#: Orders that a rule about time looks at before it commits.
WORKFLOW_BATCH = 100

#: Orders on which a rule is tried without doing anything.
WORKFLOW_TRY_ORDERS = 100

#: How many more orders of a customer than a rule asks for are looked at, so that it can say how many there were.
WORKFLOW_MOMENTS_MAX = 100

# --- Parcels ---------------------------------------------------------------------------------------------------------

#: A label. ``unknown``: the carrier was asked and its answer was lost; nobody buys again before somebody has looked.
LABEL_TRANSITIONS = {
    "requested": {"bought", "failed", "unknown"},
    "unknown": {"requested", "bought", "failed", "unknown"},
    "failed": {"requested"},
    "bought": {"cancelled"},
    "cancelled": set(),
}

#: A label that is there, or may be: the parcel goes where that says, and it is paid.
LABEL_MAY_EXIST = ("bought", "unknown", "requested")

#: A request that nobody has finished after this was interrupted: longer than any answer is waited for.
LABEL_INTERRUPTED_AFTER_S = 240

#: After a lost answer the carrier may still be at work; that it does not know the parcel counts only after this.
LABEL_SETTLED_AFTER_S = 90

#: How often a parcel is asked for: on its way, and on the day it is brought.
TRACK_EVERY_S = 2 * 3600
TRACK_EVERY_TODAY_S = 1800

#: How long after a failure, the first time, the second time and so on; the last one stays.
TRACK_RETRY_DELAYS_S = (600, 1800, 7200, 21600)

#: Nobody asks for a parcel any more after this.
TRACK_MAX_DAYS = 60

#: Parcels asked for by one run of the job before it commits.
TRACK_BATCH_MAX = 200

#: Scans of one parcel that are kept; carriers that repeat themselves endlessly are cut off.
TRACKING_EVENTS_MAX = 200

#: Parcels that a webhook may have fetched anew.
WEBHOOK_BODY_MAX_BYTES = 256 * 1024

#: Ways of delivery that customers may choose by themselves; those that cost more are not among them.
CUSTOMER_CHANGE_METHODS = ("ship", "pickup", "curbside")

#: Stores in the list from which a customer chooses.
PICKUP_PLACES_MAX = 200

#: Changes and cancellations of one order that its customer can make; after that people talk to each other.
ASKED_BY_CUSTOMER_MAX = 20

#: {field of a new address: characters that a customer can enter}
CUSTOMER_ADDRESS_MAX_CHARS = {
    "name": 100,
    "street": 100,
    "street2": 100,
    "zip": 20,
    "city": 80,
    "phone": 40,
}

#: Characters of what a customer says about a cancellation.
CUSTOMER_NOTE_MAX_CHARS = 500

# --- What is bought together -----------------------------------------------------------------------------------------

#: Orders that are looked at, the latest first.
BASKETS_MAX = 2_000

#: Days back.
BASKET_DAYS = 365

# --- What is kept ----------------------------------------------------------------------------------------------------

#: Days for which the content of a message is kept that was worked off; its key is kept for good.
MESSAGE_KEEP_DAYS = 90

#: The same of what became part of the books or of a contract with a customer.
MESSAGE_KEEP_BUSINESS_DAYS = 3653

#: Kinds of message that tell how something stands at the moment, and nothing else.
MESSAGE_PASSING_KINDS = ("3pl_stock",)

#: Days for which a reservation is kept that was let go or handed over.
RESERVATION_KEEP_DAYS = 90

#: Rows that one statement of the vacuum cleaner takes.
VACUUM_BATCH_MAX = 2000

#: How often a cancellation fails before the order is held for a person.
CANCELLATION_FAILURES_MAX = 3

#: Customers whose scores are written before a commit.
SCORE_BATCH_MAX = 500
# --- What customers say ----------------------------------------------------------------------------------------------

#: How long the link in a mail opens the page on which a customer says how it was.
FEEDBACK_LINK_DAYS = 60

#: Products of one order that a customer can say something about.
FEEDBACK_LINES_MAX = 50

# --- Money -----------------------------------------------------------------------------------------------------------

#: Orders whose authorised money one run of the job looks at before it asks the database for more.
COLLECT_BATCH_MAX = 100

#: Days before the end of an authorisation somebody is told.
AUTHORIZATION_WARN_DAYS = 2

#: Days for which an authorisation can be used where nobody says how long; card companies give about a week.
AUTHORIZATION_DAYS = 7

#: Hours after which an answer that did not come is a matter for a person.
AUTHORIZATION_ANSWER_H = 24

#: Days after which money that a channel has taken and not paid out is asked for.
PAYOUT_LATE_DAYS = 30

#: Days after the last closing of the stock valuation on which the account of the stock has to be what the goods are worth:
#: a month, and time to close it.
STOCK_CLOSING_LATE_DAYS = 45

# --- Checks of the books ---------------------------------------------------------------------------------------------

#: How far back the auditor looks: documents of this time, and older ones that something has happened to since.
CHECK_PERIOD_DAYS = 400

#: Days after which what an accountant has explained is looked for again, however old it is.
CHECK_EXPLAINED_DAYS = 7

#: For so long what has happened may be on its way into the books.
CHECK_GRACE_H = 24

#: A check that has looked at a company within this time is not run again by the job.
CHECK_EVERY_H = 20

#: Of one check and one company: how long its queries may take, and how many violations are listed.
CHECK_TIMEOUT_S = 300
CHECK_VIOLATIONS_MAX = 200

#: Rows that a check reads at once where it judges each of them again: those that are right must not hide the others.
CHECK_PAGE_ROWS = 1000

#: Violations of one run whose history is told, events that a history may have, the last ones that are told where none of them
#: shows what is wrong, and documents of which is told who made and changed them.
CHECK_HISTORIES_MAX = 50
CHECK_HISTORY_MAX = 30
CHECK_LAST_EVENTS_MAX = 10
CHECK_DOCUMENTS_NOTED_MAX = 2

#: Money that a channel has not paid out is forgotten when it is late, and what was taken so much later has been settled.
CLEARING_LAG_DAYS = 14

#: Journal items of one export of the books.
BOOKS_EXPORT_MAX = 500_000

# --- Who says so -----------------------------------------------------------------------------------------------------

#: In the context, what only our own code can say: by the API comes plain data, and never this object.
INSIDE = object()

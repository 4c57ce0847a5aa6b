"""Limits of what channels may ask of us, and we of them. Units are part of the names."""

#: How far a poll looks back behind the newest order it has seen: clocks differ, and platforms index late.
POLL_OVERLAP_S = 300

#: Pages read by one run of a poll, so that one busy shop cannot keep the others waiting.
POLL_PAGES_MAX = 50

#: A first poll without a starting date looks back this far.
POLL_START_DAYS = 1

#: Headers kept with a message: enough to see where it came from, nothing that could sign another one.
HEADERS_KEPT = (
    "content-type",
    "user-agent",
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
    "x-wc-webhook-resource",
    "x-wc-webhook-event",
    "x-wc-webhook-signature",
    "x-wc-webhook-id",
    "x-wc-webhook-delivery-id",
    "x-ebay-signature",
    "x-oms-timestamp",
    "x-oms-signature",
)

#: Characters of a header's value that are kept.
HEADER_MAX_CHARS = 500

#: Characters of the name of a platform's key, and keys that are read in one run.
KEY_NAME_MAX_CHARS = 100
KEYS_ASKED_MAX = 20

#: A channel that does not answer is left alone so long, doubled with each failure up to the longest.
BACK_OFF_S = 30
BACK_OFF_MAX_S = 3600

#: One of a platform's limits that is used up for about as long as was known is not written again.
THROTTLE_STEP_S = 5

#: Pages of returns or refunds that are read in one run, and returns that are asked for one by one.
AFTER_SALE_PAGES_MAX = 100
AFTER_SALE_ONES_MAX = 50

#: Seconds after which others take their turn to be asked for, as long as the job waits.
AFTER_SALE_TURN_S = 900

#: Orders that were hinted at, read in one run and channel.
HINTS_MAX = 200

#: How far a comparison with a channel looks back, and how much it looks at.
AUDIT_DAYS = 3
AUDIT_PAGES_MAX = 500
AUDIT_ORDERS_MAX = 20_000
#: Findings that are written out one by one.
AUDIT_WORDS_MAX = 200

#: Messages told to one channel in one run.
OUTBOX_BATCH_MAX = 200
#: What a channel has taken and works off later is asked for after so long.
OUTCOME_DELAY_S = 300

#: What codes of a channel are about.
MAPPING_KINDS = [
    ("shipping", "Shipping method"),
    ("payment", "Payment method"),
    ("tax", "Tax"),
    ("location", "Place"),
    ("carrier", "Carrier"),
]

#: What a channel offers is read anew after so long; a reading that was interrupted goes on where it was.
LISTINGS_EVERY_H = 24
#: A reading that has not come to its end after so long begins anew: what its cursor points to may be gone.
LISTINGS_STALE_H = 48
#: Pages of one channel read in one run, and in all: a platform whose pages have no end is no catalogue.
LISTING_PAGES_MAX = 200
LISTING_PAGES_ALL_MAX = 20_000
#: Products whose names are compared with those of listings.
GUESS_PRODUCTS_MAX = 20_000
#: Listings or codes named in a task; the rest is counted.
TASK_NAMES_MAX = 10
#: Orders checked again by one run of the job.
CHECK_AGAIN_MAX = 500
#: Requests of one app: so many at once, and so many a second come back, in each server process.
API_BURST = 200
API_PER_S = 20.0
#: Channels whose speed a process remembers.
API_BUCKETS_MAX = 1000
#: Orders in one request, SKUs asked for at once, products on a page.
API_BATCH_MAX = 100
API_SKUS_MAX = 200
API_PAGE = 200
API_PAGE_MAX = 1000
#: … with what they say and show.
API_CONTENT_PAGE_MAX = 100
#: Problems and unknown fields that one answer names.
API_PLACES_MAX = 50
#: Characters of the keys and ids that apps give.
API_KEY_MAX_CHARS = 200
#: Days for which the answer to an idempotency key is kept, and keys forgotten at once.
API_KEYS_KEEP_DAYS = 7
API_KEYS_BATCH_MAX = 5000
#: What is asked for "since" a moment also gets what was committed a little before it.
API_SINCE_OVERLAP_S = 60
#: Where the folders of trading partners are, below the exchange directory and the database.
FILES_FOLDER = "channels"
#: A file that has not changed for so long is complete, also when its sender knows no renaming.
FILE_QUIET_S = 10
#: Files of one channel taken by one run of the job.
FILES_MAX = 50
#: Orders of a file that become messages in one transaction.
FILE_PORTION_MAX = 1000
#: Articles in one list of stock.
STOCK_REPORT_MAX = 20_000
#: Errors, orders and columns that an import shows.
IMPORT_SHOWN_MAX = 100
#: Orders that an import works off at once, before the user's eyes; more are for the jobs.
IMPORT_AT_ONCE_MAX = 20
#: A server of a partner that does not answer is asked again later.
SFTP_TIMEOUT_S = 20
#: Files of a partner that are remembered as not complete yet.
SFTP_SEEN_MAX = 1000
#: A shop is asked so often whether our keys still do.
CHECK_AFTER_H = 24

#: Pages of its past that are read of a channel in one run.
HISTORY_PAGES_PER_RUN = 20
#: Changes of stock and prices are sent to a channel at most so often; those in between are sent together.
PUSH_INTERVAL_S = 10
#: Rows told to one channel in one run, and requests beyond one for each batch to find out which of a batch is refused.
PUSH_ROWS_MAX = 20_000
#: Batches that are read, and noted as being sent, at once; what became of them is noted at once, too. As many are told again
#: after a job was killed.
PUSH_BATCHES_AT_ONCE = 20
PUSH_SPLITS_MAX = 20
#: How often in a run a quantity is decided anew because something else was there.
PUSH_ROUNDS_MAX = 3
#: Waits after each time that a channel says "later" about one thing; after the last it needs a person.
PUSH_WAITS_S = (30, 60, 120, 300, 600, 1200, 1800, 3600, 3600, 3600)
#: Orders that seem to be on their way are waited for so long before what was taken off for them is offered again.
PUSH_LOOK_AGAIN_S = 600
#: Everything is looked at again so often, because some of what changes what is offered leaves no trace: reported stock ages,
#: rules begin and end, currencies move.
PUSH_SWEEP_S = 3600
#: … and content, of which only renamed attributes and translations leave none.
PUSH_CONTENT_SWEEP_S = 24 * 3600
#: Pictures larger than this are left out; no platform takes them.
PICTURE_MAX_BYTES = 12 * 1024 * 1024
#: Changes that concern more products than this are about everything.
PUSH_MARKS_MAX = 2000
#: An order counts as placed after a quantity was told only so much later: clocks differ.
PUSH_CLOCK_S = 300
#: Listings that are named in a task.
PUSH_NAMED_MAX = 10
#: Events before the newest that are read when a channel is looked at for the first time: some of them may appear late.
PUSH_JOURNAL_START = 10_000
#: A run that sends to one channel ends after so long, as others wait; what is left is sent when it is its turn again.
PUSH_RUN_S = 30
#: … and one that somebody waits for after so long.
PUSH_CLICK_S = 20

#: Listings whose stock or price is compared in one night, and read at once.
AUDIT_ROWS_MAX = 100_000
AUDIT_READ_AT_ONCE = 250

#: Lines of a payout or bill that a server with other things to do takes in, or books, in a second: see Speed in the README.
LINES_BOOKED_PER_S = 100
#: Payouts with more lines are worked on by a job: nobody waits so long before a screen.
SETTLEMENT_AT_ONCE_MAX = 5000
#: Payments and refunds that one item of a payout's entry settles, and that are reconciled (or opened) between two commits.
SETTLEMENT_PIECE = 1000
#: Orders that are told between two commits that they are paid out.
SETTLEMENT_ORDERS_PIECE = 1000
#: Hours after which a payout that is worked on, and of which nothing was done, is a case for the auditor.
SETTLEMENT_STUCK_H = 6

#: Rests of a payout that are told in the activity; the others are on its form.
SETTLEMENT_TASKS_TOLD_MAX = 20
#: Payouts that a job looks at (again) between two commits, and in one run, and hours before one has its turn again.
SETTLEMENT_BATCH_MAX = 20
SETTLEMENT_LOOK_MAX = 500
SETTLEMENT_LOOK_EVERY_H = 3
#: Rests and items of other payouts that one is reconciled with at once.
SETTLEMENT_OTHERS_MAX = 200
#: Days around a payout's date within which its money reaches the bank.
SETTLEMENT_BANK_DAYS = 14
#: Bank statement lines and payouts that are laid side by side at once.
SETTLEMENT_BANK_LINES_MAX = 1000
#: Days back of which payouts are read again: platforms change their status for some time.
PAYOUT_LOOK_BACK_DAYS = 28

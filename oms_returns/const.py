"""Limits and fixed tables of returns, so that no queue, list or job grows without end; tables of states live with their
models. Units are part of the names."""

from decimal import Decimal

# --- What customers may ask for --------------------------------------------------------------------------------------

#: Returns that a customer may ask for on one order before somebody has to be written to.
RETURNS_ASKED_MAX = 20
#: Variants that are offered for an exchange.
VARIANTS_SHOWN_MAX = 40
#: Reasons that customers choose from.
REASONS_SHOWN_MAX = 100
PHOTOS_PER_LINE_MAX = 4
#: Bytes of one form with photos: four of ten megabytes, and what surrounds them.
FORM_MAX_BYTES = 48 * 1024 * 1024
#: Returns on one page of the list.
RETURNS_SHOWN_MAX = 80
#: Days before the end of its time that a customer who has not sent anything is reminded.
REMIND_DAYS = 3
#: Returns that the job for reminders takes before it commits.
REMIND_BATCH_MAX = 200

# --- Store credit ----------------------------------------------------------------------------------------------------

#: Why a customer's store credit changed.
CREDIT_KINDS = [
    ("issue", "Given"),
    ("spend", "Spent"),
    ("back", "Given Back"),
    ("expire", "Expired"),
    ("correct", "Corrected"),
    ("revoke", "Revoked"),
]

#: Lots of store credit booked out by one run of the job before it commits.
CREDIT_EXPIRY_BATCH_MAX = 50

#: What comes back from a purchase is good for so many days at least.
CREDIT_BACK_DAYS_AT_LEAST = 30

# --- Exchanges -------------------------------------------------------------------------------------------------------

#: Exchanges that the job looks at before it commits.
EXCHANGE_BATCH_MAX = 50
#: Inspections that are remembered when it is guessed how goods of a category come back.
GRADES_LEARNED_DAYS = 365
#: Goods that one return can be inspected for at once, on one screen.
BENCH_LINES_MAX = 200
#: Orders that the desk offers for what somebody typed.
DESK_CHOICES_MAX = 10
#: Fewer letters find too much.
DESK_TEXT_MIN_CHARS = 3
#: Returns that the job looks at before it commits.
OVERDUE_BATCH_MAX = 200
#: Days that a customer takes to bring a parcel to the carrier.
HAND_IN_DAYS = 5
#: Working days of a parcel where the carrier does not say it.
TRANSIT_DAYS = 3
#: Photos of one inspection, and how large one may be.
PHOTOS_MAX = 20
PHOTO_MAX_BYTES = 10_000_000
#: Days among which a driver's are looked for, and how many of them are offered.
PICKUP_AHEAD_DAYS = 21
PICKUP_DAYS_SHOWN = 5
#: Drivers that the job books or calls off before it looks for more.
PICKUP_BATCH_MAX = 100
#: Sales that tell whether a place wants goods back.
WANTED_DAYS = 28
#: More than anybody tells apart.
GRADES_MAX = 50
#: Questions that are asked about one piece.
QUESTIONS_MAX = 100
#: Calendar days on the way where neither the carrier nor the customer says when a parcel arrived: rather too many, as the
#: days in which goods may come back begin with them.
ARRIVED_AFTER_DAYS = 5

#: What a unit that is said to be defective leaves when it is back, as a share of what such goods leave on average.
DEFECT_RECOVERY = Decimal("0.2")
#: Holidays of a company that are looked at, the latest ones.
HOLIDAYS_MAX = 200
#: Hours for which a refund by a channel of which only the sum is told waits for its details.
REFUND_DETAILS_WAIT_H = 24

"""Limits and fixed tables of returns; tables of states live with their models. Units are part of the names."""

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

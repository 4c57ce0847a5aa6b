"""Limits of sourcing. Units are part of the names."""

#: Sites of a decision that are kept one by one, the best first; the rest is counted. Chosen ones are always kept.
CANDIDATES_KEPT = 50

#: After so many days the inputs of a decision are removed, and it can be planned again no more; the decision itself stays.
INPUTS_KEPT_DAYS = 400

#: Decisions whose inputs are removed by one statement.
INPUTS_BATCH = 1000

#: Orders that wait for another try: looked at by one run of the job before it commits, and in all.
WAITING_BATCH_MAX = 20
WAITING_RUN_MAX = 2000

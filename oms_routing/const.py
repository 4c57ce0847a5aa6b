"""Limits of sourcing, of what follows it, and of planning. Units are part of the names."""

#: Sites of a decision that are kept one by one, the best first; the rest is counted. Always kept are chosen
#: ones, and those that gave the order up.
CANDIDATES_KEPT = 50

#: After so many days the inputs of a decision are removed, and it can be planned again no more; the decision itself stays.
INPUTS_KEPT_DAYS = 400

#: Decisions whose inputs are removed by one statement.
INPUTS_BATCH = 1000

#: Orders that wait for another try: looked at by one run of the job before it commits, and in all.
WAITING_BATCH_MAX = 20
WAITING_RUN_MAX = 2000

#: How far ahead a calendar is looked at for the next opening hours.
SHUT_DAYS_MAX = 90

#: Allocations that one run of the job looks at before it commits, and how many it looks at in all.
REPLAN_BATCH_MAX = 20
REPLAN_RUN_MAX = 500

#: How often places may give up an order before a person has to look, where its policy does not say.
ATTEMPTS_MAX = 5

#: The longest time after which a place that rejected something is asked again.
REJECTED_DAYS_MAX = 365

#: After so long the job looks again for another place for what it could not move.
REPLAN_EVERY_MINUTES = 60
#: Delivery methods of one company that are looked at for an order.
CARRIERS_MAX = 200
#: A holiday that is longer is a slip of the keyboard.
HOLIDAYS_DAYS_MAX = 60
#: Stored quotes that are read for one batch of orders.
QUOTES_READ_MAX = 20_000
#: Quotes are forgotten after so many days, so many in one run.
QUOTE_KEEP_DAYS, QUOTES_FORGOTTEN_MAX = 400, 50_000
#: Deliveries for which carriers are chosen in one run of the job, and how many before it commits.
CHOOSE_MAX, CHOOSE_BATCH = 500, 10
#: Deliveries from which it is learned how long parcels take, the latest ones, and of how many days.
LEARN_MAX, LEARN_DAYS = 200_000, 365
#: More parcels of one delivery than these are not asked for one by one.
PARCELS_RATED_MAX = 20
#: Kinds of box that are considered for one delivery.
BOXES_MAX = 20

#: Rows of stock that one may alter when a decision is tried.
TRY_STOCK_MAX = 500

# --- Planning --------------------------------------------------------------------------------------------------------

#: Products at places of one company that are looked for at once; what is beyond is found when these are planned.
SERIES_MAX = 100_000

#: What has not been planned for so long is not sold, kept or active any more, and is forgotten; so many rows at a time.
PLANS_KEPT_DAYS = 30
PLANS_FORGOTTEN_MAX = 10_000

#: Series that are planned, written and committed together: a killed run loses no more than that.
SERIES_BATCH = 500

#: Series of a batch, those that sell most, for which models are tried that take long.
OUTSIDE_BATCH_MAX = 10

#: How far ahead is forecast, in buckets.
HORIZON = {"week": 8, "day": 28}

#: How many past buckets the graph shows.
SHOWN_WEEKS = 26

#: Receipts of a product that tell how long deliveries take: the last ones, at most and at least.
RECEIPTS_MAX, RECEIPTS_MIN = 10, 3

#: Days over which channels are compared: what they sell, and how late their orders are here.
LAG_OVER_DAYS = 28

#: Orders of a channel from which its lag is concluded, at least.
LAG_ORDERS_MIN = 5

#: Buffers of one channel that are proposed at most, those of what sells most first.
BUFFERS_MAX = 5000

#: How far back a place's rejections are looked at; what is older counts for next to nothing.
LEARN_OVER_DAYS = 365

#: Orders that the job which looks for cheaper ways looks at before it commits, in all, and how often each of them.
IMPROVE_BATCH_MAX = 20
IMPROVE_RUN_MAX = 500
IMPROVE_EVERY_MINUTES = 60
#: Delivery methods about which it is learned in one night, and ways of which something is known.
CARRIERS_LEARNED_MAX, LANES_MAX = 2000, 100_000

#: Decisions of the past that one trial of a policy looks at, the latest of the days that were asked for.
BACKTEST_ORDERS_MAX = 10_000

#: Decisions that a trial looks at before it commits what came of them.
BACKTEST_CHUNK = 100

#: A trial of no more decisions is run at once; a larger one by the job.
BACKTEST_NOW_MAX = 100

#: Decisions of a trial of which it is told which rules made a difference: each rule is taken away once for each.
BACKTEST_SAMPLE = 300

#: After so many days a trial is forgotten.
BACKTEST_KEPT_DAYS = 90

#: The latest decisions that are asked what an edit of a policy would change, while somebody waits for the answer.
EDIT_CASES_MAX = 300

#: Orders of the last weeks against which rules are checked.
CHECK_ORDERS_MAX = 1000
CHECK_DAYS = 30

#: Orders of one day whose best plan in hindsight is looked for; of more, the latest, and the others are counted as left out.
REGRET_ORDERS_MAX = 1000

#: Days of the past for which a missing regret is made up, and companies and days that one run of the job works on.
REGRET_DAYS_BACK = 7
REGRET_RUN_MAX = 50
#: Orders that one sourcing run decides about, and runs that one call of the job works on.
RUN_ORDERS_MAX = 1000
#: Waiting orders among which a run looks for its own.
RUN_LOOK_MAX = 10_000
RUNS_AT_ONCE_MAX = 5

#: Seconds that a run may think about its orders.
RUN_SECONDS, RUN_SECONDS_MAX = 10, 300

#: Of the time after which the server stops a job, the part that a run may think; the rest is for reading and applying.
RUN_THINKS_SHARE = 0.5

#: Seconds for which the job applies what a run has planned, however long that took.
RUN_APPLIES_SECONDS = 10

#: Published sets of emission factors that are looked at; there is one in a year.
CARBON_VERSIONS_MAX = 200

#: Products whose prices are lowered in one go.
CLEARED_MAX = 100

#: Warehouses, groups of places and channels among which the places of another system are looked for.
MIGRATION_LOOK_MAX = 2_000

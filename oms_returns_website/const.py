"""Limits of store credit in the checkout."""

#: Carts whose store credit is released by one run of the job before it commits.
RELEASE_BATCH_MAX = 50

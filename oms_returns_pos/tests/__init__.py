from . import test_store_credit_at_the_till

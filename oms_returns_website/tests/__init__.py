from . import test_credit_in_the_checkout

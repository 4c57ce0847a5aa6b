from . import test_paid_back_at_the_till
from . import test_store_credit_at_the_till
from . import test_two_tills

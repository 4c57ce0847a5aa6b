from . import test_exchange_paid_by_card
from . import test_gift_card
from . import test_gift_card_in_the_shops
from . import test_paid_by_card

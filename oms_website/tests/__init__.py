from . import test_shop
from . import test_shop_stock
from . import test_checkout
from . import test_content

from . import oms_channel
from . import website
from . import product_image
from . import product_product
from . import sale_order
from . import sale_order_cart
from . import payment_transaction

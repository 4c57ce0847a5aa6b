from . import account_move
from . import oms_vendor_rejection
from . import purchase_order
from . import sale_order_change
from . import sale_order_line
from . import stock_picking
from . import stock_rule
from . import vendor_places

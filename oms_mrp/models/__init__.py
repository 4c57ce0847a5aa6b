from . import account_move_line
from . import oms_availability
from . import sale_order_line

from . import oms_return_reason
from . import oms_return
from . import oms_return_line
from . import oms_return_refund
from . import sale_order
from . import sale_order_cancel
from . import stock_move
from . import account_move

from . import purchase_order
from . import stock_picking

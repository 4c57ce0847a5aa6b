from . import stock_picking_type
from . import stock_picking
from . import stock_picking_batch
from . import oms_hold
from . import stock_warehouse

from . import oms_availability
from . import sale_order_line

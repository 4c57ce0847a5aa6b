from . import oms_order_report
from . import oms_stage_report

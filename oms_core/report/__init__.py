from . import oms_order_report
from . import oms_stage_report
from . import oms_accrual
from . import oms_cut_off
from . import oms_tax_report
from . import oms_margin_report

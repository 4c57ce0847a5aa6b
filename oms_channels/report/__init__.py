from . import oms_cash_report
from . import oms_cut_off

from . import oms_cut_off
from . import oms_margin_report
from . import oms_tax_report

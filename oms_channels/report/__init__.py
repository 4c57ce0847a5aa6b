from . import oms_cash_report

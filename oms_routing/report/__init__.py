from . import oms_carbon_report
from . import oms_promise_report

from . import test_decision
from . import test_seam
from . import test_stock_as_it_was
from . import test_reroute
from . import test_perf
from . import test_fulfilment
from . import test_capacity
from . import test_replan

from . import oms_sourcing_template
from . import oms_sourcing_try
from . import oms_rate_compare
from . import oms_clearance

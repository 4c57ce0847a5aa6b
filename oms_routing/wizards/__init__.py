from . import oms_sourcing_template
from . import oms_sourcing_try

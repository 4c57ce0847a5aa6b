from . import oms_sourcing_template
from . import oms_sourcing_try
from . import oms_rate_compare
from . import oms_clearance
from . import oms_sourcing_migration_lines
from . import oms_sourcing_migration

from . import test_access
from . import test_access_stores
from . import test_availability
from . import test_booking
from . import test_customer
from . import test_message
from . import test_order_upsert
from . import test_query_budget

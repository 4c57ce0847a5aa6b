from . import test_return_flow
from . import test_several_orders
from . import test_refund
from . import test_access
from . import test_cancelled_too_late
from . import test_portal
from . import test_third_party
from . import test_customer

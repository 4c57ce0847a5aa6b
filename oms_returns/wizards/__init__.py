from . import oms_return_give
from . import oms_store_credit_give
from . import oms_store_credit_spend
from . import oms_return_desk
from . import oms_return_override
from . import oms_return_try
from . import stock_return_picking

from . import res_company
from . import loyalty_card
from . import loyalty_card_expiry
from . import oms_channel
from . import oms_return
from . import oms_return_line
from . import sale_order
from . import oms_check

from . import oms_channel
from . import oms_reservation
from . import pos_config
from . import pos_order
from . import pos_order_capture
from . import pos_session
from . import sale_order
from . import sale_order_line

from . import account_bank_statement_line
from . import oms_return
from . import pos_order
from . import pos_payment_method
from . import pos_session
from . import pos_session_returns
from . import sale_order

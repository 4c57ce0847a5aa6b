from . import oms_channel_connect
from . import oms_file_import
from . import oms_table_import
from . import oms_payout_import
from . import oms_settlement_close
from . import oms_bill_import

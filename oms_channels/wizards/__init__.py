from . import oms_channel_connect
from . import oms_file_import

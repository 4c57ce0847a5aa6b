from . import oms_channel_connect

from . import oms_channel
from . import oms_channel_connection
from . import oms_channel_poll
from . import oms_channel_audit
from . import oms_message
from . import oms_message_hint

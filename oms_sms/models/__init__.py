from . import oms_notification_rule
from . import oms_notification

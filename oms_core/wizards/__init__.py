from . import oms_notification_preview
from . import oms_subscription_cancel

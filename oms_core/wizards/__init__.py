from . import oms_notification_preview
from . import oms_subscription_cancel
from . import oms_hand_over
from . import oms_reject

from . import oms_notification_preview
from . import oms_subscription_cancel
from . import oms_hand_over
from . import oms_reject
from . import oms_cancellation_ask
from . import oms_hold_release
from . import oms_workflow_trial
from . import oms_rate_compare

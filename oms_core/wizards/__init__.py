from . import oms_notification_preview

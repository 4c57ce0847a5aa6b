from . import device
from . import portal
from . import portal_change
from . import third_party
from . import carrier_webhook
from . import feedback
from . import check

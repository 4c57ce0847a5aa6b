from . import device
from . import portal
from . import third_party
from . import carrier_webhook

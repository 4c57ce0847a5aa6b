from . import portal
from . import third_party

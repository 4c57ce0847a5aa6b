from . import webhook
from . import api

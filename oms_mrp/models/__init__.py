from . import oms_availability

from . import oms_return_give

from . import oms_vendor_reject

from . import vendor_portal

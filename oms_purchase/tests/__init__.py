from . import test_dropship
from . import test_vendor_page

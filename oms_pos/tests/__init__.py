from . import test_till
from . import test_settle
from . import test_till_books
from . import test_till_kits
from . import test_till_stock

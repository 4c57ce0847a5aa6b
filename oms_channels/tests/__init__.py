from . import test_amazon
from . import test_audit
from . import test_hints
from . import test_magento
from . import test_poll
from . import test_shopify
from . import test_webhook
from . import test_woocommerce

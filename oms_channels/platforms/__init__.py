"""The sales platforms: one folder each, one line each here."""

from ..domain.adapter import Adapter

from . import amazon, ebay, files, magento, rest_api, shopify, woocommerce

#: Platform code (``oms.channel.platform``) → adapter.
PLATFORMS: dict[str, Adapter] = {
    adapter.code: adapter
    for adapter in (
        amazon.ADAPTER,
        ebay.ADAPTER,
        files.ADAPTER,
        magento.ADAPTER,
        rest_api.ADAPTER,
        shopify.ADAPTER,
        woocommerce.ADAPTER,
    )
}

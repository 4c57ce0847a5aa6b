"""The sales platforms: one folder each, one line each here."""

from ..domain.adapter import Adapter

from . import woocommerce

#: Platform code (``oms.channel.platform``) → adapter.
PLATFORMS: dict[str, Adapter] = {adapter.code: adapter for adapter in (woocommerce.ADAPTER,)}

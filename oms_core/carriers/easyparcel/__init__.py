"""EasyParcel Open API (Malaysia, Singapore, Thailand, Indonesia and more): one account, many couriers, paid from a wallet."""

from ..base import Capabilities, Carrier
from . import client, const, parse

CARRIER = Carrier(
    code=const.CODE,
    label=const.LABEL,
    capabilities=Capabilities(
        rate=True,
        cancel=True,
        track=True,
        find=True,
        return_label=True,
        pickup=True,
        webhooks=True,
        track_batch=const.TRACK_MAX,
    ),
    connect=client.Client,
    production_url=const.URL,
    test_url=const.URL,
    versions=const.VERSIONS,
    read_webhook=parse.webhook_references,
)

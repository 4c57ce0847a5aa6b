"""Every other shop and app, by one documented, signed API: mobile apps, kiosks, chat bots, gateways, call centres.

What comes in is received by ``controllers/api.py``; what is told is posted to the app's own address. ``docs/api.md`` is for who
programs the app; ``shapes`` is the table that the parser and the OpenAPI document share.
"""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    source_type="app",
    credentials=(
        Credential(
            "api_url",
            "Address for events (https://…)",
            required=False,
            help="Where the app wants to be told about parcels, cancellations, refunds and stock. Leave it empty if it asks by "
            "itself.",
        ),
        Credential(
            "api_secret",
            "Secret for events",
            required=False,
            help="What we sign events with; it was made with the channel. Copy it into the app, which compares.",
            chosen=True,
        ),
        Credential(
            "account_ref",
            "Address to ask for orders (https://…)",
            required=False,
            help="Only where the app can be asked for its orders; then what got lost on its way is found again.",
        ),
        Credential(
            "webhook_secret",
            "Secret of the app",
            help="What the app signs its requests with; it was made with the channel. Copy it into the app.",
            chosen=True,
        ),
    ),
    capabilities=Capabilities(
        no_captures="Whoever tells orders through the API takes the customers' money, and tells what was paid.",
        webhooks=True,
        poll=True,
        poll_field="account_ref",
        tell_field="api_url",
        stock=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        returns=True,
        partial_refunds=True,
        cancel=True,
        prices=True,
        listings=True,
        standing=True,
        stock_batch=const.STOCK_BATCH,
        price_batch=const.PRICE_BATCH,
        content=ContentRules(title_max=500, description_max=200_000, pictures="address", pictures_max=30),
        content_batch=const.CONTENT_BATCH,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
)

"""Amazon Selling Partner API: orders 2026-01-01, listings items 2021-08-01, feeds 2021-06-30. Only what the merchant
ships: Amazon works the orders that it delivers from its own warehouses itself.

Amazon tells of changes to queues only (SQS, EventBridge), so orders are polled. Whoever forwards ``ORDER_CHANGE`` from such
a queue to the channel's address signs it as :mod:`.verify` says, and is heard at once.
"""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, payout, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    source_type="marketplace",
    credentials=(
        Credential(
            "api_url",
            "Endpoint (https://sellingpartnerapi-….amazon.com)",
            help="na for America, eu for Europe, Africa, the Middle East and India, fe for Japan, Australia and Singapore",
        ),
        Credential(
            "api_key", "LWA client ID", help="Seller Central > Apps and Services > Develop Apps > LWA credentials"
        ),
        Credential(
            "api_secret", "LWA client secret", help="beside the client ID; Amazon lets it expire after 180 days"
        ),
        Credential("api_token", "Refresh token", help="Seller Central > Develop Apps > Authorize, begins with Atzr|"),
        Credential("account_ref", "Seller ID", help="Seller Central > Account Info > Your Merchant Token"),
        Credential("site_ref", "Marketplace IDs", help="separated by commas, the main one first, as A1PA6795UKMFR9"),
        Credential("webhook_secret", "Secret of the forwarder", required=False),
    ),
    capabilities=Capabilities(
        no_captures="Amazon charges the customer by itself when a parcel is confirmed, and pays it out to you: nobody else "
        "takes the money.",
        poll=True,
        stock=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        partial_refunds=True,
        cancel=True,
        after_sale=("returns", "refunds"),
        prices=True,
        listings=True,
        payouts=True,
        stock_batch=const.FEED_MESSAGES_MAX,
        price_batch=const.FEED_MESSAGES_MAX,
        content=ContentRules(
            title_max=const.TITLE_MAX,
            description_max=const.DESCRIPTION_MAX,
            markup=False,
            pictures="address",
            pictures_max=const.PICTURES_MAX,
        ),
        content_batch=const.CONTENT_BATCH,
        counts_down=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
    parse_payouts=payout.parse_payouts,
    keys_last_days=180,
    permissions_help="Seller Central > Develop Apps > your app > Edit App > Roles, then authorize it anew, which gives a new "
    "refresh token.",
)

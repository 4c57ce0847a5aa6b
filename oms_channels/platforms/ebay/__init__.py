"""eBay: Fulfillment and Inventory API v1, Commerce Notification API v1, Post-Order API v2.

Notifications are hints, sent once for a line of an order; polls are the truth. What moves the money of sellers in the EU and the
United Kingdom has to be signed, see :mod:`.signing`.
"""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, payout, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    source_type="marketplace",
    credentials=(
        Credential("api_url", "Address (https://api.ebay.com)", help="https://api.sandbox.ebay.com to try it out"),
        Credential("api_key", "Client ID", help="developer.ebay.com > Application Keysets > App ID"),
        Credential("api_secret", "Client secret", help="developer.ebay.com > Application Keysets > Cert ID"),
        Credential(
            "api_token",
            "Refresh token",
            help="developer.ebay.com > User Tokens, signed in as the seller; good for 18 months. Sellers in the EU and the "
            'United Kingdom add a signing key: {"refresh_token": "…", "jwe": "…", "private_key": "…"}',
        ),
        Credential("site_ref", "Marketplace", help="as EBAY_DE, EBAY_GB, EBAY_US"),
        Credential(
            "account_ref",
            "VAT in the prices",
            required=False,
            help="country and percent, as DE 19, AT 20; eBay does not tell it. Only where all goods have one rate; 0 where "
            "no VAT is charged. Empty: orders wait until somebody has entered their taxes",
        ),
        Credential(
            "webhook_secret",
            "Verification token",
            required=False,
            help="developer.ebay.com > Alerts & Notifications: invented by you, 32 to 80 letters, digits, _ and -",
            chosen=True,
        ),
    ),
    capabilities=Capabilities(
        no_captures="eBay takes the customer's money before it tells of the order, and pays it out to you: at shipment nothing "
        "is left to take.",
        webhooks=True,
        poll=True,
        stock=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        partial_refunds=True,
        cancel=True,
        returns=True,
        after_sale=("returns",),
        after_sale_one=True,
        prices=True,
        listings=True,
        payouts=True,
        subscribe=True,
        stock_batch=const.BATCH_MAX,
        price_batch=const.BATCH_MAX,
        # Links in descriptions are against eBay's rules.
        content=ContentRules(
            title_max=const.TITLE_MAX,
            description_max=const.DESCRIPTION_MAX,
            links=False,
            pictures="address",
            pictures_max=const.PICTURES_MAX,
        ),
        content_batch=const.BATCH_MAX,
        counts_down=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
    parse_payouts=payout.parse_payouts,
    keys_last_days=540,
    permissions_help="developer.ebay.com > User Tokens: get a new token, signed in as the seller, with these scopes.",
    challenge=verify.challenge,
    key_id=verify.key_id,
    add_key=verify.add_key,
    has_key=verify.has_key,
    erased=verify.deleted_account,
    refusal=412,
)

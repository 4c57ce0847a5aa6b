"""Shopify, Admin GraphQL API. Queries hold for the versions 2026-01 to 2026-10.

Beside the five files of every platform: ``queries`` (the GraphQL), ``lines`` and ``refunds`` (parsing money), ``answers`` (errors
and results), ``shipping`` and ``paying`` (what to choose), ``outbound`` and ``contents`` (the steps of telling). Only
``client`` sends.

A page holds few orders and few of their lines, because a query is charged for what it might bring; the rest of a long order
is read on, and refunds one by one, since few orders have any. Turned down: bulk operations (an hour late, and two kinds of
parser), and taking what a webhook brings for the order (another language, and a repetition brings an old state).
"""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, payout, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    credentials=(
        Credential(
            "api_url",
            "Shop address (https://….myshopify.com)",
            help="Settings > Domains: the one ending in myshopify.com.",
        ),
        Credential(
            "api_token",
            "Admin API access token",
            required=False,
            help="Of a custom app made before 2026: Settings > Apps > Develop apps > API credentials. Leave it empty for a "
            "newer app, and give its client id and secret.",
        ),
        Credential(
            "api_key", "Client id", required=False, help="Dev Dashboard > your app > Settings. Not needed with a token."
        ),
        Credential(
            "api_secret", "Client secret", required=False, help="Beside the client id. Not needed with a token."
        ),
        Credential(
            "webhook_secret",
            "Signing secret of webhooks (the app's client secret)",
            required=False,
            help="The client secret once more; empty when a shop is connected, it is taken from above. Webhooks made in the "
            "shop's own settings are signed with the secret shown there.",
        ),
        Credential(
            "site_ref",
            "Money that is kept: shop or presentment",
            required=False,
            help="“shop” keeps every order in the shop's currency, “presentment” in the one that the customer saw. Empty "
            "means shop. Do not change it once there are orders.",
        ),
        Credential(
            "api_version",
            f"API version (empty: {const.API_VERSION})",
            required=False,
            help="A quarter, such as 2026-07. Each is served for a year.",
        ),
    ),
    capabilities=Capabilities(
        webhooks=True,
        poll=True,
        stock=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        captures=True,
        returns=True,
        partial_refunds=True,
        cancel=True,
        prices=True,
        listings=True,
        payouts=True,
        locations=True,
        subscribe=True,
        compare_and_set=True,
        stock_batch=const.STOCK_BATCH,
        price_batch=const.PRICE_BATCH,
        # Variants share a page. Source: ProductSetInput, and https://shopify.dev/docs/apps/build/online-store/product-media.
        content=ContentRules(
            description_max=500_000,
            pictures="file",
            pictures_max=const.PICTURES_MAX,
            kinds=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
            by_page=True,
        ),
        content_batch=const.CONTENT_BATCH,
        counts_down=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
    parse_payouts=payout.parse_payouts,
    permissions_help="Dev Dashboard > your app > Versions > Scopes, then release and install it anew. Of a custom app made "
    "before 2026: Settings > Apps > Develop apps > Configuration.",
)

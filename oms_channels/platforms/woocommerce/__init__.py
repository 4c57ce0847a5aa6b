"""WooCommerce, REST API wc/v3. Shapes and behaviour as measured on 11.0; older 3.x–10.x answers are taken too."""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    credentials=(
        Credential("api_url", "Shop address (https://…)", help="As customers enter it, without /wp-admin."),
        Credential(
            "api_key",
            "Consumer key",
            help="WooCommerce > Settings > Advanced > REST API > Add key: Read/Write. Begins with ck_.",
        ),
        Credential("api_secret", "Consumer secret", help="Shown once, beside the consumer key. Begins with cs_."),
        Credential("webhook_secret", "Webhook secret", required=False, chosen=True),
    ),
    capabilities=Capabilities(
        no_captures="WooCommerce's REST API tells of no authorised money and cannot be asked to take it. Some payment plugins "
        "take it by themselves, all at once, when the order becomes Processing or Completed: as it does with its last parcel.",
        webhooks=True,
        poll=True,
        stock=True,
        fulfilment=True,
        # Only where the shop has switched the feature on; without it a tracking number is a note to the customer.
        partial_fulfilment=True,
        refunds=True,
        partial_refunds=True,
        cancel=True,
        prices=True,
        listings=True,
        subscribe=True,
        stock_batch=const.BATCH_MAX,
        price_batch=const.BATCH_MAX,
        # A product and its variations are one page; pictures are fetched by the shop.
        content=ContentRules(title_max=200, pictures="address", pictures_max=const.PICTURES_MAX, by_page=True),
        content_batch=const.CONTENT_BATCH,
        counts_down=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
    permissions_help="WooCommerce > Settings > Advanced > REST API: make keys with the permission Read/Write, "
    "in the name of a shop manager.",
)

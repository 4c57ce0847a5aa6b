"""Magento 2.4 (Open Source and Adobe Commerce), REST V1 with several stock sources (MSI); older ones without them too.

**What quantity to tell.** Magento takes off what its own open orders have reserved by itself (reservations), until their
shipment is told. So the number for a source is what may be sold through this shop *plus* what its own open orders still
wait for: on hand, less what was promised elsewhere. A number that is free of everything would be reduced twice.
"""

from ...domain.adapter import Adapter, Capabilities, ContentRules, Credential

from . import client, const, parse, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    credentials=(
        Credential(
            "api_url",
            "Shop address (https://…)",
            help="Without /rest. For Adobe Commerce as a Cloud Service: the REST endpoint, with its tenant "
            "(https://na1.api.commerce.adobe.com/…).",
        ),
        Credential(
            "api_token",
            "Access token, a colon, access token secret",
            required=False,
            help="System > Integrations > your integration > Integration Details: “Access Token:Access Token Secret”. "
            "Without consumer key the access token alone, if the shop allows it as standalone bearer token (Stores > "
            "Configuration > Services > OAuth). Empty for Adobe Commerce as a Cloud Service.",
        ),
        Credential(
            "api_key",
            "Consumer key",
            required=False,
            help="Beside the access token. For Adobe Commerce as a Cloud Service: the client ID (Adobe Developer Console).",
        ),
        Credential(
            "api_secret",
            "Consumer secret",
            required=False,
            help="Beside the consumer key. For Adobe Commerce as a Cloud Service: the client secret.",
        ),
        Credential(
            "site_ref",
            "Store view code (empty: all)",
            required=False,
            help="Stores > All Stores > Store View. With one, only its orders are read and its prices told.",
        ),
        Credential(
            "account_ref",
            "Organization ID",
            required=False,
            help="Only for Adobe Commerce as a Cloud Service: Adobe Developer Console, ends in @AdobeOrg.",
        ),
    ),
    capabilities=Capabilities(
        poll=True,
        stock=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        captures=True,
        captures_by_goods=True,
        partial_refunds=True,
        cancel=True,
        returns=True,
        after_sale=("returns",),
        after_sale_one=True,
        prices=True,
        listings=True,
        locations=True,
        stock_batch=const.BATCH_MAX,
        price_batch=const.BATCH_MAX,
        content=ContentRules(pictures="file", pictures_max=const.PICTURES_MAX),
        content_batch=const.CONTENT_BATCH,
        keeps_reserved=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
    permissions_help="System > Integrations > your integration > API > Resource Access, then choose Reauthorize.",
)

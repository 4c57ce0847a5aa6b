"""What platforms call the carriers that everybody knows, found by the name of a delivery method.

Only codes that the platforms publish themselves; where a platform takes any name, the carrier's own is given.
"""

from __future__ import annotations

import re

#: A carrier's name → words in the names of delivery methods that mean it. The first that fits counts.
CARRIERS = {
    "DHL Express": (r"dhl[ -]?express",),
    "DHL": (r"dhl",),
    "Deutsche Post": (r"deutsche[ -]?post",),
    "UPS": (r"ups",),
    "USPS": (r"usps",),
    "FedEx": (r"fedex",),
    "DPD": (r"dpd",),
    "GLS": (r"gls",),
    "TNT": (r"tnt",),
    "Hermes": (r"hermes",),
    "Royal Mail": (r"royal[ -]?mail",),
    "Parcelforce": (r"parcel[ -]?force",),
    "Chronopost": (r"chronopost",),
    "Colissimo": (r"colissimo",),
    "La Poste": (r"la[ -]?poste",),
    "PostNL": (r"post[ -]?nl",),
    "Canada Post": (r"canada[ -]?post",),
    "Australia Post": (r"australia[ -]?post|auspost",),
}

#: Platform → carrier → its code there.
CODES: dict[str, dict[str, str]] = {
    # Values of carrierCode in Amazon's own feed schema (amzn-base.xsd, CarrierCode).
    "amazon": {
        **{name: name for name in ("DHL", "UPS", "USPS", "FedEx", "DPD", "GLS", "TNT", "Royal Mail", "Parcelforce")},
        **{name: name for name in ("Chronopost", "La Poste", "Deutsche Post", "Canada Post")},
        "DHL Express": "DHL",
    },
    # ShippingCarrierCodeType of eBay's Trading API, which the Fulfillment API refers to.
    "ebay": {
        **{name: name for name in ("DHL", "UPS", "USPS", "FedEx", "DPD", "GLS", "TNT", "Hermes", "Chronopost")},
        "DHL Express": "DHL",
        "Deutsche Post": "DeutschePost",
        "Royal Mail": "RoyalMail",
        "Parcelforce": "Parcelforce",
        "Colissimo": "Colissimo",
        "Australia Post": "AustraliaPost",
        "Canada Post": "CanadaPost",
    },
    # Magento's own carriers; any other is "custom" with its title.
    "magento": {"DHL": "dhl", "DHL Express": "dhl", "UPS": "ups", "USPS": "usps", "FedEx": "fedex"},
    "woocommerce": {"DHL": "dhl", "DHL Express": "dhl", "UPS": "ups", "USPS": "usps", "FedEx": "fedex"},
}
#: Platforms that recognise carriers by their names.
BY_NAME = ("shopify",)


def suggest_carrier(platform: str, name: str) -> tuple[str, str]:
    """(the platform's code, what people call it) of the carrier that a delivery method's name names; empty for none.

    >>> suggest_carrier("ebay", "Royal Mail Tracked 48"), suggest_carrier("magento", "DHL Paket"), suggest_carrier("ebay", "Van")
    (('RoyalMail', 'Royal Mail'), ('dhl', 'DHL'), ('', ''))
    """
    for carrier, patterns in CARRIERS.items():
        if any(re.search(rf"\b(?:{pattern})\b", name, re.IGNORECASE) for pattern in patterns):
            code = carrier if platform in BY_NAME else CODES.get(platform, {}).get(carrier, "")
            return (code, carrier) if code else ("", "")
    return "", ""

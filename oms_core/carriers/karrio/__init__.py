"""karrio: some thirty carriers (UPS, FedEx, DHL Express, DPD, GLS, …) through one Python package, where it is installed.

LGPL-3, Python 3.11 or newer: ``pip install karrio karrio-ups 'PyPDF2<3'`` (and the packages of the other carriers that you
use). Without the limit it brings a PyPDF2 that Odoo 19.0 takes at once and does not work with.
"""

from ..base import Capabilities, Carrier
from . import client, const

CARRIER = Carrier(
    code=const.CODE,
    label=const.LABEL,
    # Its carriers cannot be asked for a reference of ours: a lost answer needs a person.
    capabilities=Capabilities(
        rate=True, cancel=True, track=True, find=False, return_label=True, track_batch=10, label_formats=("pdf", "zpl")
    ),
    connect=client.Client,
    missing=client.missing,
)

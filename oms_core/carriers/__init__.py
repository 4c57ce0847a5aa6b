"""Carriers that ship for us, each in a folder of its own. A new one is a new folder and a line in the registry."""

from . import base, easyparcel, karrio

#: {code: carrier}; the code is also the ``delivery_type``, so that native screens keep working.
CARRIERS: dict[str, base.Carrier] = {carrier.code: carrier for carrier in (easyparcel.CARRIER, karrio.CARRIER)}

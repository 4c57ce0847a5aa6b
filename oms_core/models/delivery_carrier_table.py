from odoo import fields

from ..carriers import table
from ..carriers.base import RateQuote, Reject, ShipmentResult


class TableAdapter:
    """A carrier that we know by its rate card: priced and labelled by ourselves, without a network.

    The number of a parcel follows from its key, so that asking twice gives the same label.
    """

    def __init__(self, carrier):
        self._carrier = carrier
        self._today = fields.Date.context_today(carrier)

    def rate(self, request):
        card, price = self._carrier._oms_price(request, self._today)
        return (RateQuote(card.name, card.name, price.amount, card.currency, price.transit_days),)

    def ship(self, request):
        card, price = self._carrier._oms_price(request, self._today)
        if not (request.receiver.street and request.receiver.city):
            raise Reject(f"The address of {request.receiver.name} has no street or no city. Complete it.", "address")
        number = table.number_of(request.key)
        draw = table.zpl if request.label_format == "zpl" else table.pdf
        return ShipmentResult(
            carrier_ref=number,
            tracking_number=number,
            cost=price.amount,
            currency=card.currency,
            service_code=card.name,
            service_name=card.name,
            label=draw(request, number, f"{self._carrier.name}"),
            label_format=request.label_format,
        )

    def return_label(self, request):
        return self.ship(request)

    def find(self, _key):
        """Nobody else knows our parcels: one whose label was not kept was not made."""
        return

    def cancel(self, carrier_ref):
        pass

    def track(self, _numbers):
        return ()

    def warnings(self):
        return ()

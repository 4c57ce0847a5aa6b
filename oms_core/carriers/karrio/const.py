"""What karrio calls things."""

CODE = "oms_karrio"
LABEL = "karrio (UPS, FedEx, DHL and others)"
PACKAGE = "karrio"
#: With PyPDF2 3, which karrio would bring, Odoo 19.0 can neither merge nor print documents any more.
MISSING = (
    "This delivery method needs the Python package karrio, which is not installed. Ask your administrator to run "
    "“pip install karrio karrio-ups 'PyPDF2<3'” (or the package of your carrier) with Odoo's Python, 3.11 or newer."
)

#: What begins a sentence of ours about a connection that is not made: of what is raised within it, karrio keeps the text.
GUARDED = "Connections are guarded: "

#: What it says when something went wrong inside of it, after the carrier was asked or before.
INTERNAL_CODES = ("", "SHIPPING_SDK_INTERNAL_ERROR", "500")

#: Its states → ours. What is not here says nothing about where a parcel is.
STATES = {
    "pending": "announced",
    "created": "announced",
    "picked_up": "collected",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "ready_for_pickup": "ready_for_pickup",
    "on_hold": "exception",
    "delivery_delayed": "exception",
    "delivery_failed": "exception",
    "return_to_sender": "returning",
    "delivered": "delivered",
    "cancelled": "cancelled",
}

#: Where the answers of carriers say what a shipment costs, the contract's price before the list's: {carrier: paths to a
#: pair of amount and currency}. Those that are not here are known by karrio's own ``selected_rate``, or not at all.
CHARGES = {
    "ups": (
        ("ShipmentResponse", "ShipmentResults", "NegotiatedRateCharges", "TotalChargesWithTaxes"),
        ("ShipmentResponse", "ShipmentResults", "NegotiatedRateCharges", "TotalCharge"),
        ("ShipmentResponse", "ShipmentResults", "ShipmentCharges", "TotalChargesWithTaxes"),
        ("ShipmentResponse", "ShipmentResults", "ShipmentCharges", "TotalCharges"),
    ),
}
CHARGE_KEYS = {"ups": ("MonetaryValue", "CurrencyCode")}

"""What we want → the fields of karrio's requests, as plain dicts. Pure."""

from __future__ import annotations

from typing import Any

from ..base import Address, ShipmentRequest


def address(address: Address) -> dict[str, Any]:
    values = {
        "person_name": address.name,
        "company_name": address.company or address.name,
        "address_line1": address.street,
        "address_line2": address.street2,
        "city": address.city,
        "postal_code": address.zip,
        "state_code": address.state,
        "country_code": address.country,
        "phone_number": address.phone,
        "email": address.email,
    }
    return {name: value for name, value in values.items() if value}


def parcel(request: ShipmentRequest) -> dict[str, Any]:
    one = request.parcel
    values: dict[str, Any] = {
        "weight": float(one.weight_kg),
        "weight_unit": "KG",
        "packaging_type": "your_packaging",
        "description": (request.reference or one.name)[:35],
    }
    if one.length_cm > 0 and one.width_cm > 0 and one.height_cm > 0:
        values.update(
            length=float(one.length_cm), width=float(one.width_cm), height=float(one.height_cm), dimension_unit="CM"
        )
    return values


def rate(request: ShipmentRequest) -> dict[str, Any]:
    return {
        "shipper": address(request.sender),
        "recipient": address(request.receiver),
        "parcels": [parcel(request)],
        "services": [request.service_code] if request.service_code else [],
    }


def shipment(request: ShipmentRequest) -> dict[str, Any]:
    return {
        "service": request.service_code,
        "shipper": address(request.sender),
        "recipient": address(request.receiver),
        "parcels": [parcel(request)],
        "label_type": "ZPL" if request.label_format == "zpl" else "PDF",
        "reference": request.key,
        "payment": {"paid_by": "sender", "currency": request.parcel.currency or None},
        "is_return": request.is_return,
    }

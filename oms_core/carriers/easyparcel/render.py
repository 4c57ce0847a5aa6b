"""What we want from EasyParcel → the JSON that asks for it. Pure; nothing here is sent."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..base import Address, Parcel, Reject, ShipmentRequest
from . import const


def number(value: Any, least: str = "0") -> str:
    return f"{max(value, type(value)(least)).normalize():f}"


def _place(address: Address, version: str) -> dict[str, str]:
    subdivision = f"{address.country}-{address.state}" if address.state else ""
    place = {"postcode": address.zip, "subdivision_code": subdivision, "country": address.country}
    if version < const.QUOTE_KEY_CHANGED_IN:
        place["subdivison_code"] = subdivision  # as the documentation of 2025-06 spells it
    return place


def _measures(parcel: Parcel) -> dict[str, str]:
    sides = {"width": parcel.width_cm, "height": parcel.height_cm, "length": parcel.length_cm}
    return {
        "weight": number(parcel.weight_kg),
        **{name: number(side) if side > 0 else str(const.SIDE_DEFAULT_CM) for name, side in sides.items()},
    }


def quotation(request: ShipmentRequest, version: str) -> dict[str, Any]:
    one = {
        "sender": _place(request.sender, version),
        "receiver": _place(request.receiver, version),
        **_measures(request.parcel),
        "parcel_value": number(request.parcel.value),
    }
    return {const.QUOTE_KEY if version >= const.QUOTE_KEY_CHANGED_IN else const.QUOTE_KEY_OLD: [one]}


def _party(address: Address, who: str) -> dict[str, str]:
    if not address.phone:
        raise Reject(
            f"EasyParcel needs a phone number of the {who} ({address.name}). Enter it on the address.", "phone"
        )
    if not (address.street and address.zip and address.city and address.country):
        raise Reject(
            f"The address of the {who} ({address.name}) is incomplete: street, postal code, city and country are needed.",
            "address",
        )
    return {
        "name": address.name,
        "company": address.company,
        "email": address.email,
        "phone_number_country_code": address.country,
        "phone_number": "".join(sign for sign in address.phone if sign.isdigit()),
        "address_1": address.street,
        "address_2": address.street2,
        "postcode": address.zip,
        "city": address.city,
        "subdivision_code": f"{address.country}-{address.state}" if address.state else "",
        "country_code": address.country,
    }


def submission(request: ShipmentRequest, collection_date: date) -> dict[str, Any]:
    """Book and pay. The one place for a key of ours is the reference, by which a lost answer is found again."""
    parcel = request.parcel
    items = [
        {
            "content": item.name[: const.CONTENT_MAX_CHARS],
            "weight": number(item.weight_kg),
            "currency_code": parcel.currency,
            "value": number(item.value),
            "quantity": number(item.quantity),
        }
        for item in parcel.items
    ] or [
        {
            "content": (request.reference or parcel.name or "Goods")[: const.CONTENT_MAX_CHARS],
            "weight": number(parcel.weight_kg),
            "currency_code": parcel.currency,
            "value": number(parcel.value),
            "quantity": "1",
        }
    ]
    one = {
        "service_id": request.service_code,
        "collection_date": collection_date.isoformat(),
        **_measures(parcel),
        "item": items,
        "sender": _party(request.sender, "sender"),
        "receiver": _party(request.receiver, "receiver"),
        "customer_reference_no": request.key,
    }
    return {"shipment": [one]}


def cancellation(shipment_number: str) -> dict[str, Any]:
    return {"cancel_list": [{"shipment_number": shipment_number, "remark": "Cancelled by the sender"}]}


def tracking(numbers: list[str]) -> dict[str, Any]:
    return {"awb_number": numbers}


def listing(before: str = "") -> dict[str, Any]:
    return {"limit": const.LIST_MAX, **({"before_shipment_number": before} if before else {})}


def details(shipment_number: str) -> dict[str, Any]:
    return {"shipment_number": shipment_number}

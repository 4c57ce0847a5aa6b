"""What the parcel carrier of the demonstration shop bills: a bill that agrees, and one of which a parcel is dearer."""

from decimal import Decimal

from odoo import fields
from odoo.fields import Command

#: What the last parcel is billed beyond what its label cost: it was heavier than told.
MORE = Decimal("1.85")


def bills(env):
    """Two bills for the labels of the carrier: the first is posted by itself; of the second, one line waits for an accountant."""
    from odoo.addons.oms_channels.domain.bill import BillDoc, BillLine

    carrier = env["delivery.carrier"].search([("name", "=", "Colis Vert")], limit=1)
    labels = env["oms.shipment.label"].search(
        [("carrier_id", "=", carrier.id), ("state", "=", "bought"), ("purpose", "=", "out"), ("cost", ">", 0)],
        order="id",
    )
    if len(labels) < 2:
        return
    company = carrier.company_id
    service = env["product.product"].create(
        {"name": "Carriage", "type": "service", "company_id": company.id, "supplier_taxes_id": [Command.clear()]}
    )
    biller = env["oms.biller"].create(
        {
            "name": carrier.name,
            "company_id": company.id,
            "partner_id": env["res.partner"].create({"name": "Colis Vert SAS", "is_company": True}).id,
            "product_id": service.id,
            "tolerance_amount": 0.2,
        }
    )
    half = len(labels) // 2
    today = fields.Date.context_today(carrier)
    docs = [
        BillDoc(
            number=number,
            currency=company.currency_id.name,
            billed_on=today,
            total=None,
            lines=tuple(
                BillLine(
                    row=row,
                    kind="transport",
                    amount=Decimal(str(label.cost)) + (MORE if label == labels[-1] else Decimal(0)),
                    tracking=label.tracking_number,
                    at=label.bought_at.date() if label.bought_at else None,
                )
                for row, label in enumerate(of_bill, 2)
            ),
        )
        for number, of_bill in (("CV-2026-0001", labels[:half]), ("CV-2026-0002", labels[half:]))
    ]
    env["account.move"]._oms_take_bills(biller, docs)
    env["oms.cost"]._cron_keep()

"""What a third party says it has sent leaves: these goods in these parcels, also those that were called off too late."""

from collections import defaultdict
from decimal import Decimal

from odoo import models

from ..alone import leave_task
from ..const import INSIDE
from ..domain.third_party import Told, in_words
from ..exceptions import MessageRejected


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_ship_told(self, told):
        """Validate what a third party says it has sent: these quantities in these parcels, the rest later or, when it says
        that nothing more will come, from elsewhere.

        :return: ``(the delivery that left, what of it had been taken off or called off after it was told)``
        :raise MessageRejected: for what it was never told to send; then nothing is changed.
        """
        self.ensure_one()
        picking = self if self.state != "cancel" else self._oms_revive_told()
        late = picking._oms_add_late(told)
        moves = picking.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        wanted = {move: move.product_qty for move in moves}
        values = []
        for parcel in told.parcels:
            package = self.env["stock.package"].create({}) if len(told.parcels) > 1 or parcel.tracking else None
            for line in parcel.lines:
                values += picking._oms_get_told_lines(line, package, wanted)
        moves.move_line_ids.unlink()
        self.env["stock.move.line"].create(values)
        for move in moves:
            move.picked = bool(move.quantity)
        if not any(moves.mapped("picked")):
            raise MessageRejected(self.env._("The shipment of “%s” is empty.", told.reference))
        picking._oms_let_go(told)
        return picking, late

    def _oms_let_go(self, told):
        """:raise UserError: when the order is on hold, or when Odoo wants a person to answer something first."""
        numbers = [parcel.tracking for parcel in told.parcels if parcel.tracking]
        if numbers:
            self.carrier_tracking_ref = ",".join(dict.fromkeys(numbers))
        self.sale_id._check_oms_not_on_hold()
        self.with_context(
            skip_backorder=True,
            skip_sms=True,
            oms_hand_over=INSIDE,
            picking_ids_not_to_backorder=self.ids if told.final else [],
        )._oms_validate()

    def _oms_revive_told(self):
        """A delivery in the place of this one, which was called off after all of it was told."""
        return self.create(
            {
                "partner_id": self.partner_id.id,
                "picking_type_id": self.picking_type_id.id,
                "location_id": self.location_id.id,
                "location_dest_id": self.location_dest_id.id,
                "origin": self.origin,
                "carrier_id": self.carrier_id.id,
                "oms_3pl_reference": self.oms_3pl_reference,
                "oms_3pl_told": self.oms_3pl_told,
                "oms_3pl_called_off": True,
            }
        )

    def _oms_add_late(self, told):
        """Add moves for what was sent though it was taken off this delivery after it had been told.

        :return: that, as told lines.
        """
        pickings = self._oms_get_told_pickings() | self
        sent, held = defaultdict(Decimal), defaultdict(Decimal)
        samples = {}
        for move in pickings.move_ids:
            sku = move.product_id._oms_get_3pl_sku()
            samples.setdefault(sku, move)
            if move.state == "done":
                unit = move.product_id.uom_id
                sent[sku] += Decimal(repr(move.product_uom._compute_quantity(move.quantity, unit)))
            elif move.state != "cancel" and move.picking_id == self:
                held[sku] += Decimal(repr(move.product_qty))
        wanted = defaultdict(Decimal)
        for parcel in told.parcels:
            for line in parcel.lines:
                wanted[line.sku] += line.quantity
        most = (self.oms_3pl_told or {}).get("most") or {}
        late = []
        for sku, quantity in wanted.items():
            surplus = quantity - held[sku]
            # More than it was ever told to send is a mistake, or of another delivery.
            if surplus > 0 and sku in samples and quantity <= Decimal(repr(most.get(sku, 0.0))) - sent[sku]:
                self._oms_add_late_moves(samples[sku], float(surplus), float(held[sku]))
                late.append(Told(sku, surplus))
        return tuple(late)

    def _oms_add_late_moves(self, sample, surplus, held):
        """What the order still wants of it counts for its line; beyond that nobody is charged for it."""
        product, line = sample.product_id, sample.sale_line_id
        wanted = surplus
        if line.product_id == product:  # otherwise a part of a kit, whose line Odoo reckons with
            ordered = line.product_uom_id._compute_quantity(line.product_uom_qty, product.uom_id)
            left = line.product_uom_id._compute_quantity(line._oms_get_left(), product.uom_id)
            wanted = min(surplus, max(ordered - left - held, 0.0))
        parts = [(line, wanted), (None, surplus - wanted)]
        for of_line, quantity in parts:
            if product.uom_id.compare(quantity, 0) <= 0:
                continue
            move = self.env["stock.move"].create(
                {
                    "product_id": product.id,
                    "product_uom": product.uom_id.id,
                    "product_uom_qty": quantity,
                    "picking_id": self.id,
                    "picking_type_id": self.picking_type_id.id,
                    "company_id": self.company_id.id,
                    "partner_id": self.partner_id.id,
                    "location_id": self.location_id.id,
                    "location_dest_id": self.location_dest_id.id,
                    "sale_line_id": (of_line or self._oms_add_late_line(line, product)).id,
                }
            )
            move._action_confirm(merge=False)

    def _oms_add_late_line(self, line, product):
        """A line of the order for what nobody ordered (any more): it shows what left, and costs nothing."""
        order = line.order_id
        with order._oms_unlocked():
            return (
                self.env["sale.order.line"]
                .with_context(skip_procurement=True)
                .create(
                    {
                        "order_id": order.id,
                        "product_id": product.id,
                        "product_uom_id": product.uom_id.id,
                        "product_uom_qty": 0.0,
                        "price_unit": 0.0,
                        "technical_price_unit": 1.0,  # not Odoo's own price: nothing recomputes it
                        "name": self.env._("%s (sent after it was taken off)", product.display_name),
                    }
                )
            )

    def _oms_tell_late(self, warehouse, late, user):
        """Stop the order until somebody has decided about what was sent though it was called off.

        :return: a sentence.
        """
        self.ensure_one()
        order = self.sale_id
        sentence = self.env._(
            "%(place)s has sent %(words)s of %(reference)s after that was taken off. Nothing more is charged for it. Expect it "
            "back as a return, or call off what is still to be sent in its place; then release.",
            place=warehouse.name,
            words=in_words(late),
            reference=self.oms_3pl_reference,
        )
        self.message_post(body=sentence)
        if order.state == "sale":
            order._oms_hold("cancel", sentence)
        else:
            leave_task(order, self.env._("Sent though called off"), sentence, user, retell=False)
        return sentence

    def _oms_get_told_lines(self, line, package, wanted):
        """Values of the move lines for what was told of one product; ``wanted`` is what is left of each move."""
        of_product = [move for move in wanted if move.product_id._oms_get_3pl_sku() == line.sku]
        left = float(line.quantity)
        lot = self.env["stock.lot"]
        if of_product and of_product[0].product_id.tracking != "none":
            product = of_product[0].product_id
            if not line.lot:
                raise MessageRejected(self.env._("%s has lot or serial numbers, and the message tells none.", line.sku))
            lot = lot.search([("name", "=", line.lot), ("product_id", "=", product.id)], limit=1)
            lot = lot or lot.create({"name": line.lot, "product_id": product.id, "company_id": self.company_id.id})
        values = []
        for move in of_product:
            part = min(left, wanted[move])
            if move.product_id.uom_id.compare(part, 0) > 0:
                wanted[move] -= part
                left -= part
                values.append(
                    {
                        "move_id": move.id,
                        "picking_id": self.id,
                        "product_id": move.product_id.id,
                        "product_uom_id": move.product_id.uom_id.id,
                        "quantity": part,
                        "location_id": move.location_id.id,
                        "location_dest_id": move.location_dest_id.id,
                        "lot_id": lot.id,
                        "result_package_id": package.id if package else False,
                    }
                )
        if left > 0:
            raise MessageRejected(
                self.env._(
                    "%(reference)s does not hold %(quantity)g of “%(sku)s” (any more).",
                    reference=self.name,
                    quantity=float(line.quantity),
                    sku=line.sku,
                )
            )
        return values

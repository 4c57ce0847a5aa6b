"""What a third party received back becomes a native receipt of the delivery it left with, for exactly those quantities."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain

from ..domain.third_party import Opening, in_words, match
from ..exceptions import MessageRejected
from ..text import as_html


class StockPicking(models.Model):
    _inherit = "stock.picking"

    @api.model
    def _oms_find_returned(self, warehouse, reference):
        """The deliveries that have left and that a third party may mean: by our reference, the parcel's, the order's.

        Hook: what else somebody may write on a parcel that comes back.
        """
        if not reference:
            return self.browse()
        left = (
            Domain("state", "=", "done")
            & Domain("location_dest_id.usage", "=", "customer")
            & Domain("company_id", "=", warehouse.company_id.id)
        )
        told = Domain("oms_3pl_reference", "=", reference) & Domain("picking_type_id.warehouse_id", "=", warehouse.id)
        for way in (
            told,
            Domain("carrier_tracking_ref", "=", reference),
            Domain("sale_id.oms_number", "=", reference) | Domain("sale_id.name", "=", reference),
        ):
            if found := self.search(left & way, order="id desc"):
                return found
        return self.browse()

    def _oms_receive_told(self, warehouse, told):
        """Receive at a place what it says came back of these deliveries of one order, the latest first.

        Hook: a spoke with documents of its own for returns takes its part first and leaves the rest to this.

        :return: ``(receipts, what fits none of them)``
        """
        moves = self.move_ids.filtered(lambda move: move.state == "done").sorted("id", reverse=True)
        parts, surplus = match(told.lines, [move._oms_get_opening(move._oms_get_not_asked_back()) for move in moves])
        receipts = self.browse()
        by_delivery = defaultdict(list)
        for part in parts:
            by_delivery[self.env["stock.move"].browse(part.key).picking_id].append(part)
        for delivery, of_delivery in by_delivery.items():
            receipt = delivery._oms_create_told_receipt(warehouse, of_delivery)
            receipt._oms_take_in_told(told)
            receipts |= receipt
        return receipts, surplus

    def _oms_create_told_receipt(self, warehouse, parts):
        """The native return of these parts of a delivery, to the place where the goods are."""
        self.ensure_one()
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=self.id, active_ids=self.ids, active_model=self._name, oms_return_to=warehouse.id)
            .create({})
        )
        quantities = defaultdict(Decimal)
        for part in parts:
            quantities[part.key] += part.quantity
        for proposal in wizard.product_return_moves:
            move = proposal.move_id
            proposal.quantity = move.product_id.uom_id._compute_quantity(float(quantities[move.id]), move.product_uom)
        return wizard._create_return()

    def _oms_take_in_told(self, told):
        """Validate these receipts for what was told of them, each told line once; what is left is expected further on.

        :return: ``(those of them that took something in, what fits none of them)``
        """
        moves = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        parts, surplus = match(told.lines, [move._oms_get_opening(move.product_qty) for move in moves])
        of_move = defaultdict(list)
        for part in parts:
            of_move[part.key].append(part)
        for move in moves:
            move._oms_set_told(of_move[move.id])
        taken = moves.filtered("picked").picking_id
        for receipt in taken:
            receipt.with_context(skip_backorder=True, skip_sms=True, skip_expired=True)._oms_validate()
        return taken, surplus

    def _oms_tell_came_back(self, warehouse, told, receipts, surplus, user):
        """Say on the delivery what came back, and give somebody the task to decide about it."""
        self.ensure_one()
        sentence = self.env._(
            "%(place)s received back: %(words)s. %(note)s",
            place=warehouse.name,
            words=in_words(told.lines),
            note=told.note,
        )
        self.message_post(body=sentence)
        for receipt in receipts:
            receipt.message_post(body=sentence)
        if surplus:
            sentence = self.env._(
                "%(sentence)s Of this, %(surplus)s did not leave with this order or is back already, and was not received. "
                "Ask %(place)s what it is.",
                sentence=sentence,
                surplus=in_words(surplus),
                place=warehouse.name,
            )
        if surplus or receipts._oms_needs_decision():
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Goods came back to %s", warehouse.name),
                note=as_html(sentence),
                user_id=user.id,
            )

    def _oms_needs_decision(self):
        """Whether nobody would know of these receipts without a task. Hook: a document that stands in a list is enough."""
        return bool(self)


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_get_opening(self, quantity):
        """:param quantity: in the product's own unit."""
        self.ensure_one()
        return Opening(self.id, self.product_id._oms_get_3pl_sku(), Decimal(repr(quantity)))

    def _oms_get_not_asked_back(self):
        """What left with this move and is neither back nor expected back, in the product's own unit."""
        self.ensure_one()
        unit = self.product_id.uom_id
        back = sum(
            move.product_uom._compute_quantity(
                move.quantity if move.state == "done" else move.product_uom_qty, unit, round=False
            )
            for move in self.returned_move_ids
            if move.state != "cancel"
        )
        return unit.round(max(self.product_uom._compute_quantity(self.quantity, unit, round=False) - back, 0))

    def _oms_set_told(self, parts):
        """Take in these parts of a move that is expected, with the lots they were told with."""
        self.ensure_one()
        unit = self.product_id.uom_id
        if not parts:
            self.write({"quantity": 0, "picked": False})
        elif self.product_id.tracking == "none":
            quantity = sum(part.quantity for part in parts)
            self.write({"quantity": unit._compute_quantity(float(quantity), self.product_uom), "picked": True})
        else:
            self.move_line_ids.unlink()
            self.env["stock.move.line"].create(
                [
                    {
                        "move_id": self.id,
                        "picking_id": self.picking_id.id,
                        "product_id": self.product_id.id,
                        "product_uom_id": unit.id,
                        "quantity": float(part.quantity),
                        "location_id": self.location_id.id,
                        "location_dest_id": self.location_dest_id.id,
                        "lot_id": self._oms_get_told_lot(part.lot).id,
                    }
                    for part in parts
                ]
            )
            self.picked = True

    def _oms_get_told_lot(self, name):
        """A lot of what left: the one of that name, or the only one there is when none was told."""
        left = self.origin_returned_move_id.move_line_ids.lot_id
        lot = left.filtered(lambda lot: lot.name == name) if name else left
        if len(lot) != 1:
            raise MessageRejected(
                self.env._(
                    "%(product)s left with the lots or serial numbers %(left)s, and “%(told)s” came back. Write one of them "
                    "into the message and try again.",
                    product=self.product_id.display_name,
                    left=", ".join(left.mapped("name")) or "–",
                    told=name or "–",
                )
            )
        return lot

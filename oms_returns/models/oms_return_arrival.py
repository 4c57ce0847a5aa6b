"""What comes in: where it is taken in, what of it is on the return, and what nobody announced."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from odoo.addons.oms_core.alone import leave_task
from odoo.addons.oms_core.domain.scan import read

from ..domain.arrivals import Expected, look


class OmsReturn(models.Model):
    _inherit = "oms.return"

    findings = fields.Text(string="What Is Odd", compute="_compute_findings", compute_sudo=True)

    @api.depends("stage", "line_ids.quantity_received", "line_ids.quantity", "line_ids.sale_line_id")
    def _compute_findings(self):
        for record in self:
            found = look(record.line_ids._to_expected()) if record.state in ("open", "closed") else ()
            record.findings = "\n".join(f"{one.sentence} {one.next_step}" for one in found) or False

    # ------------------------------------------------------------------------------------------------------ RECEIPTS

    def _create_receipts(self):
        """Override: to the place of the return, and to its bench what has to be inspected."""
        place = self.env.context.get("oms_return_to") or self.warehouse_id.id
        result = super(OmsReturn, self.with_context(oms_return_to=place) if place else self)._create_receipts()
        self._send_to_bench()
        return result

    def _send_to_bench(self):
        """What has to be inspected is received apart from the stock: nobody is promised it before."""
        moves_sudo = self._get_open_receipts_sudo().move_ids.filtered(
            lambda move: move.state not in ("done", "cancel") and move.oms_return_line_id.needs_inspection
        )
        for warehouse, moves in moves_sudo.grouped(lambda move: move.picking_type_id.warehouse_id).items():
            if warehouse:
                moves.location_dest_id = warehouse._oms_get_return_place()

    def _bring_to(self, warehouse):
        """What is expected elsewhere has come in here: its receipts are taken in at this place."""
        for receipt in self._get_open_receipts_sudo():
            if receipt.picking_type_id.warehouse_id == warehouse:
                continue
            kind = warehouse.sudo().in_type_id  # sudo: as in _get_open_receipts_sudo
            place = kind.default_location_dest_id or warehouse.sudo().lot_stock_id  # sudo: the same
            receipt.write({"picking_type_id": kind.id})
            receipt.write({"location_dest_id": place.id})
            receipt.move_ids.filtered(lambda move: move.state not in ("done", "cancel")).write(
                {"picking_type_id": kind.id, "warehouse_id": warehouse.id, "location_dest_id": place.id}
            )
        for record in self:
            if record.warehouse_id != warehouse:
                record.sudo().write({"warehouse_id": warehouse.id, "warehouse_reason": False})  # sudo: as above
                record.sudo().message_post(body=record.env._("Came in at %s.", warehouse.name))
        self._send_to_bench()

    def _take_in(self, counted, warehouse):
        """Receive what was counted, at this place. What is beyond what was authorized is taken in as far as the customer still
        had it of the order; the rest is a line without an order.

        :param counted: ``{line: (quantity, [names of lots or serial numbers])}``
        """
        self.ensure_one()
        if self.state != "open":
            raise UserError(
                self.env._("%s is not authorized. Ask customer service, or take it in as an unknown parcel.", self.name)
            )
        self._bring_to(warehouse)
        surplus = self._take_in_expected({line: found for line, found in counted.items() if found[0] > 0})
        again = {}
        for line, (quantity, lots) in surplus.items():
            extra = min(quantity, line._get_beyond()) if line.sale_line_id else 0.0
            if extra > 0:
                line.sudo().quantity += extra  # sudo: goods that are there are a fact, whoever receives them
                again[line] = (extra, lots[-int(extra) :] if lots else [])
            if quantity - extra > 0:
                again[self._add_unexpected(line.product_id, quantity - extra)] = (quantity - extra, lots[int(extra) :])
        if again:
            self.with_context(oms_return_to=warehouse.id)._create_receipts()
            left = self._take_in_expected(again)
            if left:
                raise UserError(
                    self.env._(
                        "%s cannot be received. Look at the open receipts of this return.",
                        ", ".join(line.product_id.display_name for line in left),
                    )
                )

    def _add_unexpected(self, product, quantity):
        """A line for goods that are on no order of this return, to be matched or sent back."""
        # sudo: goods that are there are a fact, whoever receives them
        return self.env["oms.return.line"].sudo().create(
            {
                "return_id": self.id,
                "product_id": product.id,
                "quantity": quantity,
                "outcome": "nothing",
                "comment": self.env._("Came in without having been announced."),
                "needs_inspection": True,
            }
        )  # fmt: skip

    def _take_in_expected(self, counted):
        """Validate the open receipts for what was counted; what is left of them is expected further on.

        :return: ``{line: (quantity, lots)}`` that no receipt waits for.
        """
        receipts = self._get_open_receipts_sudo()
        moves = receipts.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        moves.write({"picked": False})
        rest = {}
        for line, (quantity, lots) in counted.items():
            left, names = quantity, list(lots)
            kit = line._get_kit()
            for move in moves.filtered(lambda move, line=line: move.oms_return_line_id == line):
                if kit:
                    # Of a kit each part is a move of its own; whole kits are counted.
                    pieces = min(move.product_qty, quantity * kit.get(move.product_id, 0.0))
                    move._oms_take_in(move.product_id.uom_id._compute_quantity(pieces, move.product_uom), [])
                    left = 0.0
                    continue
                expected = move.product_uom._compute_quantity(move.product_uom_qty, line.product_uom_id)
                taken = min(left, expected)
                if taken <= 0:
                    continue
                count = int(line.product_uom_id._compute_quantity(taken, line.product_id.uom_id))
                used, names = names[:count], names[count:]
                move._oms_take_in(line.product_uom_id._compute_quantity(taken, move.product_uom), used)
                left = line.product_uom_id.round(left - taken)
            if left > 0:
                rest[line] = (left, names)
        todo = moves.filtered("picked").picking_id
        for move in moves.filtered(lambda move: not move.picked and move.picking_id in todo):
            move.quantity = 0
        for receipt in todo:
            receipt.with_context(skip_backorder=True, skip_sms=True, skip_expired=True)._oms_validate()
        return rest

    # --------------------------------------------------------------------------------------------------- UNANNOUNCED

    @api.model
    def _open_blind(self, warehouse, note=""):
        """A return for a parcel of which nobody knows anything, with one task for customer service."""
        # sudo: whoever opens a parcel may say that it is there
        request = self.sudo().create(
            {
                "is_blind": True,
                "origin": "store" if warehouse.oms_node_type == "store" else "warehouse",
                "way": "store" if warehouse.oms_node_type == "store" else "mail",
                "company_id": warehouse.company_id.id,
                "warehouse_id": warehouse.id,
            }
        )
        text = request.env._(
            "A parcel came in at %(place)s and nobody knows whose it is. %(note)s Find its order and match the lines.",
            place=warehouse.name,
            note=note,
        )
        channel = self.env["oms.channel"].sudo().search([("company_id", "=", warehouse.company_id.id)], limit=1)
        leave_task(request, request.env._("Whose parcel is this?"), text, channel.user_id)
        return request.with_env(self.env)

    # ------------------------------------------------------------------------------------------------------- FINDING

    @api.model
    def _find_by_code(self, text, warehouse):
        """What a code on a parcel or on goods leads to: ``(returns, orders, word)``.

        :return: the open returns that it means; else the orders; ``word`` says what it is: ``parcel``, ``return``, ``order``,
            ``serial``, ``product`` or empty.
        """
        # sudo: a parcel is anywhere, and its return or order may be of any place of this company
        company = Domain("company_id", "=", warehouse.company_id.id)
        Return, Order = self.sudo(), self.env["sale.order"].sudo()
        code = read(text)
        names = [code.value, code.value.upper()]
        nothing = Order.browse()
        found = Return.search(company & Domain("name", "in", names), limit=1)
        if found:
            return found, nothing, "return"
        labels = self.env["oms.shipment.label"].sudo().search(
            company & Domain("tracking_number", "=", code.value) & Domain("state", "!=", "failed")
        )  # fmt: skip
        if returns := Return.browse().union(*(label._get_returns() for label in labels)):
            return returns, nothing, "parcel"
        pickings = labels.picking_id.exists() | self.env["stock.picking"].sudo().search(
            company & Domain("carrier_tracking_ref", "=", code.value), limit=5
        )
        if orders := pickings.sale_id:
            return Return._get_open_of(orders), orders, "parcel"
        orders = Order.search(company & (Domain("oms_number", "in", names) | Domain("name", "in", names)), limit=5)
        if orders:
            return Return._get_open_of(orders), orders, "order"
        lots = self.env["stock.lot"].sudo().search(
            [("name", "=", code.lot or code.value), ("company_id", "in", (False, warehouse.company_id.id))], limit=5
        )  # fmt: skip
        lines = self.env["stock.move.line"].sudo().search(
            [("lot_id", "in", lots.ids), ("state", "=", "done"), ("location_dest_id.usage", "=", "customer")],
            order="id desc", limit=5,
        )  # fmt: skip
        if orders := lines[:1].picking_id.sale_id:
            return Return._get_open_of(orders), orders, "serial"
        product = Return._find_product(code, warehouse)
        if product:
            waiting = Return.search(
                company
                & Domain("state", "=", "open")
                & Domain("stage", "in", ("expected", "partial"))
                & Domain("line_ids.product_id", "=", product.id),
                limit=11,
            )
            return waiting, nothing, "product"
        return Return.browse(), nothing, ""

    def _get_open_of(self, orders):
        return orders.oms_return_ids.filtered(lambda record: record.state == "open" and record.stage != "settled")

    @api.model
    def _find_product(self, code, warehouse):
        """The product of a scanned code; see :meth:`stock.picking._oms_get_meaning`."""
        numbers = {code.value, code.value.zfill(14) if code.value.isdigit() else code.value}
        company = ("company_id", "in", (False, warehouse.company_id.id))
        product = self.env["product.product"].search(
            ["|", ("barcode", "in", list(numbers)), ("default_code", "=", code.value), company], limit=1
        )
        packaging = self.env["product.uom"]
        if not product:
            packaging = packaging.search([("barcode", "in", list(numbers)), company], limit=1)
        return product or packaging.product_id


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _to_expected(self):
        """These lines as the rules of arrivals want them."""
        result = []
        for line in self:
            if not line.expects_goods:
                continue
            arrived = line.move_ids.filtered(lambda move: move.state == "done").move_line_ids.lot_id
            sold = line.sale_line_id.move_ids.filtered(
                lambda move: move.state == "done" and move.location_dest_id.usage == "customer"
            )
            result.append(
                Expected(
                    line.id,
                    line.product_id.display_name,
                    Decimal(repr(line.quantity)),
                    Decimal(repr(line.quantity_received)),
                    frozenset(sold.move_line_ids.lot_id.mapped("name")),
                    frozenset(arrived.mapped("name")),
                    bool(line.sale_line_id) or line.return_id.is_blind,
                    line.return_id.state == "closed",
                )
            )
        return result

    def _get_beyond(self):
        """How much the customer still has of the order line that is on no return."""
        self.ensure_one()
        return self.sale_line_id.sudo()._oms_get_returnable()  # sudo: whoever receives may know what was delivered


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_take_in(self, quantity, lots):
        """Take in so much of this expected move; with the numbers that were scanned, known or not.

        :param quantity: in the unit of the move.
        :param lots: names; when fewer than pieces, what is expected fills up.
        """
        self.ensure_one()
        product = self.product_id
        if product.tracking == "none" or not lots:
            self.write({"quantity": quantity, "picked": True})
            if product.tracking != "none":
                self._oms_fill_lots()
            return
        known = {lot.name: lot for lot in self.origin_returned_move_id.move_line_ids.lot_id}
        each = self.product_uom._compute_quantity(quantity, product.uom_id) / len(lots)
        self.move_line_ids.unlink()
        for name in lots:
            lot = known.get(name) or self.env["stock.lot"].search(
                [
                    ("name", "=", name),
                    ("product_id", "=", product.id),
                    ("company_id", "in", (False, self.company_id.id)),
                ],
                limit=1,
            )
            lot = lot or lot.create({"name": name, "product_id": product.id, "company_id": self.company_id.id})
            self.move_line_ids = [
                Command.create(
                    {
                        "picking_id": self.picking_id.id,
                        "product_id": product.id,
                        "product_uom_id": product.uom_id.id,
                        "quantity": 1.0 if product.tracking == "serial" else each,
                        "location_id": self.location_id.id,
                        "location_dest_id": self.location_dest_id.id,
                        "lot_id": lot.id,
                    }
                )
            ]
        self.picked = True

    def _oms_fill_lots(self):
        """Where nobody scanned a number and only one lot left, it is that one.

        :raise UserError: when it may be several.
        """
        left = self.origin_returned_move_id.move_line_ids.lot_id
        for line in self.move_line_ids.filtered(lambda line: not line.lot_id):
            if len(left) != 1 or self.product_id.tracking == "serial" and len(self.move_line_ids) > 1:
                raise UserError(
                    self.env._(
                        "“%s” has lot or serial numbers. Scan the number on the goods.", self.product_id.display_name
                    )
                )
            line.lot_id = left

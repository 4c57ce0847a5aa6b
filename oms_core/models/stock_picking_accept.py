"""Ship from store: a place accepts what it was asked for, or rejects it with a reason, in whole or in part."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_accept_by = fields.Datetime(
        string="Accept By",
        readonly=True,
        copy=False,
        help="After that, the delivery is at risk and somebody looks at it.",
    )
    oms_accepted_at = fields.Datetime(string="Accepted On", readonly=True, copy=False)
    oms_accepted_by_id = fields.Many2one("res.users", string="Accepted By", readonly=True, copy=False)
    oms_rejection_ids = fields.One2many("oms.rejection", "picking_id", string="Rejections")
    oms_board_state = fields.Selection(
        [
            ("arrived", "Customer is here"),  # the first column of the board: somebody stands there
            ("accept", "To accept"),
            ("wait", "Waits for goods"),
            ("pick", "To pick"),
            ("pack", "To pack"),
            ("ready", "Ready for pickup"),
            ("done", "Gone"),
            ("cancel", "Cancelled"),
        ],
        string="Next Step",
        compute="_compute_oms_board_state",
        store=True,
        group_expand="_expand_oms_board_state",
    )

    _oms_accept_idx = models.Index("(oms_accept_by) WHERE oms_accept_by IS NOT NULL AND oms_accepted_at IS NULL")

    @api.depends("state", "oms_accept_by", "oms_accepted_at", "oms_ready_at", "oms_curb_state", "oms_picked_at")
    def _compute_oms_board_state(self):
        for picking in self:
            if picking.state in ("done", "cancel"):
                picking.oms_board_state = picking.state
            elif picking.oms_curb_state == "arrived":
                picking.oms_board_state = "arrived"
            elif picking.oms_ready_at:
                picking.oms_board_state = "ready"
            elif picking.oms_accept_by and not picking.oms_accepted_at:
                picking.oms_board_state = "accept"
            elif picking.state != "assigned":
                picking.oms_board_state = "wait"
            else:
                picking.oms_board_state = "pack" if picking.oms_picked_at else "pick"

    @api.model
    def _expand_oms_board_state(self, _states, _domain):
        return ["arrived", "accept", "pick", "pack", "ready"]

    @api.model
    def get_empty_list_help(self, help_message):
        """Override of ``stock``, which explains how to make a transfer: on the board of a store there is nothing to make."""
        return help_message if self.env.context.get("oms_own_help") else super().get_empty_list_help(help_message)

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``: a place that may refuse gets its time to say so."""
        pickings = super().create(vals_list)
        pickings._oms_ask_to_accept()
        return pickings

    def _oms_ask_to_accept(self):
        now = fields.Datetime.now()
        for picking in self:
            node = picking.picking_type_id.warehouse_id
            first_step = node and picking.picking_type_id in (node.pick_type_id | node.out_type_id)
            if not first_step or not node.oms_accept_minutes or picking.return_id:
                continue
            # Of a place that picks before it ships, the pick is what is accepted: what is picked was accepted.
            if picking.picking_type_id == node.out_type_id and node.delivery_steps != "ship_only":
                continue
            picking.oms_accept_by = node._oms_get_accept_by(now)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_accept(self):
        """This place will deliver it."""
        self.check_access("write")
        waiting = self.filtered(lambda picking: picking.state not in ("done", "cancel") and not picking.oms_accepted_at)
        waiting.write({"oms_accepted_at": fields.Datetime.now(), "oms_accepted_by_id": self.env.uid})

    def action_oms_reject(self):
        """Open the rejection of these deliveries, or of parts of them."""
        self.ensure_one()
        self.check_access("write")
        if self.state in ("done", "cancel"):
            raise UserError(self.env._("%s is finished: nothing of it can be rejected.", self.display_name))
        wizard = self.env["oms.reject"].create({"picking_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject"),
            "res_model": "oms.reject",
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def button_validate(self):
        """Override of ``stock``: who sends it has accepted it."""
        self.filtered(lambda picking: picking.oms_accept_by and not picking.oms_accepted_at).action_oms_accept()
        return super().button_validate()

    @api.model
    def _oms_not_accepted_domain(self, moment=None):
        """Deliveries whose place has not said in time whether it brings them."""
        return [
            ("oms_accept_by", "<", moment or fields.Datetime.now()),
            ("oms_accepted_at", "=", False),
            ("state", "not in", ("done", "cancel")),
        ]

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_reject(self, quantities, reason, note=""):
        """Give up ``{move: quantity in the product's unit}`` of these deliveries: the stock says so, it is remembered, and
        other places are asked for it.

        :return: the rejections (``oms.rejection``)
        """
        rejected = []
        wanted = self.env["stock.move"]
        for move, quantity in quantities.items():
            if move.state in ("done", "cancel") or move.product_id.uom_id.compare(quantity, 0) <= 0:
                continue
            rejected.append(move._oms_cut(min(quantity, move.product_qty)))
        if reason.collateral:
            products = {move.product_id for move in quantities}
            others = self._oms_get_collateral(products) - wanted.concat(*quantities)
            rejected += [other._oms_cut(other.product_qty) for other in others]
        given_up = wanted.concat(*rejected)
        if not given_up:
            raise UserError(self.env._("Say how much of what is rejected."))
        shelves = {move: move._oms_get_shelves() for move in given_up}
        rejections = self.env["oms.rejection"]
        # sudo: rejections are written by the system alone, whoever rejects
        rejections_sudo = rejections.sudo().create(
            [
                {
                    "line_id": move.sale_line_id.id,
                    "order_id": move.sale_line_id.order_id.id,
                    "picking_id": move.picking_id.id,
                    "warehouse_id": move.picking_id._oms_get_node().id,
                    "company_id": move.company_id.id,
                    "product_id": move.product_id.id,
                    "quantity": move.product_qty,
                    "reason_id": reason.id,
                    "note": note,
                    "is_collateral": move.picking_id not in self,
                    "user_id": self.env.uid,
                }
                for move in given_up
            ]
        )
        to_tell = given_up.filtered(
            lambda move: (
                move.sale_line_id.order_id.oms_channel_id
                and move.sale_line_id.order_id.state == "sale"
                and (move.location_final_id or move.location_dest_id)._is_outgoing()
            )
        )
        given_up._action_cancel()
        given_up._oms_correct_stock(shelves, reason)
        for picking, moves in given_up.grouped("picking_id").items():
            words = ", ".join(f"{move.product_qty:g} {move.product_id.display_name}" for move in moves)
            picking.message_post(body=self.env._("Rejected (%(reason)s): %(words)s", reason=reason.name, words=words))
        to_tell._oms_tell_given_up()
        return rejections_sudo.with_env(self.env)

    def _oms_get_collateral(self, products):
        """The moves of other open deliveries of these places that want the same products."""
        places = self.env["stock.warehouse"].concat(*(picking._oms_get_node() for picking in self))
        return self.env["stock.move"].search(
            [
                ("product_id", "in", [product.id for product in products]),
                ("picking_type_id.warehouse_id", "in", places.ids),
                ("picking_type_id", "in", (places.pick_type_id | places.out_type_id).ids),
                ("location_id", "child_of", places.lot_stock_id.ids),
                ("sale_line_id.order_id.oms_channel_id", "!=", False),
                ("state", "not in", ("draft", "done", "cancel")),
            ]
        )


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_cut(self, quantity):
        """The part of this move that is ``quantity`` large (in the product's unit): the whole, or a new move."""
        self.ensure_one()
        if self.product_id.uom_id.compare(quantity, self.product_qty) >= 0:
            return self
        missing = max(self.product_qty - self.product_uom._compute_quantity(self.quantity, self.product_id.uom_id), 0.0)
        # Splitting moves what is not reserved first; what is reserved beyond what stays is given to the part.
        keeps = self.product_qty - quantity
        reserved = self.product_uom._compute_quantity(self.quantity, self.product_id.uom_id)
        if self.product_id.uom_id.compare(reserved, keeps) > 0 and missing < quantity:
            self.quantity = self.product_id.uom_id._compute_quantity(keeps, self.product_uom)
        part = self.create(self._split(quantity))
        part._action_confirm(merge=False, create_proc=False)
        part.picking_id = self.picking_id
        return part

    def _oms_get_shelves(self):
        """[(location, lot, package, owner, quantity)] of what this move was to take, as far as it is known."""
        self.ensure_one()
        return [
            (line.location_id, line.lot_id, line.package_id, line.owner_id, line.quantity_product_uom)
            for line in self.move_line_ids
            if line.quantity_product_uom > 0
        ]

    def _oms_correct_stock(self, shelves, reason):
        """Count what the reason says, by native inventory adjustments: once for each shelf, whatever was rejected of it.

        :param dict shelves: {move: what :meth:`_oms_get_shelves` said before it was cancelled}
        """
        if reason.effect == "none":
            return
        # sudo: who works in a store has no right to count stock at will; this counts what was rejected and nothing else
        quants_sudo = self.env["stock.quant"].sudo()
        counted = {}
        for move in self.filtered("product_id.is_storable"):
            node = move.picking_id._oms_get_node()
            of_product = quants_sudo.search(
                [
                    ("product_id", "=", move.product_id.id),
                    ("location_id", "child_of", (move.location_id or node.lot_stock_id).id),
                ],
                order="in_date, id",
            )
            if reason.effect == "zero":
                counted |= dict.fromkeys(of_product, 0.0)
                continue
            left = move.product_qty
            exact = [
                (quant, quantity)
                for location, lot, package, owner, quantity in shelves[move]
                for quant in of_product.filtered(
                    lambda quant, key=(location, lot, package, owner): (
                        (quant.location_id, quant.lot_id, quant.package_id, quant.owner_id) == key
                    )
                )[:1]
            ]
            for quant, quantity in [*exact, *((quant, left) for quant in of_product)]:
                there = counted.get(quant, quant.quantity)
                part = max(min(quantity, left, there), 0.0)
                if part:
                    counted[quant] = there - part
                    left -= part
        for quant_sudo, quantity in counted.items():
            quant_sudo = quant_sudo.with_context(inventory_mode=True)
            quant_sudo.inventory_quantity = quantity
        changed_sudo = quants_sudo.concat(*counted)
        changed_sudo.with_context(
            inventory_mode=True, inventory_name=self.env._("Rejected: %s", reason.name)
        ).action_apply_inventory()

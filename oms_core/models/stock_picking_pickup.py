"""Click and collect, in the store and at the curb: ready, told, handed over; reminded and put back when nobody comes."""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.orm.models import NO_ACCESS

from ..alone import on_its_own
from ..const import COLLECTED_METHODS, INSIDE, PICKUP_BATCH_MAX
from ..domain.pickup import Tries, check_code, due, make_code, read_days


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_delivery_method = fields.Selection(related="sale_id.oms_delivery_method", store=True, string="Way of Delivery")
    oms_is_collected = fields.Boolean(compute="_compute_oms_is_collected", help="The customer comes for these goods.")
    oms_pickup_code = fields.Char(
        copy=False,
        groups=NO_ACCESS,
        help="What the customer says at the counter. Nobody who hands over may read it; it has to be shown again to the "
        "customer, so it is kept as it is.",
    )
    oms_code_failures = fields.Integer(copy=False, readonly=True, groups=NO_ACCESS)
    oms_code_locked_until = fields.Datetime(copy=False, readonly=True, groups=NO_ACCESS)
    oms_reminded = fields.Integer(string="Reminders Sent", copy=False, readonly=True)
    oms_expired_at = fields.Datetime(string="Not Picked Up On", copy=False, readonly=True)
    oms_handed_by_id = fields.Many2one("res.users", string="Handed Over By", copy=False, readonly=True)

    _oms_waiting_idx = models.Index("(oms_pickup_by) WHERE oms_ready_at IS NOT NULL AND oms_collected_at IS NULL")

    @api.depends("oms_delivery_method", "picking_type_code")
    def _compute_oms_is_collected(self):
        for picking in self:
            picking.oms_is_collected = (
                picking.picking_type_code == "outgoing" and picking.oms_delivery_method in COLLECTED_METHODS
            )

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_ready(self):
        """The goods lie ready: tell the customers, and start counting the days."""
        self.check_access("write")
        ready = self.filtered(lambda picking: not picking.oms_ready_at)
        for picking in ready:
            picking._check_oms_can_be_ready()
        now = fields.Datetime.now()
        for picking in ready:
            picking.write({"oms_ready_at": now, "oms_pickup_by": picking._oms_get_node()._oms_get_pickup_by(now)})
            picking._oms_get_pickup_code()
        for order, pickings in ready.grouped("sale_id").items():
            order.sudo()._oms_notify(
                "ready_for_pickup", pickings
            )  # sudo: a store tells the customer of its own delivery

    def action_oms_hand_over(self):
        """Open the hand-over of this delivery."""
        self.ensure_one()
        self.check_access("write")
        if self.state in ("done", "cancel"):
            raise UserError(self.env._("%s is finished already.", self.display_name))
        if not self.oms_ready_at:
            raise UserError(
                self.env._("%s is not ready. Set the goods aside and press “Ready” first.", self.display_name)
            )
        wizard = self.env["oms.hand.over"].create({"picking_id": self.id})
        return wizard._oms_open()

    def action_oms_no_show(self):
        """Nobody will come for these goods: put them back, as the job does on the day after the last one."""
        self.check_access("write")
        for picking in self:
            if not picking.oms_ready_at or picking.state in ("done", "cancel"):
                raise UserError(self.env._("%s does not wait for a customer.", picking.display_name))
            picking._oms_expire()

    def button_validate(self):
        """Override of ``stock``: what a customer comes for is handed over, to the right one."""
        waiting = self.filtered(lambda picking: picking.oms_is_collected and picking.state not in ("done", "cancel"))
        if not waiting or self.env.context.get("oms_hand_over") is INSIDE:
            return super().button_validate()
        if len(self) == 1:
            if not self.oms_ready_at:
                self.action_oms_ready()
            return self.action_oms_hand_over()
        raise UserError(
            self.env._("Customers come for %s: hand over one by one.", ", ".join(waiting.mapped("display_name")))
        )

    # ----------------------------------------------------------------------------------------------------- THE CODE

    def _oms_get_pickup_code(self):
        """What the customer shows to get this delivery; empty when it is not for pickup. For the customer's eyes only."""
        self.ensure_one()
        if not self.oms_is_collected:
            return ""
        picking_sudo = self.sudo()  # sudo: closed to all users by design; the caller shows it to the customer alone
        if not picking_sudo.oms_pickup_code:
            picking_sudo.oms_pickup_code = make_code(secrets.choice)
        return picking_sudo.oms_pickup_code

    def _oms_try_code(self, code):
        """Whether this is the code of this delivery. Too many wrong ones in a row, and none is heard for a while.

        :return: ``(right, sentence for the counter)``
        """
        self.ensure_one()
        picking_sudo = self.sudo()  # sudo: the code and the tries are closed to all users by design
        now = fields.Datetime.now()
        tries = Tries(picking_sudo.oms_code_failures, picking_sudo.oms_code_locked_until or None)
        right, after = check_code(picking_sudo.oms_pickup_code or "", code, tries, now)
        if after != tries:
            # Two at once write the same row: the database lets one wait, and Odoo runs it again on what the other wrote.
            picking_sudo.write(
                {"oms_code_failures": after.failures, "oms_code_locked_until": after.locked_until or False}
            )
        if right:
            return True, ""
        if after.is_locked(now):
            return False, self.env._("Too many wrong codes. Wait some minutes, or check an identity card.")
        return False, self.env._("This is not the code of this delivery. Ask the customer for the code of this order.")

    # ---------------------------------------------------------------------------------------------------- HAND-OVER

    def _oms_hand_over(self, quantities):
        """The customer takes ``{move: quantity in its unit}``; what is refused goes back to the shelf."""
        self.ensure_one()
        self._check_oms_can_be_handed_over()
        refused = {}
        moves = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        for move in moves:
            taken = quantities.get(move, move.quantity)
            if move.product_uom.compare(taken, 0) < 0 or move.product_uom.compare(taken, move.quantity) > 0:
                raise UserError(
                    self.env._(
                        "Between 0 and %(quantity)g of %(product)s can be handed over.",
                        quantity=move.quantity,
                        product=move.product_id.display_name,
                    )
                )
            if move.product_uom.compare(taken, move.quantity) < 0:
                refused[move] = move.quantity - taken
        order_sudo = self.sale_id.sudo()  # sudo: who works in a store may hand over, with what follows for the order
        words = ", ".join(f"{quantity:g} {move.product_id.display_name}" for move, quantity in refused.items())
        if len(refused) == len(moves) and not any(move.quantity > quantity for move, quantity in refused.items()):
            self._oms_put_back(self.env._("The customer refused %s at the counter.", words))
            return
        for move in moves:
            if move in refused:
                move.quantity -= refused[move]
            move.picked = bool(move.quantity)
        self.write({"oms_collected_at": fields.Datetime.now(), "oms_handed_by_id": self.env.uid})
        self.with_context(
            oms_hand_over=INSIDE,
            oms_called_off=INSIDE,
            skip_backorder=True,
            skip_sms=True,
            picking_ids_not_to_backorder=self.ids,
        )._oms_validate()
        self.oms_delivered_at = self.oms_collected_at
        self._oms_on_delivered()
        order_sudo._oms_notify("collected", self)
        if refused:
            order_sudo._oms_hold(
                "refund",
                self.env._(
                    "The customer refused %s at the counter, and it is back on the shelf. Reduce the order and give the "
                    "money back, then release.",
                    words,
                ),
            )

    # ------------------------------------------------------------------------------------------------------ NO-SHOW

    @api.model
    def _cron_oms_pickups(self):
        """Remind of goods that wait, and put back what nobody came for; a savepoint each, and nothing twice."""
        cron = self.env["ir.cron"]
        domain = [
            ("oms_ready_at", "!=", False),
            ("oms_collected_at", "=", False),
            ("oms_expired_at", "=", False),
            ("state", "not in", ("done", "cancel")),
        ]
        last_id = 0
        while pickings := self.search([*domain, ("id", ">", last_id)], order="id", limit=PICKUP_BATCH_MAX):
            last_id = pickings[-1].id
            for picking in pickings.try_lock_for_update():
                picking._oms_work_pickup()
            remaining = self.search_count([*domain, ("id", ">", last_id)], limit=10_000)
            if not cron._commit_progress(len(pickings), remaining=remaining):
                break

    def _oms_work_pickup(self):
        """Do what is due today about these goods; an error of one stops no other."""
        self.ensure_one()
        with on_its_own(self, self._oms_tell_unworked_pickup):
            node = self._oms_get_node()
            todo = due(
                node._oms_get_today(),
                node._oms_get_today(self.oms_ready_at),
                self.oms_pickup_by or node._oms_get_pickup_by(self.oms_ready_at),
                read_days(node.oms_reminder_days),
                self.oms_reminded,
            )
            if todo.expired:
                self._oms_expire()
            elif todo.reminder:
                self.oms_reminded = todo.reminder
                self.sale_id._oms_notify("pickup_reminder", self, key=f"reminder {todo.reminder}")

    def _oms_tell_unworked_pickup(self, error):
        self.sale_id._oms_hold(
            "stock", self.env._("The pickup %(name)s needs a person: %(error)s", name=self.name, error=error)
        )

    def _oms_expire(self):
        """Nobody came: back to the shelf, and the customer is told."""
        self.ensure_one()
        self.oms_expired_at = fields.Datetime.now()
        self._oms_put_back(
            self.env._("%(name)s was not picked up at %(store)s.", name=self.name, store=self._oms_get_node().name),
            keep_order=self._oms_get_node().oms_no_show == "hold",
        )
        self.sale_id.sudo()._oms_notify("pickup_expired", self)  # sudo: a store tells the customer of its own delivery

    def _oms_put_back(self, reason, keep_order=False):
        """Give up a hand-over: the goods are free again, no other place sends them, and the money is somebody's to give back.

        :param bool keep_order: leave the order as it is, and ask a clerk.
        """
        self.ensure_one()
        order_sudo = (
            self.sale_id.sudo()
        )  # sudo: who works in a store may end a pickup, with all that follows for the order
        packed_sudo = self.sudo()._oms_get_packed()  # sudo: as above
        self.with_context(oms_called_off=INSIDE).action_cancel()
        back_sudo = self.sudo()._oms_make_way_back(packed_sudo)  # sudo: as above
        if back_sudo:
            reason = self.env._(
                "%(reason)s The goods stand in %(place)s until %(transfer)s brings them back to the shelf.",
                reason=reason,
                place=back_sudo.location_id.display_name,
                transfer=back_sudo.name,
            )
        if keep_order:
            order_sudo._oms_hold(
                "stock",
                self.env._("%s Ask the customer; then source it again, or cancel and give the money back.", reason),
            )
            return
        goods = order_sudo.order_line.filtered(lambda line: line._is_oms_goods() and line.product_uom_qty > 0)
        others = order_sudo.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        if not others and not any(line._oms_get_left() > 0 for line in goods):
            order_sudo._oms_request_cancellation("customer", "system", reason)
            if order_sudo.state != "cancel":
                return  # booked already: the hold that stands now tells what to do with the money
            if not order_sudo.transaction_ids.filtered(lambda tx: tx.state == "done"):
                return
        if back_sudo:
            order_sudo._oms_hold("refund", self.env._("%s Give the money back.", reason))
            return
        order_sudo._oms_hold("refund", self.env._("%s The goods are back on the shelf: give the money back.", reason))

    def _oms_get_packed(self):
        """[(product, quantity in its unit)] of this delivery that was picked and stands apart from the shelves."""
        shelves = self.picking_type_id.warehouse_id.lot_stock_id
        return [
            (move.product_id, move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id))
            for move in self.move_ids
            if move.state not in ("done", "cancel") and move.quantity and not move.location_id._child_of(shelves)
        ]

    def _oms_make_way_back(self, packed):
        """A transfer by which the store brings these goods back to the shelf; nobody can be promised them before.

        :return: the transfer, empty when there is nothing to bring back.
        """
        self.ensure_one()
        if not packed:
            return self.browse()
        node = self.picking_type_id.warehouse_id
        if not node.int_type_id.active:  # as Odoo leaves it while nobody moves goods within a place
            node.int_type_id.active = True
        way = {"location_id": self.location_id.id, "location_dest_id": node.lot_stock_id.id}
        back = self.create(
            {
                **way,
                "picking_type_id": node.int_type_id.id,
                "company_id": self.company_id.id,
                "origin": self.name,
                "move_ids": [
                    Command.create(
                        {
                            **way,
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "product_uom": product.uom_id.id,
                            "company_id": self.company_id.id,
                        }
                    )
                    for product, quantity in packed
                ],
            }
        )
        back.action_confirm()
        back.action_assign()
        return back

    def _oms_get_wanted_moves(self):
        """Override: what the customer does not want (any more) need not be brought from elsewhere."""
        wanted = super()._oms_get_wanted_moves()
        return wanted.browse() if self.env.context.get("oms_called_off") is INSIDE else wanted

    # ------------------------------------------------------------------------------------------------------ HELPERS

    def _oms_get_node(self):
        """The place that this transfer leaves from."""
        self.ensure_one()
        return self.picking_type_id.warehouse_id or self.sale_id.warehouse_id

    def _check_oms_can_be_ready(self):
        """:raise UserError: when not all goods are there, or the order may not go."""
        self.ensure_one()
        if not self.oms_is_collected:
            raise UserError(self.env._("No customer comes for %s.", self.display_name))
        # A transfer with a part of its goods counts as assigned for Odoo, so its moves are asked.
        missing = self.move_ids.filtered(lambda move: move.state not in ("assigned", "done", "cancel"))
        if self.state != "assigned" or missing:
            raise UserError(
                self.env._(
                    "%(picking)s is not complete: %(products)s is not set aside. Check availability, or reject what is "
                    "not there.",
                    picking=self.display_name,
                    products=", ".join(missing.product_id.mapped("display_name")) or self.env._("everything"),
                )
            )
        self.sale_id._check_oms_not_on_hold()
        if self.oms_verify:
            self._check_oms_scanned()

    def _check_oms_can_be_handed_over(self):
        """:raise UserError: when it was handed over or put back already, or is not ready."""
        self.ensure_one()
        if self.state in ("done", "cancel"):
            raise UserError(self.env._("%s is finished already.", self.display_name))
        if not self.oms_ready_at:
            raise UserError(self.env._("%s is not ready.", self.display_name))

from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.alone import leave_task
from odoo.addons.oms_core.const import INSIDE

#: A vendor names no later day than in so many.
EXPECTED_MAX_DAYS = 366


class PurchaseOrder(models.Model):
    """What a vendor sends to our customer: it accepts, rejects, and tells what it has sent."""

    _inherit = "purchase.order"

    oms_is_dropship = fields.Boolean(compute="_compute_oms_is_dropship")
    oms_vendor_tracking = fields.Char(string="Vendor's Tracking Number", copy=False)

    def _compute_oms_is_dropship(self):
        for purchase in self:
            purchase.oms_is_dropship = bool(purchase._is_dropshipped())

    def action_oms_vendor_accept(self, expected_at=None):
        """The vendor will send it, when it says so by ``expected_at``."""
        self.check_access("write")
        for purchase in self:
            purchase._check_oms_dropship()
            if expected_at:
                purchase.order_line.date_planned = expected_at
            if purchase.state in ("draft", "sent", "to approve"):
                purchase.button_confirm()
            # sudo: a buyer need not be allowed to see the orders that wait for what is bought
            purchase.sudo().order_line.sale_line_id._oms_follow_vendors()

    def action_oms_vendor_reject(self):
        """The vendor will not send what it has not sent yet: the next one is asked."""
        self.check_access("write")
        for purchase in self:
            purchase._oms_vendor_reject({line: line._oms_get_open() for line in purchase.order_line})

    def action_oms_vendor_reject_ask(self):
        """Ask how much the vendor rejects, and why."""
        self.ensure_one()
        self.check_access("write")
        self._check_oms_dropship()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vendor Rejects"),
            "res_model": "oms.vendor.reject",
            "view_mode": "form",
            "target": "new",
            "context": {"default_purchase_id": self.id},
        }

    def _oms_vendor_reject(self, quantities, reason=""):
        """Take off this order what its vendor will not send, and ask the next vendor for it.

        :param quantities: {line: how much of it, in its unit}
        """
        self.ensure_one()
        self._check_oms_dropship()
        quantities = {line: quantity for line, quantity in quantities.items() if quantity > 0}
        if not quantities:
            raise UserError(self.env._("Everything of %s is sent or called off already.", self.name))
        for line, quantity in quantities.items():
            self._check_oms_open(line, quantity)
        # sudo: a buyer need not be allowed to see the orders that wait for what is bought
        rejected_sudo = (
            self.env["oms.vendor.rejection"]
            .sudo()
            .create(
                [
                    {
                        "sale_line_id": line.sudo().sale_line_id.id,  # sudo: as above
                        "purchase_id": self.id,
                        "partner_id": self.partner_id.id,
                        "product_id": line.product_id.id,
                        "quantity": line.product_uom_id._compute_quantity(quantity, line.product_id.uom_id),
                        "reason": reason or False,
                        "user_id": self.env.uid,
                    }
                    for line, quantity in quantities.items()
                    if line.sudo().sale_line_id  # sudo: as above
                ]
            )
        )
        called_off = self.with_context(oms_called_off=INSIDE)
        goods = self.order_line.filtered(lambda line: not line.display_type)
        if all(line.product_uom_id.compare(line.product_qty, quantities.get(line, 0.0)) <= 0 for line in goods):
            called_off.filtered("locked").button_unlock()
            called_off.button_cancel()
        else:
            for line, quantity in quantities.items():
                line.with_context(oms_called_off=INSIDE).product_qty = line.product_qty - quantity
        rejected_sudo.sale_line_id._oms_ask_next_vendor(rejected_sudo)

    def action_oms_vendor_shipped(self, tracking=None):
        """The vendor has sent all of it."""
        self.check_access("write")
        for purchase in self:
            purchase._oms_vendor_ship(tracking)

    def _oms_vendor_ship(self, tracking=None, quantities=None):
        """What the vendor has sent has left; the rest is still to come.

        :param quantities: {line: how much of it, in its unit}; ``None`` for all that is open.
        """
        self.ensure_one()
        self._check_oms_dropship()
        if self.state != "purchase":
            self.action_oms_vendor_accept()
        moves = self.picking_ids.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        if not moves:
            raise UserError(self.env._("Everything of %s is sent or called off already.", self.name))
        sent = {move: move.product_uom_qty for move in moves} if quantities is None else self._oms_get_sent(quantities)
        for move in moves:
            move.quantity = sent.get(move, 0.0)
            move.picked = bool(sent.get(move))
        pickings = moves.filtered("picked").picking_id
        # What the buyer typed beforehand is of all that is sent; of several parcels each has its own number, or none.
        number = self.oms_vendor_tracking if tracking is None else tracking
        if number:
            pickings.carrier_tracking_ref = number
            if quantities is None:
                self.oms_vendor_tracking = number
        pickings.with_context(skip_backorder=True, skip_expired=True)._oms_validate()

    def _oms_get_sent(self, quantities):
        """{move: how much of it has left, in its unit}; of what is not moved as it was bought (a kit), all or nothing.

        :param quantities: {line: how much of it was sent, in its unit}
        """
        sent = {}
        for line, quantity in quantities.items():
            is_all = self._check_oms_open(line, quantity) == 0
            moves = line.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
            if not is_all and moves.product_id != line.product_id:
                raise UserError(
                    self.env._("“%s” is sent in several pieces: all of it or nothing.", line.product_id.display_name)
                )
            left = quantity
            for move in moves:
                open_here = move.product_uom._compute_quantity(move.product_uom_qty, line.product_uom_id, round=False)
                taken = min(left, open_here)
                sent[move] = (
                    move.product_uom_qty
                    if is_all
                    else line.product_uom_id._compute_quantity(taken, move.product_uom, rounding_method="HALF-UP")
                )
                left -= taken
        if not any(sent.values()):
            raise UserError(self.env._("Say how much of %s was sent.", self.name))
        return sent

    def _check_oms_open(self, line, quantity):
        """Compare with what the vendor has still to send of a line.

        :return: 0 for all of it, -1 for less.
        :raise UserError: when it is more.
        """
        compared = line.product_uom_id.compare(quantity, line._oms_get_open())
        if compared > 0:
            raise UserError(
                self.env._(
                    "Of “%(product)s” only %(open)s are still to be sent.",
                    product=line.product_id.display_name,
                    open=line._oms_get_open_digits(),
                )
            )
        return compared

    # ---------------------------------------------------------------------------------------------- THE VENDOR'S PAGE

    def _oms_get_vendor_steps(self):
        """What the vendor may answer now on its page: nothing before it was asked, nor after all has left."""
        self.ensure_one()
        if not self.oms_is_dropship or not any(line._oms_get_open() for line in self.order_line):
            return ()
        return {"sent": ("accept", "reject"), "purchase": ("sent", "reject")}.get(self.state, ())

    def _oms_get_vendor_basis(self):
        """The order in short, as the page shows it: what was answered to another one is not done."""
        self.ensure_one()
        return ",".join([self.state, *(f"{line.id}={line._oms_get_open_digits()}" for line in self.order_line)])

    def _oms_check_vendor_answer(self, step, basis, quantities, words):
        """Refuse what the vendor can put right by itself; the parameters are those of :meth:`_oms_vendor_answer`.

        :param basis: what :meth:`_oms_get_vendor_basis` was when the page was shown.
        :raise UserError: a sentence for the vendor.
        """
        self.ensure_one()
        if step not in self._oms_get_vendor_steps() or basis != self._oms_get_vendor_basis():
            raise UserError(self.env._("Meanwhile this order has changed. Please look at it again."))
        if step == "accept":
            self._oms_read_expected(words["expected_on"])
            return
        if not quantities:
            raise UserError(self.env._("Say how much of %s you mean.", self.name))
        for line, quantity in quantities.items():
            self._check_oms_open(line, quantity)

    def _oms_vendor_answer(self, step, quantities, words):
        """Do what the vendor says on its page, and write down that it did.

        :param step: ``accept``, ``sent`` or ``reject``.
        :param quantities: {line: how much of it, in its unit}; for acceptance all of it is meant.
        :param words: ``expected_on``, ``tracking`` and ``reason``, each a text that may be empty.
        :return: what was done, a sentence for the vendor.
        :raise UserError: a sentence for the vendor, and for the buyer, who has to do something about it.
        """
        self.ensure_one()
        goods = self._oms_name_goods(quantities)
        if step == "accept":
            day = self._oms_read_expected(words["expected_on"])
            self.action_oms_vendor_accept(self.order_line[:1]._convert_to_middle_of_day(day))
            told = self.env._("The vendor sends it, so that it arrives on %s.", day)
            done = (
                self.env._("Thank you. Tell us here when it has left.")
                if self.state == "purchase"
                else self.env._("Thank you. Please wait for our confirmation before you send it.")
            )
        elif step == "sent":
            tracking = words["tracking"]
            self._oms_vendor_ship(tracking, quantities)
            told = self.env._("The vendor has sent %(goods)s, %(tracking)s.", goods=goods, tracking=tracking or "–")
            done = self.env._("Thank you. We tell our customer that it is on its way.")
        else:
            reason = words["reason"]
            self._oms_vendor_reject(quantities, reason)
            told = self.env._("The vendor does not send %(goods)s: %(reason)s", goods=goods, reason=reason or "–")
            done = self.env._("Thank you. Please do not send it any more: we find another way.")
        user = self.env.user
        author = user.partner_id if not user._is_public() else self.partner_id
        self.message_post(body=told, author_id=author.id, subtype_xmlid="mail.mt_note")
        self.activity_ids.filtered(lambda task: task.summary == self._oms_get_vendor_task(step)).action_feedback(
            feedback=told
        )
        return done

    def _oms_tell_answer_refused(self, step, quantities, words, error):
        """The buyer hears of an answer that could not be done: nobody else can do anything about it."""
        self.ensure_one()
        said = [self._oms_name_goods(quantities), *words.values()]
        text = self.env._(
            "%(vendor)s answered on the page of its order (%(said)s), and it could not be done: %(error)s",
            vendor=self.partner_id.display_name,
            said=", ".join(filter(None, said)) or "–",
            error=error,
        )
        # Never who asks: that is the vendor.
        responsible = self.user_id or self.order_line.sale_line_id.order_id.oms_channel_id[:1].user_id
        leave_task(self, self._oms_get_vendor_task(step), text, responsible or self.env.ref("base.user_root"))

    def _oms_get_vendor_task(self, step):
        """How the task is called that an answer of the vendor leaves which could not be done."""
        # In the buyer's language, not that of who asks.
        env = self.with_context(lang=self.user_id.lang or self.company_id.partner_id.lang).env
        return {
            "accept": env._("The vendor could not accept"),
            "sent": env._("The vendor could not say what it has sent"),
            "reject": env._("The vendor could not reject"),
        }[step]

    def _oms_name_goods(self, quantities):
        return ", ".join(f"{quantity:g} × {line.product_id.display_name}" for line, quantity in quantities.items())

    def _oms_read_expected(self, text):
        today = fields.Date.context_today(self.with_context(tz=self.get_order_timezone().zone))
        try:
            day = fields.Date.to_date(text)
        except ValueError:
            day = None
        if not day or not today <= day <= today + timedelta(days=EXPECTED_MAX_DAYS):
            raise UserError(self.env._("Enter the day on which it arrives, from today on and within a year."))
        return day

    def _check_oms_dropship(self):
        self.ensure_one()
        if not self.oms_is_dropship:
            raise UserError(self.env._("%s is not sent to a customer by its vendor.", self.display_name))
        if self.state == "cancel":
            raise UserError(self.env._("%s is cancelled.", self.display_name))


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    def write(self, vals):
        """Override of ``purchase``: another day that the vendor says is another day for the customer."""
        result = super().write(vals)
        if "date_planned" in vals:
            # sudo: a buyer need not be allowed to see the orders that wait for what is bought
            confirmed_sudo = self.sudo().filtered(lambda line: line.state == "purchase" and line._is_dropshipped())
            confirmed_sudo.sale_line_id._oms_follow_vendors()
        return result

    def _oms_get_open(self):
        """How much of this line the vendor has still to send, in its unit."""
        self.ensure_one()
        if self.display_type:
            return 0.0
        return max(self.product_uom_id.round(self.product_qty - self.qty_received), 0.0)

    def _oms_get_open_digits(self):
        """The same with all its digits, as fields of a form have it."""
        return f"{Decimal(repr(self._oms_get_open())).normalize():f}"

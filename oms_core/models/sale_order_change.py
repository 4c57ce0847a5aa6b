"""What changing an order needs: whether it is still possible, amounts that follow, transfers that follow."""

import hashlib
from contextlib import contextmanager
from decimal import Decimal

from odoo import fields, models

from ..const import COLLECTED_METHODS, LABEL_MAY_EXIST
from ..domain.changes import Facts, allowed_changes
from ..domain.money import share
from ..domain.timeline import Event, cut


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_change_ids = fields.One2many("oms.order.change", "order_id", string="Changes")

    def action_oms_change(self):
        """The change that is being looked at, or a new one."""
        self.ensure_one()
        self.check_access("write")
        standing = self.oms_change_ids.filtered(lambda change: change.state == "proposed")[:1]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change %s", self.display_name),
            "res_model": "oms.order.change",
            "res_id": standing.id,
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    # ------------------------------------------------------------------------------------------------ WHAT IS POSSIBLE

    def _oms_get_allowed_changes(self, asked_by="customer"):
        """What ``asked_by`` may still change on this order.

        :return: {kind: (allowed, reason code, sentence)} for the kinds of ``domain.changes.KINDS``.
        """
        self.ensure_one()
        verdicts = allowed_changes(self._oms_get_change_facts(asked_by), fields.Datetime.now())
        return {kind: (verdict.allowed, verdict.code, verdict.sentence) for kind, verdict in verdicts.items()}

    def _oms_get_change_facts(self, asked_by):
        order_sudo = self.sudo()  # sudo: customers and clerks may know how far the warehouse is
        deliveries = order_sudo._oms_get_open_deliveries()
        started = deliveries.filtered(lambda picking: picking._oms_is_started())
        left = order_sudo.picking_ids.filtered(
            lambda picking: picking.state == "done" and picking.picking_type_code == "outgoing"
        )
        standing = order_sudo._oms_get_standing()
        return Facts(
            by=asked_by,
            policy=order_sudo.oms_channel_id.change_policy or "picking",
            state="draft" if self.state == "sent" else self.state,
            method=self.oms_delivery_method or "ship",
            window_ends=self._oms_get_window_end(),
            started=", ".join(started.mapped("name")),
            labelled=", ".join(deliveries.filtered(lambda picking: picking._oms_is_labelled()).mapped("name")),
            left=", ".join(left.mapped("name")),
            all_left=bool(standing) and all(line.open <= 0 for line in standing),
            booked=", ".join(
                move.name
                for move in self._oms_get_booked()
                if move.move_type == "out_invoice" and not left  # what was invoiced with its parcel stays as it is
            ),
            from_channel=bool(self.oms_external_id),
        )

    def _oms_get_window_end(self):
        """When the order goes on by itself; ``None`` if nothing keeps it."""
        return self.oms_release_at or None if "oms_release_at" in self._fields else None

    def _oms_get_open_deliveries(self):
        return self.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))

    def _oms_get_basis(self):
        """The order in short, to see whether it changed under a change."""
        self.ensure_one()
        facts = [
            (line.id, line.product_id.id, line.product_uom_qty, line.price_unit, line._oms_get_shipped())
            for line in self.order_line.sorted("id")
        ]
        rest = (
            self.state,
            self.partner_shipping_id.id,
            self.oms_delivery_method,
            self.oms_pickup_warehouse_id.id,
            self.oms_content_hash,
        )
        return hashlib.sha256(repr((facts, rest)).encode()).hexdigest()[:32]

    def _oms_is_changed_here(self):
        """Whether a change was applied here, or a part called off, which what the channel says of the order may not know of."""
        return any(change.state == "applied" for change in self.oms_change_ids) or any(
            not record.whole and record.asked_by != "channel" and record.state != "too_late"
            for record in self.oms_cancellation_ids
        )

    def _oms_total_differs(self):
        """Override: the total of an applied change was accepted with it, and that of what was called off in part."""
        if not super()._oms_total_differs():
            return False
        accepted = self.oms_change_ids.mapped("accepted_totals") + self.oms_cancellation_ids.mapped("accepted_totals")
        return self._oms_get_totals() not in accepted

    # -------------------------------------------------------------------------------------------------------- TIMELINE

    def _oms_timeline_events(self):
        """Override to tell what was to be changed, and what came of that. New addresses stand on the change alone."""
        yield from super()._oms_timeline_events()
        changes = self.env["oms.order.change"].search_fetch(
            [("order_id", "in", self.ids)],
            [
                *("order_id", "kind", "state", "asked_by", "note", "user_id", "outcome"),
                *("requested_at", "decided_at", "decided_by_id"),
            ],
        )
        people = dict(changes._fields["asked_by"]._description_selection(self.env))
        kinds = dict(changes._fields["kind"]._description_selection(self.env))
        for change in changes:
            words = {"who": people[change.asked_by], "what": kinds[change.kind].lower()}
            sentence = self.env._("%(who)s: change the %(what)s.", **words)
            yield change.order_id.id, Event(change.requested_at, "change", sentence, self._oms_who(change.user_id))
            if not change.decided_at:
                continue
            who = self._oms_who(change.decided_by_id)
            match change.state:
                case "applied":
                    sentence = self.env._("Changed: %(what)s.", **words)
                case "refused":
                    sentence = self.env._("Not changed: %(what)s. %(why)s", why=cut(change.outcome or ""), **words)
                case _:
                    sentence = self.env._("Not changed after all: %(what)s.", **words)
            told = change.state == "applied" or change.asked_by == "customer"
            yield change.order_id.id, Event(change.decided_at, "change", sentence, who, "", told)

    # -------------------------------------------------------------------------------------------------------- APPLYING

    @contextmanager
    def _oms_unlocked(self):
        """Odoo changes nothing on a locked order; what was decided is changed all the same, and locked again."""
        locked = self.filtered("locked")
        locked.action_unlock()
        yield
        locked.action_lock()

    def _oms_set_delivery_address(self, values):
        """Send what has not left to another address, which is new: the ones on file may serve other orders.

        :param values: of ``res.partner``.
        """
        self.ensure_one()
        # sudo: also a customer may correct where the own parcel goes, without any right to contacts
        address_sudo = (
            self.env["res.partner"].sudo().create({**values, "type": "delivery", "parent_id": self.partner_id.id})
        )
        deliveries_sudo = self.sudo()._oms_get_open_deliveries()
        # What comes from a vendor names the vendor there, and where it goes on its moves alone.
        deliveries_sudo.filtered(lambda picking: picking.location_id.usage != "supplier").partner_id = address_sudo
        deliveries_sudo.move_ids.partner_id = address_sudo
        # Odoo would ask somebody to update the transfers, which has just been done, and map the taxes anew.
        self.with_context(mail_activity_automation_skip=True).write(
            {"partner_shipping_id": address_sudo.id, "fiscal_position_id": self.fiscal_position_id.id}
        )
        return address_sudo

    def _oms_set_delivery_method(self, method, warehouse):
        """Deliver in another way; open transfers are called off, and the goods asked for anew."""
        self.ensure_one()
        collected = method in COLLECTED_METHODS
        self.write({"oms_delivery_method": method, "oms_pickup_warehouse_id": warehouse.id if collected else False})
        if self.state == "sale":
            # sudo: who may change an order may have its goods come from elsewhere
            moves_sudo = self.sudo()._oms_get_open_deliveries().move_ids
            moves_sudo.filtered(lambda move: move.state not in ("done", "cancel"))._action_cancel()
            # For those who decide nothing themselves; a written warehouse stays until the product or the routes change.
            self.order_line.warehouse_id = self.oms_pickup_warehouse_id or self.warehouse_id
            with self._oms_unlocked():
                self._oms_source_again()

    def _oms_source_again(self):
        """Ask for what no transfer brings. Spokes that decide where it comes from do so before."""
        self.order_line._action_launch_stock_rule()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_set_quantity(self, quantity):
        """Change how much of this line is ordered; Odoo's transfers follow, and so do amounts that a channel charged.

        :param Decimal quantity: not less than what has left.
        """
        self.ensure_one()
        with self.order_id._oms_unlocked():
            self.write(
                {
                    "product_uom_qty": float(quantity),
                    # Anything but the price itself tells Odoo that the price is not its own to recompute.
                    "technical_price_unit": 0.0 if self.price_unit else 1.0,
                    **self._oms_scale_amounts(float(quantity)),
                }
            )

    def _oms_scale_amounts(self, quantity):
        """Price and pinned taxes of this line for another quantity: its exact share of what was charged.

        :return: values for the line, with the price it has now where nothing is pinned.
        """
        self.ensure_one()
        pinned = self.extra_tax_data or {}
        price = {"price_unit": self.price_unit}
        if "manual_tax_amounts" not in pinned or quantity <= 0 or not pinned.get("quantity"):
            return price
        old = self.product_uom_qty
        if old != pinned["quantity"] or self.currency_id.compare_amounts(self.price_unit, pinned["price_unit"]):
            return price  # changed by hand since: Odoo computes
        step = Decimal(str(self.currency_id.rounding))
        whole, part = Decimal(repr(old)), Decimal(repr(quantity))

        def scaled(amount):
            return float(share(Decimal(repr(amount)).quantize(step), whole, Decimal(0), part, step))

        base = scaled(pinned["manual_total_excluded_currency"])
        taxes = {
            tax: {"tax_amount_currency": scaled(amounts["tax_amount_currency"]), "base_amount_currency": base}
            for tax, amounts in pinned["manual_tax_amounts"].items()
        }
        included = sum(
            taxes[str(tax.id)]["tax_amount_currency"]
            for tax in self.tax_ids
            if tax.price_include and str(tax.id) in taxes
        )
        price_unit = (base + included) / quantity
        return {
            "price_unit": price_unit,
            "extra_tax_data": {
                **pinned,
                "quantity": quantity,
                "price_unit": price_unit,
                "manual_total_excluded_currency": base,
                "manual_tax_amounts": taxes,
            },
        }

    def _oms_base_line(self, quantity):
        """This line for Odoo's tax engine, as it would be with another quantity."""
        self.ensure_one()
        if quantity == self.product_uom_qty:
            return self._prepare_base_line_for_taxes_computation()
        return self._prepare_base_line_for_taxes_computation(quantity=quantity, **self._oms_scale_amounts(quantity))


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_is_started(self):
        """Whether somebody picks or packs this, or its label is made."""
        self.ensure_one()
        return bool(
            self.printed
            or self._oms_is_labelled()
            or self.move_line_ids.result_package_id
            or any(move.picked for move in self.move_ids if move.state != "cancel")
        )

    def _oms_is_labelled(self):
        """Whether the label of this is bought, or may be: the parcel goes where that says, whatever is written here."""
        self.ensure_one()
        return bool(
            self.carrier_tracking_ref
            or any(label.purpose == "out" and label.state in LABEL_MAY_EXIST for label in self.oms_label_ids)
        )


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    change_policy = fields.Selection(
        [
            ("picking", "Until somebody picks the order"),
            ("window", "Until the order is released"),
            ("none", "Never; customer service does it"),
        ],
        string="Customers May Change",
        required=True,
        default="picking",
        help="How long customers may change or cancel an order by themselves.",
    )

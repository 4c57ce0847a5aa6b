from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ..const import ASKED_BY, DELIVERY_METHODS

#: Fields of a new address, named as on ``res.partner``.
ADDRESS_FIELDS = ("name", "street", "street2", "zip", "city", "state_id", "country_id", "phone")


class OmsOrderChange(models.Model):
    """A change that somebody wants of an order: looked at first, then applied as a whole or not at all.

    One stands open for an order at a time. What was applied, refused or withdrawn is history and is never changed.
    """

    _name = "oms.order.change"
    _description = "Order Change"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True)
    kind = fields.Selection(
        [
            ("address", "Delivery address"),
            ("method", "Delivery method"),
            ("pickup", "Pickup place"),
            ("items", "Quantities and products"),
        ],
        required=True,
        default="items",
    )
    state = fields.Selection(
        [("proposed", "Proposed"), ("applied", "Applied"), ("refused", "Refused"), ("withdrawn", "Withdrawn")],
        required=True,
        default="proposed",
        readonly=True,
    )
    asked_by = fields.Selection(ASKED_BY, required=True, default="clerk")
    user_id = fields.Many2one("res.users", string="Entered By", readonly=True, default=lambda self: self.env.user)
    requested_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    decided_at = fields.Datetime(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    note = fields.Char(help="In the words of who asked.")
    # What it changes
    street = fields.Char()
    street2 = fields.Char()
    zip = fields.Char()
    city = fields.Char()
    state_id = fields.Many2one("res.country.state", string="Federal State", domain="[('country_id', '=', country_id)]")
    country_id = fields.Many2one("res.country")
    phone = fields.Char()
    name = fields.Char(string="Recipient")
    delivery_method = fields.Selection(DELIVERY_METHODS)
    pickup_warehouse_id = fields.Many2one(
        "stock.warehouse", string="Pick Up At", domain="[('company_id', '=', company_id)]"
    )
    line_ids = fields.One2many("oms.order.change.line", "change_id")
    # What comes of it
    basis = fields.Char(readonly=True, help="The order as it was when the change was asked for, in short.")
    amount_before = fields.Monetary(compute="_compute_preview", string="Total Now")
    amount_after = fields.Monetary(compute="_compute_preview", string="New Total")
    amount_difference = fields.Monetary(compute="_compute_preview", string="Difference")
    preview = fields.Text(compute="_compute_preview", string="What Happens")
    refusal = fields.Text(compute="_compute_preview", string="Why Not")
    total_shown = fields.Monetary(
        compute="_compute_total_shown",
        store=True,
        readonly=False,  # a screen says what it has shown
        help="The new total as it was when the change was entered, or looked at again: what it is applied for.",
    )
    total_before = fields.Monetary(readonly=True)
    total_after = fields.Monetary(readonly=True)
    accepted_totals = fields.Char(readonly=True, help="The order's and the channel's total after this change.")
    outcome = fields.Text(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(order_id) WHERE state = 'proposed'",
        "A change of this order is being looked at already. Apply or withdraw it first.",
    )

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends(
        "order_id", "kind", "state", "line_ids.quantity", "line_ids.sale_line_id", "line_ids.product_id",
        "delivery_method", "pickup_warehouse_id", "country_id", "street", "zip", "city", "asked_by",
    )  # fmt: skip
    def _compute_preview(self):
        for change in self:
            order = change.order_id._origin
            if not order or change.state != "proposed":
                change.amount_before, change.amount_after = change.total_before, change.total_after
                change.preview, change.refusal = change.outcome, False
            else:
                change.amount_before = order.amount_total
                change.amount_after = change._get_total_after() if change.kind == "items" else order.amount_total
                change.refusal = change._get_refusal() or False
                change.preview = change._get_preview() if not change.refusal else False
            change.amount_difference = change.amount_after - change.amount_before

    # Of nothing but the change itself: prices, taxes and rates of today are to be compared with it.
    @api.depends("order_id", "kind", "line_ids.quantity", "line_ids.sale_line_id", "line_ids.product_id")
    def _compute_total_shown(self):
        for change in self:
            order = change.order_id._origin
            if not order or change.state != "proposed":
                change.total_shown = change.total_after
            else:
                change.total_shown = change._get_total_after() if change.kind == "items" else order.amount_total

    def _get_refusal(self):
        """Why this change cannot be made, in one sentence; empty when it can."""
        self.ensure_one()
        order = self.order_id._origin
        verdict = order._oms_get_allowed_changes(self.asked_by)[self.kind]
        if not verdict[0]:
            return verdict[2]
        match self.kind:
            case "items":
                return self._get_refusal_of_items()
            case "address":
                if not (self.street and self.city and self.country_id):
                    return self.env._("Fill in street, town and country.")
                if self.country_id._origin != order._oms_get_delivery_country() and order.oms_external_id:
                    return self.env._(
                        "Another country would change the taxes that the channel charged. Cancel the order and take a new one."
                    )
            case "method" | "pickup":
                if self.kind == "method" and not self.delivery_method:
                    return self.env._("Choose how the customer wants the goods.")
                method = self.delivery_method if self.kind == "method" else order.oms_delivery_method
                if method in ("pickup", "curbside", "ship_to_store") and not self.pickup_warehouse_id:
                    return self.env._("Choose where the customer will come.")
        return ""

    def _get_refusal_of_items(self):
        order = self.order_id._origin
        rows = self.line_ids._filter_changed()
        if not rows:
            return self.env._("Say what to change.")
        for row in rows:
            line = row.sale_line_id._origin
            if row.quantity < 0:
                return self.env._("A quantity cannot be less than zero.")
            if not line:
                if self.asked_by == "customer":
                    return self.env._("More goods need a new payment: please place another order.")
                continue
            left = line._oms_get_left()
            if not row.product_id and line.product_uom_id.compare(row.quantity, left) < 0:
                return self.env._(
                    "%(left)g of “%(product)s” have left already; they have to come back as a return.",
                    left=left,
                    product=line.product_id.name,
                )
            if row.product_id and line.product_uom_id.compare(line.product_uom_qty, left) <= 0:
                return self.env._("All of “%s” has left already; there is nothing to replace.", line.product_id.name)
            if self.asked_by == "customer" and row.quantity > line.product_uom_qty:
                return self.env._("More goods need a new payment: please place another order.")
        if len(set(rows.sale_line_id.ids)) < len(rows.filtered("sale_line_id")):
            return self.env._("A line can be changed once only in a change.")
        if not order.order_line.filtered(
            lambda line: line._is_oms_goods() and line not in rows.sale_line_id._origin and line.product_uom_qty > 0
        ) and not any(row.quantity > 0 for row in rows):
            return self.env._("Nothing would be left of the order. Cancel it instead.")
        return ""

    def _get_preview(self):
        """What will happen, in sentences."""
        self.ensure_one()
        order = self.order_id._origin
        open_sudo = order.sudo()._oms_get_open_deliveries()  # sudo: a clerk may know what happens in the warehouse
        names = ", ".join(open_sudo.mapped("name"))
        parts = []
        if self.kind == "address" and names:
            parts.append(self.env._("%s go to the new address.", names))
        elif self.kind in ("method", "pickup") and names:
            parts.append(self.env._("%s are called off, and the goods are asked for anew.", names))
        elif self.kind == "items":
            parts += [row._get_sentence() for row in self.line_ids._filter_changed()]
            difference = self.currency_id.round(self.amount_after - self.amount_before)
            if difference < 0:
                parts.append(self.env._("%s are to be paid back.", self.currency_id.format(-difference)))
            elif difference > 0:
                parts.append(self.env._("%s are still to be paid.", self.currency_id.format(difference)))
        for picking in open_sudo.filtered(lambda picking: picking._oms_is_told()):
            parts.append(
                self.env._(
                    "%(place)s was told of %(picking)s already and is told of the change; what it has sent by then counts as "
                    "sent.",
                    place=picking.picking_type_id.warehouse_id.name,
                    picking=picking.name,
                )
            )
        return "\n".join(parts) or self.env._("Nothing of it is in the warehouse yet.")

    def _get_total_after(self):
        """The total as Odoo's tax engine will come to it."""
        self.ensure_one()
        order = self.order_id._origin
        taxes = self.env["account.tax"]
        rows = {row.sale_line_id._origin: row for row in self.line_ids if row.sale_line_id}
        base_lines = []
        for line in order._get_priced_lines():
            quantity = rows[line]._get_quantity_kept() if line in rows else line.product_uom_qty
            base_lines.append(line._oms_base_line(quantity))
        for row in self.line_ids.filtered(lambda row: row.product_id and row.quantity > 0):
            values = row._prepare_new_line()
            base_lines.append(
                taxes._prepare_base_line_for_taxes_computation(
                    None,
                    product_id=row.product_id,
                    tax_ids=taxes.browse(values["tax_ids"][0][2]),
                    price_unit=values["price_unit"],
                    quantity=row.quantity,
                    currency_id=order.currency_id,
                    partner_id=order.partner_id,
                    rate=order.currency_rate,
                )
            )
        taxes._add_tax_details_in_base_lines(base_lines, order.company_id)
        taxes._round_base_lines_tax_details(base_lines, order.company_id)
        totals = taxes._get_tax_totals_summary(
            base_lines=base_lines, currency=order.currency_id, company=order.company_id
        )
        return totals["total_amount_currency"]

    # --------------------------------------------------------------------------------------------------------- CRUD

    @api.model_create_multi
    def create(self, vals_list):
        changes = super().create(vals_list)
        for change in changes:
            change.basis = change.order_id._oms_get_basis()
        return changes

    def write(self, vals):
        if any(change.state != "proposed" for change in self):
            raise UserError(self.env._("A change that was decided is history. Ask for another one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("A change is history. Withdraw it instead of deleting it."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    @api.onchange("order_id", "kind")
    def _onchange_kind(self):
        """Start from what the order says now."""
        address = self.order_id.partner_shipping_id
        if self.kind == "address" and not self.street:
            for field in ADDRESS_FIELDS:
                self[field] = address[field]
        if self.kind in ("method", "pickup"):
            self.delivery_method = self.order_id.oms_delivery_method
            self.pickup_warehouse_id = self.order_id.oms_pickup_warehouse_id
        if self.kind != "items":
            self.line_ids = [fields.Command.clear()]
        elif not self.line_ids:
            goods = self.order_id.order_line.filtered(lambda line: line._is_oms_goods() and line.product_uom_qty > 0)
            self.line_ids = [
                fields.Command.create({"sale_line_id": line.id, "quantity": line.product_uom_qty}) for line in goods
            ]

    def action_open(self):
        """Look at a change in a dialog: as a page, Odoo shows none of the buttons by which it is decided."""
        self.ensure_one()
        self.check_access("read")
        return self._get_records_action(name=self.env._("Change %s", self.order_id.display_name), target="new")

    def action_apply(self):
        """Make the change, all of it or nothing."""
        self.check_access("write")
        for change in self:
            change._apply()
        return {"type": "ir.actions.act_window_close"}

    def action_refuse(self):
        """Do not make the change; the reason stays."""
        self.check_access("write")
        for change in self:
            change._finish("refused", change.refusal or self.env._("Refused by %s.", self.env.user.name))

    def action_withdraw(self):
        self.check_access("write")
        for change in self:
            change._finish("withdrawn", self.env._("Withdrawn by %s.", self.env.user.name))
        return {"type": "ir.actions.act_window_close"}

    def action_look_again(self):
        """Take the order as it is now for the basis of this change."""
        self.check_access("write")
        for change in self:
            change.write({"basis": change.order_id._oms_get_basis(), "total_shown": change.amount_after})
        return self._get_records_action(target="new", name=self.env._("Change"))

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _apply(self):
        """:raise UserError: when the order changed meanwhile, when the change is not possible (any more), or when
        somebody works on a delivery right now. Nothing has happened then."""
        self.ensure_one()
        order = self.order_id
        try:
            order._oms_lock_deliveries()
        except LockError as error:
            raise UserError(
                self.env._("Somebody is working on a delivery of this order right now. Try again in a moment.")
            ) from error
        if self.state != "proposed":
            raise UserError(self.env._("This change has been decided already."))
        if self.basis != order._oms_get_basis():
            raise UserError(
                self.env._(
                    "The order was changed by somebody else after this change was asked for. Look at it again, then apply it."
                )
            )
        if refusal := self._get_refusal():
            raise UserError(refusal)
        before, preview = order.amount_total, self._get_preview()
        expected = self.total_shown
        match self.kind:
            case "address":
                order._oms_set_delivery_address({name: self._get_value(name) for name in ADDRESS_FIELDS})
            case "method":
                order._oms_set_delivery_method(self.delivery_method, self.pickup_warehouse_id)
            case "pickup":
                order._oms_set_delivery_method(order.oms_delivery_method, self.pickup_warehouse_id)
            case "items":
                changed = self.line_ids._filter_changed()
                (self.line_ids - changed).unlink()  # what stays as it was is no part of the history
                changed._apply()
        if self.currency_id.compare_amounts(order.amount_total, expected):
            raise UserError(
                self.env._(
                    "The order would come to %(real)s instead of the %(shown)s that were shown. Nothing was changed. Look at it "
                    "again, then apply it.",
                    real=self.currency_id.format(order.amount_total),
                    shown=self.currency_id.format(expected),
                )
            )
        self.write(
            {
                "total_shown": expected,  # its rows are fewer now
                "total_before": before,
                "total_after": order.amount_total,
                "accepted_totals": order._oms_get_totals() if order.oms_external_id else False,
            }
        )
        self._finish("applied", preview)
        order._oms_notify("changed", key=f"change:{self.id}")

    def _get_value(self, name):
        value = self[name]
        return value.id if isinstance(value, models.BaseModel) else value

    def _finish(self, state, outcome):
        if self.state != "proposed":
            raise UserError(self.env._("This change has been decided already."))
        label = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        decided = dict(self._fields["state"]._description_selection(self.env))[state]
        self.write(
            {
                "outcome": outcome,
                "decided_at": fields.Datetime.now(),
                "decided_by_id": self.env.uid,
                "state": state,
            }
        )
        self.flush_recordset(["state"])  # or the next change of the order could not be asked for in this transaction
        self.order_id.message_post(
            body=self.env._("%(kind)s, %(state)s: %(outcome)s", kind=label, state=decided, outcome=outcome or "")
        )


class OmsOrderChangeLine(models.Model):
    """One row of a change of items: a line with a new quantity, a new product, or a product in the place of a line."""

    _name = "oms.order.change.line"
    _description = "Changed Item"

    change_id = fields.Many2one("oms.order.change", required=True, index=True, ondelete="cascade")
    order_id = fields.Many2one(related="change_id.order_id")
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Line",
        index=True,
        ondelete="cascade",
        domain="[('order_id', '=', order_id), ('display_type', '=', False)]",
    )
    ordered = fields.Float(related="sale_line_id.product_uom_qty", string="Ordered")
    product_id = fields.Many2one(
        "product.product",
        string="New Product",
        domain="[('sale_ok', '=', True)]",
        help="With a line: takes the place of what has not left of it, at the lower of both prices. Without: is added.",
    )
    quantity = fields.Float(string="New Quantity", digits="Product Unit", default=1.0)

    def write(self, vals):
        if any(row.change_id.state != "proposed" for row in self):
            raise UserError(self.env._("A change that was decided is history. Ask for another one."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if any(row.change_id.state != "proposed" for row in self):
            raise UserError(self.env._("A change that was decided is history. Ask for another one."))

    @api.onchange("sale_line_id")
    def _onchange_sale_line_id(self):
        if self.sale_line_id:
            self.quantity = self.sale_line_id.product_uom_qty

    def _filter_changed(self):
        """The rows that say something: a screen starts with all lines of the order, as they are."""
        return self.filtered(
            lambda row: (
                row.product_id
                or (row.sale_line_id and row.sale_line_id.product_uom_id.compare(row.quantity, row.ordered) != 0)
            )
        )

    def _get_quantity_kept(self):
        """The quantity of the line after the change."""
        self.ensure_one()
        return self.sale_line_id._oms_get_left() if self.product_id else self.quantity

    def _get_sentence(self):
        line = self.sale_line_id
        if self.product_id and line:
            return self.env._(
                "“%(old)s” is replaced by %(quantity)g × “%(new)s”, each at %(price)s.",
                old=line.product_id.name,
                quantity=self.quantity,
                new=self.product_id.name,
                price=self.change_id.currency_id.format(self._prepare_new_line()["price_unit"]),
            )
        if self.product_id:
            return self.env._("%(quantity)g × “%(new)s” are added.", quantity=self.quantity, new=self.product_id.name)
        return self.env._(
            "“%(product)s”: %(new)g instead of %(old)g.",
            product=line.product_id.name,
            old=line.product_uom_qty,
            new=self.quantity,
        )

    def _prepare_new_line(self):
        """Values of the order line for a product that is added or takes another one's place."""
        self.ensure_one()
        order, product = self.change_id.order_id._origin, self.product_id._origin
        own_taxes = product.taxes_id._filter_taxes_by_company(order.company_id)
        taxes = order.fiscal_position_id.map_tax(own_taxes)
        if not taxes and any(line.tax_ids for line in order.order_line if line._is_oms_goods()):
            taxes = own_taxes  # a position without taxes maps everything to none, also where the order is taxed
        price = order.pricelist_id._get_product_price(
            product, self.quantity or 1.0, currency=order.currency_id, date=order.date_order
        )
        if line := self.sale_line_id._origin:
            taxes = line.tax_ids
            net_price = line.price_unit * (1 - (line.discount or 0.0) / 100)
            price = min(price, net_price)
        return {
            "order_id": order.id,
            "product_id": product.id,
            "product_uom_qty": self.quantity,
            "product_uom_id": product.uom_id.id,
            "price_unit": price,
            "technical_price_unit": 0.0 if price else 1.0,
            "discount": 0.0,
            "tax_ids": [fields.Command.set(taxes.ids)],
            "oms_kind": "product" if order.oms_channel_id else False,
        }

    def _apply(self):
        """Quantities first go down, then up, so that what one line gives back can serve another."""

        def gain(row):
            return row._get_quantity_kept() - row.sale_line_id.product_uom_qty if row.sale_line_id else 0.0

        for row in self.filtered("sale_line_id").sorted(gain):
            row.sale_line_id._oms_set_quantity(Decimal(repr(row._get_quantity_kept())))
        new = self.filtered(lambda row: row.product_id and row.quantity > 0)
        order = self.change_id.order_id
        with order._oms_unlocked():
            self.env["sale.order.line"].create([row._prepare_new_line() for row in new])

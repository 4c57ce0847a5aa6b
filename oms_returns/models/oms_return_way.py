"""How goods come back: to which place, with which label, and when they are expected."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.carriers.base import CarrierError
from odoo.addons.oms_core.const import TRACKING_STATES
from odoo.addons.oms_core.domain.tracking import Scan, add_working_days, derive

from ..const import HAND_IN_DAYS, OVERDUE_BATCH_MAX, TRANSIT_DAYS, WANTED_DAYS
from ..domain.arrivals import Node, arrival, propose_node

#: Scans that say that a parcel is under way.
UNDER_WAY = ("collected", "in_transit", "exception", "ready_for_pickup")


class OmsReturn(models.Model):
    _inherit = "oms.return"

    warehouse_id = fields.Many2one(
        compute="_compute_warehouse_id",
        store=True,
        readonly=False,
        help="Proposed: the place to which the way costs least, less what it saves where the goods are wanted. Empty: every "
        "line comes back to where it left.",
    )
    warehouse_reason = fields.Char(string="Why There", readonly=True, copy=False)
    label_ids = fields.Many2many("oms.shipment.label", compute="_compute_label_ids", compute_sudo=True)
    label_count = fields.Integer(string="Labels", compute="_compute_label_ids", compute_sudo=True)
    tracking_state = fields.Selection(TRACKING_STATES, string="Parcel", readonly=True, copy=False)
    arrived_at = fields.Datetime(string="Arrived", readonly=True, copy=False, help="When something of it came in last.")
    reminded_at = fields.Datetime(string="Reminded", readonly=True, copy=False)
    arrival = fields.Selection(
        [
            ("late", "Late"),
            ("today", "Expected today"),
            ("soon", "In the next days"),
            ("later", "Later"),
            ("arrived_today", "Arrived today"),
            ("arrived", "Arrived"),
        ],
        compute="_compute_arrival",
    )
    pieces_expected = fields.Float(
        string="Pieces to Come", digits="Product Unit", compute="_compute_expected", store=True, compute_sudo=True
    )
    value_expected = fields.Monetary(
        string="Value to Come",
        compute="_compute_expected",
        store=True,
        compute_sudo=True,
        currency_field="company_currency_id",
        help="At the prices it was sold for, without tax.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("order_id", "way")
    def _compute_warehouse_id(self):
        # sudo: as in _propose_node
        takers = self.env["stock.warehouse"].sudo().search([("oms_takes_returns", "=", True)]).company_id
        for record in self:
            open_choice = not record.warehouse_id and record.order_id and record.way not in ("store", "none")
            if not open_choice or record.company_id not in takers:
                record.warehouse_id = record.warehouse_id
                continue
            node, sentence = record._propose_node()
            record.warehouse_id = node.key if node else False
            record.warehouse_reason = sentence if node else False

    @api.depends("line_ids.move_ids.picking_id.oms_label_ids.state", "order_ids")
    def _compute_label_ids(self):
        """The labels for the way back: of its receipts, and those that lay in the parcels of its orders."""
        for record in self:
            pickings = record.picking_ids | record.order_ids.picking_ids
            labels = pickings.oms_label_ids.filtered(lambda label: label.purpose == "return")
            record.label_ids = labels.filtered(lambda label: label.state == "bought")
            record.label_count = len(record.label_ids)

    @api.depends("stage", "expected_at", "arrived_at")
    def _compute_arrival(self):
        today = fields.Date.context_today(self)
        for record in self:
            if record.stage in ("expected", "partial") and not (record.stage == "partial" and record._came_on(today)):
                state = "waiting"
            elif record.arrived_at:
                state = "in"
            else:
                record.arrival = False
                continue
            record.arrival = arrival(state, record._day(record.expected_at), today, record._day(record.arrived_at))

    def _came_on(self, day):
        return self._day(self.arrived_at) == day

    def _day(self, moment):
        return fields.Datetime.context_timestamp(self, moment).date() if moment else None

    @api.depends("state", "line_ids.quantity_missing", "line_ids.sale_line_id")
    def _compute_expected(self):
        for record in self:
            lines = record.line_ids if record.state == "open" else record.line_ids.browse()
            pieces = {
                line: line.product_uom_id._compute_quantity(line.quantity_missing, line.product_id.uom_id)
                for line in lines
                if line.quantity_missing > 0 and line.product_uom_id
            }
            record.pieces_expected = sum(pieces.values())
            record.value_expected = sum(quantity * line._get_company_price() for line, quantity in pieces.items())

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_authorize(self):
        """Override: say where and when it is expected."""
        result = super().action_authorize()
        for record in self.filtered(lambda record: not record.warehouse_id):
            places = (
                record.sudo().picking_ids.picking_type_id.warehouse_id
            )  # sudo: where it goes follows from the return
            if len(places) == 1:
                record.warehouse_id = places
        for record in self.filtered(lambda record: record.state == "open" and not record.expected_at):
            record.expected_at = record._guess_expected()
        return result

    def action_get_label(self):
        """Get a label for the way back, for the customer to print. What is bought already is not bought again."""
        self.ensure_one()
        self.check_access("write")
        self._get_labels()
        return self.action_view_labels()

    def action_void_label(self):
        """Give back labels of this return that nobody used."""
        self.ensure_one()
        self.check_access("write")
        labels_sudo = self.sudo().label_ids.filtered(  # sudo: labels have no writers of their own
            lambda label: label.picking_id in self.picking_ids
        )
        used = labels_sudo.filtered(lambda label: label.tracking_state in (*UNDER_WAY, "out_for_delivery", "delivered"))
        if not labels_sudo - used:
            raise UserError(self.env._("%s has no label that could be given back.", self.name))
        for label in labels_sudo - used:
            label._cancel()
        self.invalidate_recordset(["label_ids", "label_count"])

    def action_view_labels(self):
        self.ensure_one()
        return self.label_ids._get_records_action(name=self.env._("Labels for the Way Back"))

    # -------------------------------------------------------------------------------------------------------- LABELS

    def _get_labels(self):
        """The labels for the way back of what is expected; one that lay in the parcel serves as well.

        :return: the labels (``oms.shipment.label``)
        :raise UserError: when no carrier makes one, or not from where the customer is.
        """
        self.ensure_one()
        if self.state != "open" or not self._get_open_receipts_sudo():
            raise UserError(self.env._("Nothing is expected on %s. Authorize it first.", self.name))
        if self.label_ids:
            return self.label_ids
        for receipt_sudo in self._get_open_receipts_sudo():
            carrier_sudo = self._get_return_carrier(receipt_sudo)
            receipt_sudo.carrier_id = carrier_sudo
            receipt_sudo._oms_buy_return_label(carrier_sudo)
        self.invalidate_recordset(["label_ids", "label_count"])
        return self.label_ids

    def _get_return_carrier(self, receipt):
        """The delivery method for the way back: the one it came with, else the company's.

        :raise UserError: when none of them makes return labels, or not in the country of the customer.
        """
        company_sudo = self.company_id.sudo()  # sudo: whoever may return may have a label
        delivered_sudo = receipt.sudo().return_id.carrier_id  # sudo: the same
        offered = (delivered_sudo | company_sudo.oms_return_carrier_id).filtered(
            lambda carrier: carrier.oms_is_ours and carrier.can_generate_return
        )
        if not offered:
            raise UserError(
                self.env._(
                    "No carrier makes return labels for %s. Choose a carrier of returns in the settings, or send the customer "
                    "another label.",
                    self.name,
                )
            )
        fitting = offered.filtered(lambda carrier: carrier._match_address(self.partner_id))
        if not fitting:
            raise UserError(
                self.env._(
                    "%(carriers)s do not fetch parcels in %(country)s. Choose a carrier of returns that does, or let the "
                    "customer send it with another one.",
                    carriers=", ".join(offered.mapped("name")),
                    country=self.partner_id.country_id.name or self.env._("an unknown country"),
                )
            )
        return fitting[0]

    def _get_customer_label(self):
        """The label that a customer prints: bought when the customer asks for it, where we pay it.

        :return: an attachment; empty where nobody makes one.
        """
        self.ensure_one()
        if self.way not in ("mail", "pickup") or self.state != "open":
            return self.env["ir.attachment"]
        labels = self.label_ids
        if not labels and self.way == "mail" and self.label_paid_by == "merchant":
            try:
                labels = self._get_labels()
            except UserError:
                return self.env["ir.attachment"]
        return labels.attachment_id[:1]

    # -------------------------------------------------------------------------------------------------------- PLACES

    def _propose_node(self):
        """The best place for this return; see :func:`propose_node`. None where no place takes returns of others."""
        self.ensure_one()
        # sudo: which place is best follows from costs and stock of all places, of which nothing is shown
        nodes_sudo = self.env["stock.warehouse"].sudo().search(
            [("company_id", "=", self.company_id.id), ("oms_takes_returns", "=", True)]
        )  # fmt: skip
        if not nodes_sudo:
            return None, ""
        order_sudo = self.order_id.sudo()
        origin = order_sudo.picking_ids.filtered(lambda picking: picking.picking_type_code == "outgoing")[:1]
        country = (order_sudo.partner_shipping_id or order_sudo.partner_id).country_id
        near = nodes_sudo.filtered(lambda node: (node.partner_id.country_id or node.company_id.country_id) == country)
        wanted = self._get_wanted(near or nodes_sudo)
        flat = Decimal(repr(self.company_id.oms_return_label_cost))
        nodes = [
            Node(
                node.id,
                node.name,
                self._get_way_cost(origin, node, flat),
                wanted.get(node, Decimal(0)),
                node == origin.picking_type_id.warehouse_id,
            )
            for node in near or nodes_sudo
        ]
        return propose_node(nodes, Decimal(repr(self.company_id.oms_return_moving_cost)))

    def _get_way_cost(self, delivery, node, flat):
        """What a label from the customer to a place costs: by the rate card of the carrier, else what the company says."""
        carrier = delivery.carrier_id
        if not delivery or carrier.delivery_type != "oms_table":
            return flat
        request = delivery._oms_shipment_request(carrier, delivery._oms_parcels()[0][1], is_return=True)
        try:
            request = replace(request, receiver=carrier._oms_address(node.partner_id))
            quote = carrier._oms_adapter().rate(request)[0]
            price = carrier._oms_convert(quote.price, quote.currency, self.company_id.currency_id)
        except (CarrierError, UserError):
            return flat
        return Decimal(repr(price))

    def _get_wanted(self, nodes):
        """{place: pieces of this return that it sold in the last weeks and has no more of}"""
        lines = self.line_ids.filtered(lambda line: line.product_id.is_storable)
        back = {}
        for line in lines:
            back[line.product_id] = back.get(line.product_id, 0.0) + line.quantity
        if not back:
            return {}
        products = self.env["product.product"].browse([product.id for product in back])
        sold = {}
        # sudo: as in _propose_node
        for kind, product, quantity in self.env["stock.move"].sudo()._read_group(
            [
                ("product_id", "in", products.ids),
                ("picking_type_id", "in", nodes.out_type_id.ids),
                ("location_dest_id.usage", "=", "customer"),
                ("state", "=", "done"),
                ("date", ">", fields.Datetime.now() - timedelta(days=WANTED_DAYS)),
            ],
            ["picking_type_id", "product_id"],
            ["quantity:sum"],
        ):  # fmt: skip
            sold[kind.warehouse_id, product] = quantity
        snapshot = self.env["oms.availability"].sudo()._snapshot(products, nodes)
        wanted = {}
        for node in nodes:
            pieces = Decimal(0)
            for product, quantity in back.items():
                short = Decimal(repr(sold.get((node, product), 0.0))) - snapshot.available(node.id, product.id)
                pieces += min(max(short, Decimal(0)), Decimal(repr(quantity)))
            wanted[node] = pieces
        return wanted

    # ---------------------------------------------------------------------------------------------------- EXPECTED

    def _guess_expected(self):
        """When it is likely to be there: at once in a store; by mail after the customer took it to the carrier."""
        self.ensure_one()
        now = fields.Datetime.now()
        if self.way in ("store", "none"):
            return now
        days = max(self.order_ids.picking_ids.carrier_id.mapped("oms_transit_days") or [0]) or TRANSIT_DAYS
        return add_working_days(now + timedelta(days=HAND_IN_DAYS), days)

    def _set_parcel(self, state, expected=None):
        """What the carrier tells of the parcel that comes back."""
        for record in self:
            values = {"tracking_state": state} if state and state != record.tracking_state else {}
            if expected:
                values["expected_at"] = expected
            elif values and state in UNDER_WAY and record.tracking_state not in UNDER_WAY:
                values["expected_at"] = add_working_days(fields.Datetime.now(), TRANSIT_DAYS)
            elif values and state in ("out_for_delivery", "delivered"):
                values["expected_at"] = fields.Datetime.now()
            if values:
                record.write(values)

    # ------------------------------------------------------------------------------------------------------- OVERDUE

    @api.model
    def _cron_overdue(self):
        """Remind customers of what was expected and has not come, once; close what will not come any more."""
        cron = self.env["ir.cron"]
        for (company,) in self._read_group([("stage", "in", ("expected", "partial"))], ["company_id"]):
            for days, domain, work in (
                (company.oms_return_close_days, [("stage", "=", "expected")], type(self)._close_overdue),
                (
                    company.oms_return_remind_days,
                    [("stage", "in", ("expected", "partial")), ("reminded_at", "=", False)],
                    type(self)._remind,
                ),
            ):
                if days <= 0:
                    continue
                before = fields.Datetime.now() - timedelta(days=days)
                due = [*domain, ("company_id", "=", company.id), ("state", "=", "open"), ("expected_at", "<", before)]
                last_id = 0
                while batch := self.search([*due, ("id", ">", last_id)], order="id", limit=OVERDUE_BATCH_MAX):
                    last_id = batch[-1].id
                    for record in batch.try_lock_for_update(allow_referencing=True):
                        with on_its_own(record, record._tell_overdue):
                            work(record)
                    if not cron._commit_progress(len(batch)):
                        return

    def _remind(self):
        """Ask the customer once for what has not come. One that is under way is not asked for."""
        self.ensure_one()
        self.reminded_at = fields.Datetime.now()
        if self.tracking_state in (*UNDER_WAY, "out_for_delivery", "delivered"):
            return
        self._notify_customer("return_reminder", new=self._get_window_end())  # once, whoever reminds
        missing = self.line_ids._in_words(lambda line: line.quantity_missing)
        self.message_post(body=self.env._("Overdue, and the customer was asked for it: %s.", missing))

    def _close_overdue(self):
        """Nothing came and nothing is under way: it is closed, and can be reopened."""
        self.ensure_one()
        if self.tracking_state in (*UNDER_WAY, "out_for_delivery", "delivered"):
            return
        if any(line.quantity_settled > 0 for line in self.line_ids):
            return  # paid before it came: a person has to ask for it
        self.action_close()

    def _tell_overdue(self, error):
        self.message_post(body=self.env._("It is overdue and could not be reminded or closed: %s", str(error)))


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_return_ways(self):
        """How goods of this order can come back: ``[(way, places)]``. Stores are those of the company."""
        self.ensure_one()
        # sudo: customers choose a store, of which they see the name and address
        stores_sudo = self.env["stock.warehouse"].sudo().search(
            [("company_id", "=", self.company_id.id), ("oms_node_type", "=", "store")]
        )  # fmt: skip
        nowhere = stores_sudo.browse()
        ways = [("mail", nowhere)]
        if stores_sudo:
            ways.append(("store", stores_sudo))
        return ways


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_update_tracking(self, expected=None):
        """Override of ``oms_core``: scans of labels for the way back tell where a return is."""
        result = super()._oms_update_tracking(expected)
        # sudo: carriers tell it, and no user has to be there
        incoming = self.sudo().filtered(lambda picking: picking.picking_type_code == "incoming")
        if incoming:
            events = self.env["oms.tracking.event"].sudo().search([("picking_id", "in", incoming.ids)])
            for label, scans in events.grouped("label_id").items():
                label._set_tracking(derive(Scan(event.at, event.state or "") for event in scans).state)
            for picking in incoming:
                moment = (expected or {}).get(picking.with_env(self.env)) or (expected or {}).get(picking)
                if moment and picking.state not in ("done", "cancel"):
                    picking.move_ids.oms_return_line_id.return_id._set_parcel(None, moment)
        return result

    def _action_done(self):
        """Override of ``stock``: something of a return came in."""
        result = super()._action_done()
        # sudo: whoever receives goods may say that they are there
        returns_sudo = self.filtered(
            lambda picking: picking.state == "done"
        ).move_ids.oms_return_line_id.return_id.sudo()
        if returns_sudo:
            returns_sudo.arrived_at = fields.Datetime.now()
        return result


class OmsShipmentLabel(models.Model):
    _inherit = "oms.shipment.label"

    def _set_tracking(self, state):
        """Override of ``oms_core``: what the carrier tells of a label for the way back is told on the return."""
        result = super()._set_tracking(state)
        if self and self.purpose == "return":
            self._get_returns()._set_parcel(state)
        return result

    def _get_returns(self):
        """The returns that are sent with this label: of its receipt; of a label from the parcel, the open one of its
        order."""
        self.ensure_one()
        picking_sudo = self.sudo().picking_id.exists()  # sudo: carriers tell it
        returns = picking_sudo.move_ids.oms_return_line_id.return_id
        return returns or picking_sudo.sale_id.oms_return_ids.filtered(lambda record: record.state == "open")

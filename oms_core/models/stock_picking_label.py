from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..carriers.base import CarrierError, Item, Parcel, ShipmentRequest
from ..const import LABEL_MAY_EXIST
from ..domain.tracking import noon_after
from ..text import as_html


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_label_ids = fields.One2many("oms.shipment.label", "picking_id", string="Labels")
    oms_label_count = fields.Integer(compute="_compute_oms_label_count")
    oms_label_error = fields.Char(
        string="No Label", compute="_compute_oms_label_count", help="Why the carrier gave no label the last time."
    )
    oms_service_code = fields.Char(
        string="Carrier Service",
        copy=False,
        help="The carrier's service to book; empty: the one of the delivery method.",
    )
    oms_cost_currency_id = fields.Many2one(related="company_id.currency_id")
    oms_shipping_cost = fields.Monetary(
        string="Paid to the Carrier",
        currency_field="oms_cost_currency_id",
        readonly=True,
        copy=False,
        help="What the labels of this delivery cost us, whatever the customer pays.",
    )
    oms_quoted_cost = fields.Monetary(
        string="Quoted by the Carrier",
        currency_field="oms_cost_currency_id",
        readonly=True,
        copy=False,
        help="What the carrier asked for when rates were compared.",
    )
    oms_is_ours = fields.Boolean(related="carrier_id.oms_is_ours", string="Carrier of the Order Management")

    @api.depends("oms_label_ids.state", "oms_label_ids.error")
    def _compute_oms_label_count(self):
        for picking in self:
            labels = picking.oms_label_ids
            picking.oms_label_count = len(labels)
            waiting = labels.filtered(lambda label: label.state in ("failed", "unknown") and label.error)
            picking.oms_label_error = waiting[:1].error

    @api.ondelete(at_uninstall=False)
    def _unlink_except_labelled(self):
        if any(label.state in LABEL_MAY_EXIST for label in self.oms_label_ids):
            raise UserError(self.env._("This transfer has a label that is paid, or may be. Cancel the label first."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_get_label(self):
        """Buy the labels now, before or after the goods leave. What is bought already is not bought again."""
        self.check_access("write")
        for picking in self:
            if not picking.oms_is_ours or picking.picking_type_code == "incoming":
                raise UserError(self.env._("Choose a delivery method that makes labels first."))
            picking.send_to_shipper()

    def action_oms_print_labels(self):
        """The labels of this delivery again, one document each."""
        self.env["oms.shipment.label"].check_access("read")
        self.ensure_one()
        self.check_access("read")
        labels = self.oms_label_ids.filtered(lambda label: label.state == "bought" and label.attachment_id)
        if not labels:
            raise UserError(self.env._("There is no label yet. Get one first."))
        if len(labels) == 1:
            return labels.action_print()
        return self.action_oms_view_labels()

    def action_oms_view_labels(self):
        self.env["oms.shipment.label"].check_access("read")
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Labels of %s", self.name),
            "res_model": "oms.shipment.label",
            "view_mode": "list,form",
            "domain": [("picking_id", "=", self.id)],
        }

    def action_oms_validate_without_label(self):
        """Let the goods go although the carrier gave no label; the task to get one stays."""
        self.ensure_one()
        self.check_access("write")
        return self.with_context(oms_without_label=True).button_validate()

    # ---------------------------------------------------------------------------------------------------- OVERRIDES

    def send_to_shipper(self):
        """Override of ``stock_delivery``: a carrier that gives no label stops the delivery, or leaves a task, as chosen."""
        self.ensure_one()
        if not self.oms_is_ours:
            return super().send_to_shipper()
        if self.env.context.get("oms_without_label"):
            self._oms_leave_label_task(self.env._("Validated without a label."))
            return None
        leaving = self.state == "done"
        if not leaving or self.carrier_id.oms_on_label_failure != "go_on":
            return super().send_to_shipper()
        try:
            return super().send_to_shipper()
        except UserError as error:
            self._oms_leave_label_task(str(error))
            return None

    def _oms_get_labels_at_validation(self):
        """Buy the labels of what leaves, as ``stock_delivery`` does: the first that fails stops the validation, a later one
        leaves a task, as carriers of others cannot take back what the first has bought."""
        bought = False
        for picking in self:
            carrier = picking.carrier_id
            try:
                if (
                    carrier.integration_level == "rate_and_ship"
                    and picking.picking_type_code != "incoming"
                    and picking.picking_type_id.print_label
                    and not picking.carrier_tracking_ref
                ):
                    picking.sudo().send_to_shipper()  # sudo: as in stock_delivery
                picking._check_carrier_details_compliance()
            except UserError as error:
                if not bought:
                    raise
                picking._oms_leave_label_task(str(error))
            bought = bought or bool(carrier)

    def cancel_shipment(self):
        """Override of ``stock_delivery``, which gives all transfers to each carrier: with ours each is cancelled alone."""
        ours = self.filtered("oms_is_ours")
        for picking in ours:
            super(StockPicking, picking).cancel_shipment()
            picking.write({"carrier_price": 0.0, "oms_shipping_cost": 0.0})
        return super(StockPicking, self - ours).cancel_shipment()

    def _oms_leave_label_task(self, text):
        # sudo: whoever ships may leave a task on the delivery
        self.sudo().message_post(body=self.env._("No label: %s", text))
        self.sudo().activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("Get the label"),
            note=as_html(text),
            user_id=self.user_id.id or self.env.uid,
        )

    # ----------------------------------------------------------------------------------------------------- SHIPPING

    def _oms_ship_with(self, carrier):
        """Buy one label for each package.

        :return: what Odoo's own ``send_shipping`` wants of one transfer.
        :raise UserError: with the carrier's reason.
        """
        self.ensure_one()
        Label = self.env["oms.shipment.label"]
        currency = (self.sale_id or self.company_id).currency_id
        bought = []
        for package, parcel in self._oms_parcels():
            request = self._oms_shipment_request(carrier, parcel)
            with carrier._oms_said():
                facts = Label._buy(carrier, self, request, package, quoted=self._oms_quoted())
            bought.append(facts)
        Label.invalidate_model(flush=False)
        self.invalidate_recordset(["oms_label_ids"], flush=False)
        if carrier.return_label_on_delivery and self._oms_wants_return_label():
            self._oms_buy_return_label(carrier)
        numbers = [facts["tracking_number"] or facts["carrier_ref"] for facts in bought]
        known = set((self.carrier_tracking_ref or "").split(","))
        self._oms_book_cost(carrier, bought)
        price = sum(self._oms_in(carrier, facts["cost"], facts["currency"], currency) for facts in bought)
        self.env["oms.tracking.event"]._attach(self, numbers)
        return {
            "exact_price": price,
            "tracking_number": ",".join(number for number in numbers if number and number not in known),
        }

    def _oms_in(self, carrier, amount, code, currency):
        """A cost in another currency; zero, said aloud, where nobody knows the rate: the label is bought all the same."""
        try:
            return carrier._oms_convert(amount, code, currency)
        except UserError as error:
            self.message_post(body=str(error))
            return 0.0

    def _oms_book_cost(self, carrier, bought):
        currency = self.company_id.currency_id
        self.oms_shipping_cost = sum(
            self._oms_in(carrier, facts["cost"], facts["currency"], currency)
            for facts in bought
            if not facts["pay_on_use"]
        )
        if not self.oms_expected_at:
            days = carrier.oms_transit_days or self._oms_days_of(bought)
            if days:
                self.oms_expected_at = self._oms_expected(days)

    def _oms_days_of(self, _bought):
        """Working days by the rate card, where the delivery method has one."""
        if self.carrier_id.delivery_type != "oms_table":
            return 0
        parcel = self._oms_parcels()[0][1]
        request = self._oms_shipment_request(self.carrier_id, parcel)
        try:
            return self.carrier_id._oms_adapter().rate(request)[0].days
        except CarrierError:
            return 0

    def _oms_expected(self, days):
        """When a parcel that leaves now, or when it is planned, is delivered: at noon of the last working day, by the clock of
        the place that it leaves."""
        start = max(filter(None, (fields.Datetime.now(), self.state != "done" and self.scheduled_date)))
        return noon_after(start, days, self.picking_type_id.warehouse_id._oms_get_clock())

    def _oms_buy_return_label(self, carrier, collection_date=None):
        """A label by which the customer can send things back; in the parcel, or later.

        :param collection_date: when a driver fetches it, where one does.
        """
        self.ensure_one()
        _package, parcel = self._oms_parcels()[0]
        incoming = self.picking_type_code == "incoming"
        request = self._oms_shipment_request(carrier, parcel, is_return=True, turned=not incoming)
        if collection_date:
            request = replace(request, collection_date=collection_date)
        Label = self.env["oms.shipment.label"]
        with carrier._oms_said():
            facts = Label._buy(carrier, self, request, purpose="return", pay_on_use=carrier.oms_return_pay_on_use)
        Label.invalidate_model(flush=False)
        self.invalidate_recordset(["oms_label_ids"], flush=False)
        return facts

    def _oms_wants_return_label(self):
        """Whether a return label goes into this parcel: as the channel says, else as the delivery method says."""
        return self.picking_type_code == "outgoing" and self.oms_channel_id.return_label_in_parcel != "never"

    def _oms_cancel_labels(self):
        """Give all labels of this transfer back to the carrier.

        :raise UserError: when the carrier keeps one; those that were given back before stay given back.
        """
        for label in self.oms_label_ids.filtered(lambda label: label.state == "bought"):
            label._cancel()

    def _oms_forget_label(self, label):
        """A label was given back: its number leads nowhere any more, and nobody pays for it. Then another can be bought."""
        self.ensure_one()
        gone = {label.tracking_number, label.carrier_ref}
        numbers = [text for text in (self.carrier_tracking_ref or "").split(",") if text and text not in gone]
        # Without itself: that it was given back, another connection wrote, and this transaction may not see it yet.
        left = (self.oms_label_ids - label).filtered(lambda row: row.state == "bought" and row.purpose == "out")
        costs = [(row.carrier_id, row.cost, row.currency_id.name) for row in left if not row.pay_on_use]
        order_currency = (self.sale_id or self.company_id).currency_id
        self.write(
            {
                "carrier_tracking_ref": ",".join(numbers) or False,
                "carrier_price": sum(self._oms_in(*cost, order_currency) for cost in costs),
                "oms_shipping_cost": sum(self._oms_in(*cost, self.company_id.currency_id) for cost in costs),
            }
        )

    def _oms_add_tracking_number(self, number, instead_of=""):
        """A number that came later, in the place of the reference that stood for it."""
        self.ensure_one()
        known = [text for text in (self.carrier_tracking_ref or "").split(",") if text and text != instead_of]
        if number not in known:
            # sudo: the carrier's job tells the number
            self.sudo().carrier_tracking_ref = ",".join([*known, number])
        self.env["oms.tracking.event"]._attach(self, [number])

    # ----------------------------------------------------------------------------------------------------- SNAPSHOT

    def _oms_parcels(self):
        """``[(package, Parcel)]``: one for each package, and one for what is in none."""
        self.ensure_one()
        Carrier = self.env["delivery.carrier"]
        currency = self.company_id.currency_id.name
        result = []
        lines = self.move_line_ids
        for package in lines.result_package_id or [lines.result_package_id]:
            inside = lines.filtered(lambda line, package=package: line.result_package_id == package)
            kind = package.package_type_id
            weight = package.shipping_weight or sum(line._oms_weight() for line in inside) + kind.base_weight
            result.append((package, self._oms_parcel(inside, Carrier._oms_to_kg(weight), kind, currency, package.name)))
        loose = lines.filtered(lambda line: not line.result_package_id)
        if lines.result_package_id and loose:
            weight = Carrier._oms_to_kg(sum(line._oms_weight() for line in loose))
            kind = self.env["stock.package.type"]
            result.append((lines.result_package_id.browse(), self._oms_parcel(loose, weight, kind, currency, "")))
        elif not lines:
            weight = Carrier._oms_to_kg(self.weight)
            kind = self.env["stock.package.type"]
            result = [(self.env["stock.package"], self._oms_parcel(lines, weight, kind, currency, ""))]
        return result

    def _oms_parcel(self, lines, weight, kind, currency, name):
        carrier = self.carrier_id
        items = []
        for product, of_product in lines.grouped("product_id").items():
            quantity = sum(of_product.mapped("quantity_product_uom"))
            items.append(
                Item(
                    name=product.name,
                    quantity=Decimal(str(quantity)),
                    weight_kg=carrier._oms_to_kg(product.weight),
                    value=Decimal(str(round(sum(line.sale_price for line in of_product), 2))),
                    sku=product.default_code or "",
                    hs_code=product.hs_code or "",
                    origin_country=product.country_of_origin.code or "",
                )
            )
        return Parcel(
            weight_kg=weight if weight > 0 else Decimal(str(carrier.oms_default_kg or 0)),
            length_cm=carrier._oms_to_cm(kind.packaging_length),
            width_cm=carrier._oms_to_cm(kind.width),
            height_cm=carrier._oms_to_cm(kind.height),
            value=sum((item.value for item in items), Decimal(0)),
            currency=(self.sale_id.currency_id.name or currency),
            name=name or self.name,
            items=tuple(items),
            dangerous=any(lines.product_id.mapped("oms_is_dangerous")),
        )

    def _oms_shipment_request(self, carrier, parcel, is_return=False, turned=None):
        here = self.picking_type_id.warehouse_id.partner_id or self.company_id.partner_id
        there = self.partner_id
        sender, receiver = (there, here) if (is_return if turned is None else turned or is_return) else (here, there)
        day = max(fields.Date.context_today(self), fields.Date.to_date(self.scheduled_date) or fields.Date.today())
        return ShipmentRequest(
            key="",
            sender=carrier._oms_address(sender),
            receiver=carrier._oms_address(receiver),
            parcel=parcel,
            service_code=self.oms_service_code or self.sale_id.oms_service_code or carrier.oms_service_code or "",
            reference=self.sale_id.oms_number or self.sale_id.name or self.name,
            collection_date=day if day > fields.Date.context_today(self) + timedelta(days=1) else None,
            label_format=carrier.oms_label_format,
            is_return=is_return,
            pay_on_use=is_return and carrier.oms_return_pay_on_use,
        )

    def _oms_quoted(self):
        """What was quoted for one parcel, in the company's currency: an equal part of what was quoted for all."""
        parcels = max(len(self.move_line_ids.result_package_id), 1)
        return self.company_id.currency_id.round(self.oms_quoted_cost / parcels)


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _oms_weight(self):
        return self.quantity_product_uom * self.product_id.weight

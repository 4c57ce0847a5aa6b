"""From a sale at the till to an order in the one list: one that is over, and of which nothing is moved or booked again."""

from odoo import api, models
from odoo.fields import Command, Domain

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.const import ERROR_MAX_CHARS

from .pos_order import PAID_STATES

#: Sales captured by one run of the job before it commits.
CAPTURE_BATCH_MAX = 50


class PosOrder(models.Model):
    _inherit = "pos.order"

    @api.model
    def _oms_capture_domain(self):
        return (
            Domain("oms_to_capture", "=", True)
            & Domain("oms_capture_error", "=", False)
            & Domain("state", "in", PAID_STATES)
        )

    @api.model
    def _cron_oms_capture(self):
        """Capture what was paid, a sale and a savepoint at a time, the oldest first, so that refunds find what they refund."""
        cron = self.env["ir.cron"]
        last_id = 0
        while sales := self.search(
            self._oms_capture_domain() & Domain("id", ">", last_id), order="id", limit=CAPTURE_BATCH_MAX
        ):
            last_id = sales[-1].id
            sales.try_lock_for_update(allow_referencing=True)._oms_capture_each()
            remaining = self.search_count(self._oms_capture_domain() & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(sales), remaining=remaining):
                break

    def _oms_capture_each(self):
        for sale in self:
            with on_its_own(sale, sale._oms_tell_uncaptured):
                sale._oms_capture()

    def _oms_tell_uncaptured(self, error):
        self.oms_capture_error = str(error)[:ERROR_MAX_CHARS] or type(error).__name__

    def action_oms_capture(self):
        """Try (again) to bring these sales into the list of orders."""
        self.check_access("write")
        self.oms_capture_error = False
        self._oms_capture_each()

    def _oms_capture(self):
        """Make the order of this sale, once.

        Lines that settle an order which is in the list already belong to that one, and are left out here.
        """
        self.ensure_one()
        # sudo: an order of the till is made in the name of its channel, whoever sold
        sale = self.sudo().with_company(self.company_id)
        lines = sale.lines.filtered(lambda line: not line.sale_order_line_id and not line.sale_order_origin_id)
        if lines and not sale.oms_order_ids:
            sale._oms_make_order(lines)
        sale.oms_to_capture = False

    # ------------------------------------------------------------------------------------------------------ THE ORDER

    def _oms_make_order(self, lines):
        """A confirmed order with these lines, linked to them as ``pos_sale`` links what is settled at a till: delivered and
        invoiced quantities are those of the till, and reports count the sale once."""
        channel = self.config_id._oms_get_channel()
        # skip_procurement (sale_stock): its goods have left, or leave by the till's own transfer
        worker = channel._as_worker().with_context(skip_procurement=True, sale_no_log_for_new_lines=True)
        orders = worker.env["sale.order"]
        values = [self._oms_prepare_line(line, *amounts) for line, amounts in self._oms_get_amounts(lines).items()]
        charged = sum(self._oms_charged(amounts) for amounts in self._oms_get_amounts(self.lines).values())
        rounding = self.currency_id.round(self.amount_total - charged)
        if rounding:
            values.append(self._oms_prepare_rounding(rounding))
        order = orders.create(
            {**self._oms_prepare_order(channel), "order_line": [Command.create(row) for row in values]}
        )
        total = sum(self._oms_charged(amounts) for amounts in self._oms_get_amounts(lines).values()) + rounding
        order.oms_channel_total = total
        for line, order_line in zip(lines, order.order_line, strict=False):
            line.sale_order_line_id = order_line.sudo()
        if self.shipping_date:
            self._oms_link_transfers(order)
        if order._oms_total_differs():
            order._oms_hold("total", order._oms_total_reason())
        return order

    def _oms_prepare_order(self, channel):
        """Values of an order that is sold, paid and, unless it is shipped later, taken away."""
        customer = self.partner_id or self.env.ref("oms_pos.partner_walk_in")
        place = self.config_id.picking_type_id.warehouse_id
        quotation_pages = (
            {"quotation_document_ids": []} if "quotation_document_ids" in channel.env["sale.order"]._fields else {}
        )
        return {
            **quotation_pages,
            "partner_id": customer.id,
            "company_id": self.company_id.id,
            "oms_channel_id": channel.id,
            "oms_pos_order_id": self.id,
            "oms_external_id": self.uuid,
            "oms_number": self.pos_reference or self.name,
            "oms_ordered_at": self.date_order,
            "oms_updated_at": self.date_order,
            "oms_confirmed_at": self.date_order,
            "date_order": self.date_order,
            "oms_payment_method": ", ".join(
                dict.fromkeys(self.payment_ids.sorted("id").payment_method_id.mapped("name"))
            ),
            "oms_delivery_method": "ship" if self.shipping_date else "pickup",
            "oms_pickup_warehouse_id": False if self.shipping_date else place.id,
            "oms_ship_by": self.shipping_date or False,
            **({"warehouse_id": place.id} if place else {}),
            "pricelist_id": self.pricelist_id.id,
            "fiscal_position_id": self.fiscal_position_id.id,
            "payment_term_id": False,
            "team_id": self.crm_team_id.id,
            "user_id": False,
            "origin": self.name,
            "client_order_ref": self.pos_reference,
            "note": False,
            "require_signature": False,
            "require_payment": False,
            "validity_date": False,
            "state": "sale",
            "locked": True,  # what is sold is sold; it comes back through a refund
        }

    def _oms_get_amounts(self, lines):
        """{line of the till: (net, {tax: amount of it})}, in the order's currency, rounded as the till rounds.

        The taxes are computed over all lines together, because where they are rounded by tax, a cent of one line follows from
        the others. Source: ``pos.order._compute_prices``.
        """
        base_lines = self._oms_get_base_lines()
        sign = -1 if self.amount_total < 0 else 1  # a refund is computed with its quantities turned round
        amounts = {}
        for base_line in base_lines:
            details = base_line["tax_details"]
            by_tax = {}
            for row in details["taxes_data"]:
                by_tax[row["tax"]] = by_tax.get(row["tax"], 0.0) + sign * row["tax_amount_currency"]
            net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
            amounts[base_line["record"]] = (sign * net, by_tax)
        return {line: amounts[line] for line in lines}

    def _oms_get_base_lines(self):
        """The lines of this sale with their taxes, computed and rounded as its session does it."""
        taxes = self.env["account.tax"]
        base_lines = self.lines._prepare_tax_base_line_values()
        taxes._add_tax_details_in_base_lines(base_lines, self.company_id)
        taxes._round_base_lines_tax_details(base_lines, self.company_id)
        return base_lines

    @api.model
    def _oms_charged(self, amounts):
        net, by_tax = amounts
        return net + sum(by_tax.values())

    def _oms_prepare_line(self, line, net, by_tax):
        """Values of a line that keeps the till's amounts; see ``sale_order_capture.py`` of ``oms_core``."""
        quantity = line.qty or 1.0
        included = sum(amount for tax, amount in by_tax.items() if tax.price_include)
        price_unit = (net + included) / quantity
        full = net / (1 - line.discount / 100) if 0 < line.discount < 100 else net
        return {
            "product_id": line.product_id.id,
            "name": "\n".join(
                filter(None, (line.full_product_name or line.product_id.display_name, line.customer_note))
            ),
            "product_uom_qty": line.qty,
            "product_uom_id": line.product_id.uom_id.id,
            "price_unit": price_unit,
            # Anything but the price itself tells Odoo that the price is not its own to recompute.
            "technical_price_unit": 0.0 if price_unit else 1.0,
            "discount": 0.0,
            "tax_ids": [Command.set(line.tax_ids_after_fiscal_position.ids)],
            "extra_tax_data": {
                "currency_id": self.currency_id.id,
                "price_unit": price_unit,
                "discount": 0.0,
                "quantity": line.qty,
                "manual_total_excluded_currency": net,
                "manual_tax_amounts": {
                    str(tax.id): {"tax_amount_currency": amount, "base_amount_currency": net}
                    for tax, amount in by_tax.items()
                },
            },
            "oms_external_id": line.uuid,
            "oms_kind": "product",
            "oms_discount_amount": self.currency_id.round(full - net),
        }

    def _oms_prepare_rounding(self, amount):
        """The line for what the till rounded off the total, or up."""
        product = self.env.ref("oms_core.product_rounding")
        return {
            "product_id": product.id,
            "name": product.display_name,
            "product_uom_qty": 1.0,
            "price_unit": amount,
            "technical_price_unit": 0.0,
            "tax_ids": [Command.clear()],
            "oms_kind": "rounding",
        }

    def _oms_link_transfers(self, order):
        """What the till has shipped later is a delivery of the order: tracked, told and looked after like any other.

        Odoo makes one move of a product that stands on several lines; each line gets as much of it as it sold. Of a kit the
        moves are those of its parts.
        """
        moves = self.picking_ids.move_ids.filtered(lambda move: not move.sale_line_id and move.state != "cancel")
        sold = moves._oms_get_sold(self.lines)
        for (product, of_lines), of_product in (
            moves.sorted("id").grouped(lambda move: (move.product_id, sold.get(move, self.lines.browse()))).items()
        ):
            lines = of_lines.sale_order_line_id & order.order_line
            lacking = {line: abs(line.product_uom_qty) for line in lines}
            if product not in lines.product_id and (kits := sum(lacking.values())):
                in_one = sum(of_product.mapped("product_qty")) / kits
                lacking = {line: quantity * in_one for line, quantity in lacking.items()}
            queue = list(of_product if lines else ())
            while queue:
                move = queue.pop(0)
                wanting = [line for line in lines if product.uom_id.compare(lacking[line], 0) > 0] or [lines[0]]
                # What has left is divided no more, and what is tracked is not, as its numbers were chosen at the till.
                if len(wanting) > 1 and move.state not in ("draft", "done") and product.tracking == "none":
                    rest = move.product_qty - lacking[wanting[0]]
                    if product.uom_id.compare(rest, 0) > 0:
                        queue.insert(0, move._oms_cut(rest))
                move.sale_line_id = wanting[0]
                lacking[wanting[0]] -= move.product_qty

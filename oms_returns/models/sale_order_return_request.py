from decimal import Decimal

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.oms_core.domain.documents import Problem, ReturnProblem
from odoo.addons.oms_core.text import as_html

from ..const import REASONS_SHOWN_MAX, RETURNS_ASKED_MAX, VARIANTS_SHOWN_MAX
from ..domain.return_form import CHANGED, NOT_YOURS, exact
from .oms_return_portal import _Undo


class SaleOrder(models.Model):
    """What customers ask to send back, on a page or through an app: the same questions, the same answers."""

    _inherit = "sale.order"

    # ------------------------------------------------------------------------------------------------------- OFFERING

    def _oms_get_return_offer(self):
        """Override of ``oms_core``: what the policies allow of each line, and why not the rest."""
        self.ensure_one()
        order_sudo = (
            self.sudo()
        )  # sudo: the customer may know what is allowed; the caller has checked whose order it is
        judged = {line.key: line for line in order_sudo._oms_judge_return().lines}
        lines = [
            order_sudo._oms_get_offered_line(line, judged[line.id])
            for line in order_sudo.order_line
            if line.id in judged
        ]
        reasons = order_sudo._oms_get_offered_reasons()
        return {
            "lines": lines,
            "ways": order_sudo._oms_get_offered_ways() if any(line["outcomes"] for line in lines) else [],
            "reasons": [{"reason_id": str(reason.id), "name": reason.name} for reason in reasons],
            "returns": [record._get_customer_state() for record in order_sudo._oms_get_customers_returns()],
        }

    def _oms_get_offered_line(self, line, judged):
        """What may be done with one line, and why not the rest."""
        labels = self.env["oms.return.line"]._get_outcome_labels()
        allowed, refused = [], []
        for outcome, verdict in judged.outcomes.items():
            if outcome == "nothing":
                continue  # nobody asks for that
            if verdict.ok and judged.max_quantity > 0:
                entry = {"outcome": outcome, "label": labels[outcome], "until": verdict.until}
                if outcome == "exchange":
                    entry["choices"] = line._oms_get_offered_variants()
                allowed.append(entry)
            else:
                refused.append(
                    {
                        "outcome": outcome,
                        "label": labels[outcome],
                        "code": verdict.code,
                        "reason": line._oms_say_why(verdict),
                    }
                )
        sentences = [line._oms_say_why(problem) for problem in judged.refusals]
        if not allowed and not sentences:
            sentences = [entry["reason"] for entry in refused if entry["reason"]]
        return {
            "line_id": str(line.id),
            "product": line.product_id.name,
            "quantity": exact(judged.max_quantity) if allowed else Decimal(0),
            "unit": line.product_uom_id.name,
            "step": line._oms_get_return_step(),
            "outcomes": allowed,
            "refused": refused if allowed else [],
            "why_not": "" if allowed else " ".join(dict.fromkeys(sentences)),
            "label_paid_by": judged.label_paid_by,
            "expects_goods": judged.expects_goods,
            "fee_percent": judged.fee_percent,
            "fee_amount": judged.fee_amount,
        }

    def _oms_get_offered_reasons(self):
        return self.env["oms.return.reason"].search([], limit=REASONS_SHOWN_MAX)

    def _oms_get_offered_ways(self):
        """How goods can come back: ``[{"way", "label", "stores", "days"}]``."""
        labels = dict(self.env["oms.return"]._fields["way"]._description_selection(self.env))
        return [
            {
                "way": way,
                "label": labels[way],
                "stores": [place._oms_tell_return_place() for place in places] if way == "store" else [],
                "days": self._oms_get_return_pickup_days() if way == "pickup" else [],
            }
            for way, places in self._oms_get_return_ways()
        ]

    def _oms_get_customers_returns(self):
        """The returns of this order alone that its customer may know of."""
        return self.oms_return_ids.filtered(
            lambda record: record.order_ids == self and (record.state != "cancelled" or record.request_key)
        )

    # -------------------------------------------------------------------------------------------------------- ASKING

    def _oms_apply_return_request(self, doc, check_only=False):
        """Override of ``oms_core``: make the return, authorized at once where the policy needs nobody to look."""
        self.ensure_one()
        if problems := doc.problems():
            return {}, problems
        order_sudo = self.sudo()  # sudo: customers and apps have no rights to returns; the policies decide
        order_sudo._oms_take_turn_to_return()
        known = order_sudo.oms_return_ids.filtered(lambda record: record.request_key == doc.external_id)
        if known:
            return known._get_customer_state(), []
        answer, problems = {}, []
        try:
            with self.env.cr.savepoint():
                request_sudo, problems = order_sudo._oms_make_return(doc)
                if not problems:
                    if not check_only:
                        request_sudo._submit()
                    answer = request_sudo._get_customer_state()
                if problems or check_only:
                    raise _Undo
        except _Undo:
            self.env.invalidate_all()
        except UserError as error:
            return {}, [Problem("refused", str(error))]
        return (answer if not problems else {}), problems

    def _oms_make_return(self, doc):
        """:return: ``(return, problems)``; what has problems is undone by the caller."""
        requests = self.env["oms.return"]
        if len(self.oms_return_ids.filtered("request_key")) >= RETURNS_ASKED_MAX:
            return requests, [
                Problem("too_many", self.env._("A return was asked for many times already. Please write to us."))
            ]
        lines = {str(line.id): line for line in self.order_line}
        rows, problems = [], []
        for told in doc.lines:
            values, problem = self._oms_read_return_line(told, lines.get(told.line_id))
            problems += [problem] if problem else []
            rows.append((0, 0, values))
        if problems:
            return requests, problems
        way, problem = self._oms_read_return_way(doc)
        if problem:
            return requests, [problem]
        request = requests.create(
            {
                "order_id": self.id,
                "origin": "customer",
                "request_key": doc.external_id,
                "note": as_html(doc.note) if doc.note else False,
                "line_ids": rows,
                **way,
            }
        )
        judgement = request._judge()
        problems = request._get_refusals(judgement)
        if not problems:
            request._keep_terms(judgement)  # fee and inspection count for the amount that is shown
        if not problems and not doc.way and any(request.line_ids.mapped("expects_goods")):
            problems = [Problem("bad_way", self.env._("Choose one of the ways in which it can come back."))]
        if not problems and doc.expected is not None and doc.expected != request._get_customer_amounts()["total"]:
            problems = [Problem("changed", CHANGED)]
        return request, problems

    def _oms_read_return_line(self, told, line):
        """``(values of a return line, problem or None)``"""

        def wrong(code, sentence):
            return {}, ReturnProblem(code, sentence, told.line_id)

        if not line:
            return wrong("bad_line", NOT_YOURS)
        if told.quantity % line._oms_get_return_step():
            return wrong("bad_quantity", self.env._("“%s” cannot be divided like that.", line.product_id.name))
        values = {
            "sale_line_id": line.id,
            "quantity": float(told.quantity),
            "outcome": told.outcome,
            "comment": told.comment or False,
        }
        if told.reason_id:
            reason = self._oms_get_offered_reasons().filtered(lambda one: str(one.id) == told.reason_id)
            if not reason:
                return wrong("bad_reason", self.env._("Choose one of the reasons."))
            values["reason_id"] = reason.id
        if told.outcome == "exchange":
            choices = line._oms_get_offered_variants()
            wanted = [one for one in choices if one["product_id"] == (told.exchange_for or str(line.product_id.id))]
            if not wanted:
                return wrong("bad_exchange", self.env._("Choose what you want instead."))
            if wanted[0]["free"] < told.quantity:
                return wrong("no_stock", self.env._("“%s” is sold out. Choose another one.", wanted[0]["name"]))
            values["exchange_product_id"] = int(wanted[0]["product_id"])
        return values, None

    def _oms_read_return_way(self, doc):
        """``(values of a return, problem or None)``"""
        if not doc.way:
            return {"way": "none"}, None
        ways = dict(self._oms_get_return_ways())
        if doc.way not in ways:
            return {}, Problem("bad_way", self.env._("Choose one of the ways in which it can come back."))
        if doc.way == "pickup":
            if doc.pickup_on not in self._oms_get_return_pickup_days():
                return {}, Problem("bad_day", self.env._("Choose one of the days on which it can be fetched."))
            return {"way": "pickup", "pickup_on": doc.pickup_on}, None
        if doc.way != "store":
            return {"way": doc.way}, None
        store = ways["store"].filtered(lambda place: place.code == doc.store_ref)
        if not store:
            return {}, Problem("bad_store", self.env._("Choose the store to which you bring it."))
        return {"way": "store", "warehouse_id": store.id}, None


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _oms_say_why(self, said):
        """Why not (a ``Problem`` or a ``Verdict``), as its customer reads it: without what only a clerk can choose."""
        if said.code == "credited":
            return self.env._("“%s” was paid back already.", self.product_id.name)
        return said.sentence

    def _oms_get_return_step(self):
        """What was sold in whole ones comes back in whole ones; a clerk may agree to anything else."""
        whole = self._oms_get_parts() or not self.product_uom_qty % 1
        return Decimal(1) if whole else Decimal(str(self.product_uom_id.rounding))

    def _oms_get_exchange_choices(self, limit):
        """The variants that may be had instead, this one first.

        :return: ``[(product, free quantity, what one costs more by the price list, tax included)]``
        """
        self.ensure_one()
        order, own = self.order_id, self.product_id
        others = own.product_tmpl_id.product_variant_ids.filtered(lambda product: product.sale_ok and product != own)
        products = (own if own.active and own.sale_ok else own.browse()) | others[:limit]
        channel = order.oms_channel_id
        places = channel._get_warehouses() if channel else order.warehouse_id
        free = self.env["oms.availability"]._snapshot(products, places)
        prices = {product: self._oms_get_listed_price(product) for product in products | own}
        return [
            (
                product,
                free.total(product.id),
                Decimal(str(order.currency_id.round(prices[product] - prices[own]))),
            )
            for product in products
        ]

    def _oms_get_listed_price(self, product):
        """What one costs today by the price list of the order, taxed as this line."""
        order = self.order_id
        price = order.pricelist_id._get_product_price(product, 1.0, currency=order.currency_id) or 0.0
        taxed = self.tax_ids.compute_all(price, order.currency_id, 1.0, product, order.partner_shipping_id)
        return taxed["total_included"]

    def _oms_get_offered_variants(self):
        """What may be had instead of this line: ``[{"product_id", "name", "free", "difference"}]``."""
        return [
            {
                "product_id": str(product.id),
                "name": product.with_context(display_default_code=False).display_name,
                "free": free,
                "difference": difference,
            }
            for product, free, difference in self._oms_get_exchange_choices(VARIANTS_SHOWN_MAX)
        ]


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _oms_tell_return_place(self):
        """Where a customer brings or sends things, in words."""
        self.ensure_one()
        return {
            "code": self.code,
            "name": self.name,
            "address": self.partner_id._display_address(without_company=True).strip(),
            "hours": self._oms_get_opening_hours(),
        }

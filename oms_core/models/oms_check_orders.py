"""Checks of orders: quantities, taxes and costs agree across documents."""

from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL

from ..checks import Violation
from ..domain.books import COST_TOLERANCE, Event
from .oms_check_entries import TOLERANCE
from .oms_check_history import exact


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    # ------------------------------------------------------------------------------------------------------ QUANTITIES

    @api.model
    def _check_quantities(self, company, scope):
        """Kits are left out: what leaves of them is other products, in other quantities."""
        rows = self._query_pages(
            lambda last: SQL(
                """SELECT l.id, moved.out, moved.back, invoiced.charged, invoiced.credited
                     FROM sale_order o
                     JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL AND l.product_id IS NOT NULL
                     JOIN uom_uom u ON u.id = l.product_uom_id
             CROSS JOIN LATERAL (%(moved)s) moved
             CROSS JOIN LATERAL (%(invoiced)s) invoiced
                    WHERE o.company_id = %(company)s AND o.oms_channel_id IS NOT NULL AND o.state = 'sale' AND %(recent)s
                      AND l.id > %(last)s AND NOT %(elsewhere)s
                      AND (moved.back > moved.out + %(tolerance)s
                           OR invoiced.credited > invoiced.charged + %(tolerance)s
                           OR (invoiced.credited > moved.back + GREATEST(invoiced.charged - moved.out, 0) + %(tolerance)s
                               AND moved.goods AND NOT %(on_the_way)s)
                           OR invoiced.posted > GREATEST(l.product_uom_qty, moved.out) + %(tolerance)s
                           OR ABS(COALESCE(l.qty_invoiced, 0) - invoiced.charged + invoiced.credited) > %(tolerance)s
                           OR (l.qty_delivered_method = 'stock_move' AND NOT moved.is_kit
                               AND ABS(COALESCE(l.qty_delivered, 0) - moved.delivered) > %(tolerance)s))
                 ORDER BY l.id""",
                last=last,
                elsewhere=self._get_counted_elsewhere_sql(),
                moved=self._get_moved_sql(),
                invoiced=self._get_invoiced_sql(),
                recent=self._get_recent_sql(scope),
                on_the_way=SQL(
                    """EXISTS (SELECT 1 FROM stock_move w JOIN stock_location wf ON wf.id = w.location_id
                                WHERE w.sale_line_id = l.id AND w.state NOT IN ('done', 'cancel') AND wf.usage = 'customer')"""
                ),
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for line_id, out, back, charged, credited in rows:
            line = self.env["sale.order.line"].browse(line_id)
            if violation := self._judge_line(line, out, back, charged, credited):
                yield violation
        yield from self._find_left_deposits(company, scope)

    def _find_left_deposits(self, company, scope):
        """Deposits of which something stands though nothing more of their order will be invoiced, or of which more than all was
        taken off."""
        rows = self._query_pages(
            lambda last: SQL(
                """SELECT o.id
                     FROM sale_order o
                     JOIN res_currency c ON c.id = o.currency_id
             CROSS JOIN LATERAL (
                   SELECT SUM(CASE m.move_type WHEN 'out_invoice' THEN i.price_total ELSE -i.price_total END) AS amount
                     FROM sale_order_line l
                     JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
                     JOIN account_move_line i ON i.id = r.invoice_line_id
                     JOIN account_move m ON m.id = i.move_id AND m.state = 'posted'
                      AND m.move_type IN ('out_invoice', 'out_refund')
                    WHERE l.order_id = o.id AND l.is_downpayment AND l.display_type IS NULL) deposit
                    WHERE o.company_id = %(company)s AND o.oms_channel_id IS NOT NULL AND o.state IN ('sale', 'cancel')
                      AND %(recent)s AND o.id > %(last)s AND ABS(deposit.amount) > c.rounding / 2
                 ORDER BY o.id""",
                last=last,
                recent=self._get_recent_sql(scope),
                **self._get_parameters(company, scope),
            )
        )
        for (order_id,) in rows:
            order = self.env["sale.order"].browse(order_id)
            left = float(order._oms_get_deposit_left())
            if order.currency_id.compare_amounts(left, 0) > 0 and order._oms_has_more_to_invoice():
                continue
            yield self._compare(
                *("quantities", order, left, 0),
                self.env._(
                    "%(left)s of the deposits of %(order)s are taken off no invoice, and nothing more of it will be invoiced.",
                    left=order.currency_id.format(left),
                    order=order.display_name,
                ),
                self.env._(
                    "Credit the invoice of the deposit over so much, and pay it back where it was paid. If the goods were "
                    "invoiced in full, match the credit note with that invoice."
                ),
                order_id,
                company.currency_id.round(abs(left) / (order.currency_rate or 1)),
            )

    def _get_counted_elsewhere_sql(self):
        """Hook: the lines ``l`` of orders ``o`` whose quantities come from other documents than transfers and invoices."""
        return SQL("FALSE")

    def _get_moved_sql(self):
        """What left and came back of the line ``l`` in its unit ``u``; ``delivered`` as Odoo counts it."""
        return SQL(
            """SELECT COALESCE(SUM(q.quantity) FILTER (WHERE q.there), 0) AS out,
                      COALESCE(SUM(q.quantity) FILTER (WHERE NOT q.there), 0) AS back,
                      COALESCE(SUM(CASE WHEN q.there AND (q.is_first OR q.to_refund) THEN q.quantity
                                        WHEN NOT q.there AND q.to_refund THEN -q.quantity END), 0) AS delivered,
                      COALESCE(SUM(q.value) FILTER (WHERE q.there), 0) AS value_out,
                      COALESCE(SUM(q.value) FILTER (WHERE NOT q.there), 0) AS value_back,
                      COUNT(*) > 0 AND NOT BOOL_OR(q.is_other) AS goods,
                      COALESCE(BOOL_OR(q.is_other), FALSE) AS is_kit, COALESCE(BOOL_OR(q.is_dropship), FALSE) AS is_dropship
                 FROM (SELECT s.quantity * mu.factor / u.factor AS quantity, s.value, COALESCE(s.to_refund, FALSE) AS to_refund,
                              t.usage = 'customer' AS there, s.origin_returned_move_id IS NULL AS is_first,
                              s.product_id != l.product_id AS is_other, COALESCE(s.is_dropship, FALSE) AS is_dropship
                         FROM stock_move s
                         JOIN uom_uom mu ON mu.id = s.product_uom
                         JOIN stock_location f ON f.id = s.location_id
                         JOIN stock_location t ON t.id = s.location_dest_id
                        WHERE s.sale_line_id = l.id AND s.state = 'done'
                          AND (f.usage = 'customer') != (t.usage = 'customer')) q"""
        )

    def _get_invoiced_sql(self):
        """What is on invoices and credit notes of the line ``l`` in its unit ``u``, drafts too; ``posted`` without them."""
        return SQL(
            """SELECT COALESCE(SUM(i.quantity * iu.factor / u.factor) FILTER (WHERE im.move_type = 'out_invoice'), 0) AS charged,
                      COALESCE(SUM(i.quantity * iu.factor / u.factor) FILTER (WHERE im.move_type = 'out_refund'), 0) AS credited,
                      COALESCE(SUM(CASE im.move_type WHEN 'out_invoice' THEN 1 ELSE -1 END * i.quantity * iu.factor / u.factor)
                               FILTER (WHERE im.state = 'posted'), 0) AS posted,
                      COALESCE(SUM(i.price_total - i.price_subtotal)
                               FILTER (WHERE im.state = 'posted' AND im.move_type = 'out_invoice'), 0) AS tax,
                      COALESCE(SUM(i.quantity * iu.factor / u.factor)
                               FILTER (WHERE im.state = 'posted' AND im.move_type = 'out_invoice'), 0) AS taxed,
                      COUNT(*) FILTER (WHERE im.state = 'draft') AS drafts
                 FROM sale_order_line_invoice_rel r
                 JOIN account_move_line i ON i.id = r.invoice_line_id
                 JOIN uom_uom iu ON iu.id = i.product_uom_id
                 JOIN account_move im ON im.id = i.move_id AND im.state != 'cancel'
                  AND im.move_type IN ('out_invoice', 'out_refund')
                WHERE r.order_line_id = l.id"""
        )

    def _judge_line(self, line, out, back, charged, credited):
        """What is wrong with a line that the query takes for wrong; it is counted again as Odoo counts it."""
        order = line.order_id
        unit = line.product_uom_id
        delivered, invoiced = line._prepare_qty_delivered()[line], line._prepare_qty_invoiced()[line]
        words = {"line": line.product_id.name or line.name, "order": order.display_name}
        said = False
        if unit.compare(back, out) > 0:
            text = self.env._(
                "%(back)g came back of %(line)s in %(order)s, and %(out)g had left.", back=back, out=out, **words
            )
            difference = back - out
        elif unit.compare(credited, charged) > 0:
            text = self.env._(
                "%(credited)g of %(line)s in %(order)s are credited, and %(charged)g were invoiced.",
                credited=credited,
                charged=charged,
                **words,
            )
            difference = credited - charged
        elif line.move_ids and unit.compare(credited, back + max(charged - out, 0)) > 0:
            text = self.env._(
                "%(credited)g of %(line)s in %(order)s are credited, and %(back)g came back.",
                credited=credited,
                back=back + max(charged - out, 0),
                **words,
            )
            said, difference = (credited, back + max(charged - out, 0)), credited - back - max(charged - out, 0)
        elif line.qty_delivered_method == "stock_move" and unit.compare(line.qty_delivered, delivered):
            text = self.env._(
                "%(order)s says that %(said)g of %(line)s are delivered, its transfers say %(sum)g.",
                said=line.qty_delivered,
                sum=delivered,
                **words,
            )
            said, difference = (line.qty_delivered, delivered), line.qty_delivered - delivered
        elif unit.compare(line.qty_invoiced, invoiced):
            text = self.env._(
                "%(order)s says that %(said)g of %(line)s are invoiced, its invoices say %(sum)g.",
                said=line.qty_invoiced,
                sum=invoiced,
                **words,
            )
            said, difference = (line.qty_invoiced, invoiced), line.qty_invoiced - invoiced
        elif unit.compare(charged - credited, max(line.product_uom_qty, out)) > 0:
            text = self.env._(
                "%(invoiced)g of %(line)s in %(order)s are invoiced, and %(sold)g were sold.",
                invoiced=charged - credited,
                sold=max(line.product_uom_qty, out),
                **words,
            )
            difference = charged - credited - max(line.product_uom_qty, out)
        else:
            return None
        violation = Violation(
            ((order._name, order.id), (line._name, line.id)),
            text,
            self.env._(
                "Compare the deliveries, the returns and the invoices of the order. Credit what was invoiced too much; what is "
                "missing is invoiced by hand."
            ),
            abs(line.company_id.currency_id.round(difference * line.price_reduce_taxinc / (order.currency_rate or 1))),
            order.id,
            ("quantities", str(line.id)),
        )
        if not said:
            return violation
        event = Event(
            *(f"said-{line.id}", "compared", text, "", (order._name, order.id, order.display_name)),
            line=str(line.id),
            code="quantities",
            amount=exact(said[0]),
            other=exact(said[1]),
        )
        return replace(violation, events=(event,))

    def _get_documents_of(self, line):
        """What a violation about the invoices of an order line names: the last of them first."""
        posted = line.invoice_lines.move_id.filtered(lambda move: move.state == "posted").sorted("id")
        records = (*posted[-1:], line, line.order_id)
        return tuple((record._name, record.id) for record in records)

    # ----------------------------------------------------------------------------------------------------------- TAXES

    @api.model
    def _check_taxes(self, company, scope):
        """A part of a line may be a cent off: parts add up to the line when all of it is invoiced. So may a line of which
        something was called off after a part of it was invoiced."""
        rows = self._query(
            SQL(
                """SELECT l.id, invoiced.tax, invoiced.taxed, charged.tax
                     FROM sale_order o
                     JOIN sale_order_line l ON l.order_id = o.id AND l.oms_external_id IS NOT NULL AND l.product_uom_qty > 0
                     JOIN uom_uom u ON u.id = l.product_uom_id
                     JOIN res_currency c ON c.id = o.currency_id
             CROSS JOIN LATERAL (%(invoiced)s) invoiced
             CROSS JOIN LATERAL (
                   SELECT COALESCE(jsonb_typeof(l.extra_tax_data -> 'manual_tax_amounts') = 'object'
                                   AND ABS((l.extra_tax_data ->> 'quantity')::numeric - l.product_uom_qty) < %(tolerance)s,
                                   FALSE) AS holds) pinned
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN pinned.holds
                               THEN (SELECT COALESCE(SUM((value ->> 'tax_amount_currency')::numeric), 0)
                                       FROM jsonb_each(l.extra_tax_data -> 'manual_tax_amounts'))
                               ELSE l.price_tax::numeric END AS tax) charged
                    WHERE o.company_id = %(company)s AND o.oms_external_id IS NOT NULL AND o.state = 'sale' AND %(recent)s
                      AND invoiced.taxed > 0
                      AND ABS(invoiced.tax - charged.tax * invoiced.taxed / l.product_uom_qty)
                          > CASE WHEN pinned.holds AND ABS(invoiced.taxed - l.product_uom_qty) < %(tolerance)s THEN c.rounding / 2
                                 ELSE c.rounding * 1.01 END
                 ORDER BY l.id LIMIT %(limit)s""",
                invoiced=self._get_invoiced_sql(),
                recent=self._get_recent_sql(scope),
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for line_id, tax, quantity, charged in rows:
            line = self.env["sale.order.line"].browse(line_id)
            order = line.order_id
            due = charged * quantity / line.product_uom_qty
            yield Violation(
                self._get_documents_of(line),
                self.env._(
                    "The channel charged %(due)s of tax for what is invoiced of %(line)s in %(order)s, and %(tax)s is booked.",
                    due=order.currency_id.format(due),
                    tax=order.currency_id.format(tax),
                    line=line.product_id.name or line.name,
                    order=order.display_name,
                ),
                self.env._(
                    "Reset the invoice to draft, give the line the tax of the order, and post it again; or say here why the "
                    "channel was wrong."
                ),
                company.currency_id.round(abs(tax - due) / (order.currency_rate or 1)),
                order.id,
                ("taxes", str(line_id)),
            )

    # ----------------------------------------------------------------------------------------------------------- COSTS

    @api.model
    def _check_costs(self, company, scope):
        """Lines of which all that left is invoiced and all that came back is credited; else ledger and shelves may differ.
        Of goods that are valued in real time, also where nothing at all is booked as their cost.

        Not where a value was set beside what goods cost, as of those that came back and are worth less now: that is an entry of
        its own, and what the credit note takes back is looked at line by line.
        """
        at_once = ["real_time", *([False] if company.inventory_valuation == "real_time" else [])]
        categories = self.env["product.category"].with_company(company).search([("property_valuation", "in", at_once)])
        rows = self._query(
            SQL(
                """SELECT l.id, COALESCE(cogs.booked, 0) + corrected.more, moved.value_out - moved.value_back, cogs.items
                     FROM sale_order o
                     JOIN sale_order_line l ON l.order_id = o.id
                     JOIN product_product p ON p.id = l.product_id
                     JOIN product_template t ON t.id = p.product_tmpl_id
                     JOIN uom_uom u ON u.id = l.product_uom_id
             CROSS JOIN LATERAL (
                   SELECT SUM(CASE cm.move_type WHEN 'out_invoice' THEN cl.debit ELSE -cl.credit END) AS booked,
                          COUNT(*) AS items
                     FROM sale_order_line_invoice_rel r
                     JOIN account_move_line cl ON cl.cogs_origin_id = r.invoice_line_id AND cl.display_type = 'cogs'
                     JOIN account_move cm ON cm.id = cl.move_id AND cm.state = 'posted'
                    WHERE r.order_line_id = l.id) cogs
             CROSS JOIN LATERAL (
                   SELECT COALESCE(SUM(cl.balance), 0) AS more FROM account_move_line cl
                    WHERE cl.oms_corrected_line_id = l.id AND cl.parent_state = 'posted') corrected
             CROSS JOIN LATERAL (%(moved)s) moved
             CROSS JOIN LATERAL (%(invoiced)s) invoiced
                    WHERE o.company_id = %(company)s AND o.oms_channel_id IS NOT NULL AND o.state = 'sale' AND %(recent)s
                      AND (cogs.items > 0
                           OR (t.is_storable AND t.categ_id IN %(categories)s AND invoiced.charged > 0 AND NOT %(elsewhere)s))
                      AND invoiced.drafts = 0 AND NOT moved.is_kit AND NOT moved.is_dropship
                      AND ABS(invoiced.charged - moved.out) < %(tolerance)s
                      AND ABS(invoiced.credited - moved.back) < %(tolerance)s
                      AND NOT EXISTS (SELECT 1 FROM stock_move s JOIN product_value v ON v.move_id = s.id
                                       WHERE s.sale_line_id = l.id)
                      AND ABS(COALESCE(cogs.booked, 0) + corrected.more - moved.value_out + moved.value_back)
                          > GREATEST(cogs.items, 2) / 2 * %(cent)s + %(tolerance)s
                 ORDER BY l.id LIMIT %(limit)s""",
                moved=self._get_moved_sql(),
                invoiced=self._get_invoiced_sql(),
                recent=self._get_recent_sql(scope),
                tolerance=TOLERANCE,
                categories=tuple(categories.ids) or (0,),
                elsewhere=self._get_counted_elsewhere_sql(),
                cent=float(COST_TOLERANCE),
                **self._get_parameters(company, scope),
            )
        )
        for line_id, booked, moved, items in rows:
            line = self.env["sale.order.line"].browse(line_id)
            order = line.order_id
            violation = Violation(
                self._get_documents_of(line),
                self.env._(
                    "%(booked)s is booked as cost of %(line)s in %(order)s, and the stock became less by %(moved)s.",
                    booked=company.currency_id.format(booked),
                    moved=company.currency_id.format(moved),
                    line=line.product_id.name or line.name,
                    order=order.display_name,
                ),
                self.env._(
                    "The cost was changed between the parcel and its invoice, or an entry was. Of a channel that invoices before "
                    "the goods leave, press “Look at the Money Again” on the order; else book the difference between cost of "
                    "goods and stock, or have the closing of the stock valuation do it."
                ),
                company.currency_id.round(abs(booked - moved)),
                order.id,
                ("costs", str(line_id)),
            )
            if items:
                yield violation
                continue
            # Of an invoice without any cost, a history by itself tells nothing: goods may be worth nothing.
            event = Event(
                *(f"cost-{line_id}", "compared", violation.sentence, "", (order._name, order.id, order.display_name)),
                line=str(line_id),
                code="costs",
                amount=exact(booked),
                other=exact(moved),
            )
            yield replace(violation, events=(event,))

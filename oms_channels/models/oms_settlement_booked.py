"""A payout and the books beside it, as ``domain/explain_cent.py`` wants to have them."""

from collections import Counter
from datetime import timezone
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from odoo.addons.oms_core.domain.money import ZERO
from odoo.addons.oms_core.models.account_move_pieces import being_settled

from ..domain.currencies import step
from ..domain.explained import Booked
from ..domain.settlement import PayoutDoc, PayoutLine


def exact(amount, currency):
    """What the database keeps as a float, to the unit of the currency."""
    return Decimal(str(amount)).quantize(step(currency))


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    # --------------------------------------------------------------------------------------------------- IN THE BOOKS

    def _to_doc(self, lines=None):
        """The canonical payout, as it was read; of ``lines`` only, where they are given."""
        self.ensure_one()
        found = self.line_ids if lines is None else lines
        found.fetch()
        code = self.currency_id.name
        names = self._get_order_names(found.order_id)
        docs = tuple(line._to_doc(code, names) for line in found)
        return PayoutDoc(
            id=self.external_id,
            platform=self.channel_id.platform,
            account_ref="",
            currency=code,
            starts_at=self.starts_at and self.starts_at.replace(tzinfo=timezone.utc),
            ends_at=self.ends_at and self.ends_at.replace(tzinfo=timezone.utc),
            deposited_on=self.deposited_on or None,
            total=exact(self.total, code) if lines is None else sum((line.amount for line in docs), ZERO),
            lines=docs,
            bank_reference=self.bank_reference or "",
            source=self.source or "",
        )

    def _get_order_names(self, orders):
        """{order: how it is called in sentences and found among what is booked}; none twice."""
        orders = orders.sudo()  # sudo: accountants may not read orders, and only their names are told
        orders.fetch(["oms_number", "oms_external_id", "name"])
        names = {order.id: order.oms_number or order.name for order in orders}
        counted = Counter(names.values())
        return {key: name if counted[name] == 1 else f"{name} ({key})" for key, name in names.items()}

    def _get_booked(self, doc, names):
        """What is booked on the clearing accounts of what the channel pays out: what is open, and what was settled of the orders
        that are named. What another payout is about to settle is settled.

        :param names: {id of an order: its name}, completed with the orders of what is found.
        :return: list of ``Booked``, whose keys are ids of journal items.
        """
        self.ensure_one()
        self.env.flush_all()
        channels = self.channel_id._oms_get_paid_out()
        refs = list({line.transaction_ref for line in doc.lines if line.transaction_ref})
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT item.id, item.date, item.currency_id, item.balance, item.amount_currency,
                       item.amount_residual - COALESCE(being.amount, 0) AS amount_residual,
                       item.amount_residual_currency - COALESCE(being.amount_currency, 0) AS amount_residual_currency,
                       tx.provider_reference AS reference, tied.sale_order_id AS order_id
                  FROM account_move_line item
                  JOIN account_move entry ON entry.id = item.move_id
             LEFT JOIN LATERAL %(being_settled)s being ON TRUE
             LEFT JOIN account_payment payment ON payment.id = entry.origin_payment_id
             LEFT JOIN payment_transaction tx ON tx.id = payment.payment_transaction_id
             LEFT JOIN LATERAL (SELECT min(rel.sale_order_id) AS sale_order_id FROM sale_order_transaction_rel rel
                                 WHERE rel.transaction_id = tx.id) tied ON TRUE
                 WHERE item.account_id = ANY(%(accounts)s) AND item.company_id = %(company)s
                   AND item.parent_state = 'posted' AND entry.oms_settlement_id IS NULL
                   AND entry.reversed_entry_id IS NULL
                   AND (entry.oms_channel_id = ANY(%(channels)s) OR entry.oms_channel_id IS NULL)
                   AND (NOT item.reconciled OR tx.provider_reference = ANY(%(refs)s)
                        OR tied.sale_order_id = ANY(%(orders)s))
              ORDER BY item.id
                """,
                being_settled=being_settled("item"),
                accounts=self.channel_id._oms_get_clearing_accounts().ids,
                company=self.company_id.id,
                channels=channels.ids,
                refs=refs,
                orders=list(names),
            )
        )
        found = self.env["sale.order"].browse({row["order_id"] for row in rows if row["order_id"]} | set(names))
        # What the payout calls an order, no other is called.
        called = set(names.values())
        if len(channels) > 1:
            called |= {line.order_ref for line in doc.lines}
        others = self._get_order_names(found - found.browse(names)).items()
        names.update({key: f"{name} ({key})" if name in called else name for key, name in others})
        taxes = self._get_collected_taxes(found)
        return [self._to_booked(row, doc.currency, names, taxes) for row in rows]

    def _to_booked(self, row, code, names, taxes):
        company_code = self.company_id.currency_id.name
        own_code = self.env["res.currency"].browse(row["currency_id"]).name
        company_amount = exact(row["amount_residual"], company_code)
        own_amount = exact(row["amount_residual_currency"], own_code)
        original, original_code = None, ""
        if own_code == code:
            amount = own_amount
        else:
            original, original_code = own_amount, own_code
            amount = company_amount
            if code != company_code:
                amount = exact(
                    self.company_id.currency_id._convert(
                        row["amount_residual"], self.currency_id, self.company_id, row["date"]
                    ),
                    code,
                )
        kind = "payment" if row["balance"] > 0 else "refund"
        tax = ZERO
        whole, of_order = taxes.get((row["order_id"], kind), (ZERO, ZERO))
        if of_order and own_code == code:
            # So much of what the customer paid for the order was tax; of this payment, and of what is open of it.
            tax = exact(whole * own_amount / of_order, code)
        return Booked(
            key=row["id"],
            kind=kind,
            order_ref=names.get(row["order_id"], ""),
            transaction_ref=row["reference"] or "",
            open_amount=amount,
            company_amount=company_amount,
            date=row["date"],
            tax_collected=tax,
            original_amount=original,
            original_currency=original_code,
        )

    def _get_collected_taxes(self, orders):
        """{(order's id, ``payment`` or ``refund``): (tax that the channel collected, total)} of their posted invoices."""
        account = self.env.ref(f"oms_core.company_{self.company_id.id}_channel_tax_account", raise_if_not_found=False)
        if not account or not orders:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                WITH invoice AS (
                    SELECT DISTINCT line.order_id, item.move_id
                      FROM sale_order_line line
                      JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
                      JOIN account_move_line item ON item.id = rel.invoice_line_id
                     WHERE line.order_id = ANY(%(orders)s) AND item.parent_state = 'posted'
                )
                SELECT invoice.order_id, entry.move_type, SUM(taxed.amount), SUM(entry.amount_total)
                  FROM invoice
                  JOIN account_move entry ON entry.id = invoice.move_id
                  JOIN LATERAL (SELECT COALESCE(SUM(-tax.amount_currency), 0) AS amount FROM account_move_line tax
                                 WHERE tax.move_id = entry.id AND tax.account_id = %(account)s) taxed ON TRUE
              GROUP BY invoice.order_id, entry.move_type
                """,
                orders=orders.ids,
                account=account.id,
            )
        )
        return {
            (order_id, "payment" if move_type == "out_invoice" else "refund"): (
                Decimal(str(abs(tax))),
                Decimal(str(total)),
            )
            for order_id, move_type, tax, total in rows
            if tax
        }


class OmsSettlementLine(models.Model):
    _inherit = "oms.settlement.line"

    def _to_doc(self, currency, names):
        """:param names: {id of an order: its name}; other orders keep the name that the report has for them."""
        return PayoutLine(
            id=self.external_id,
            row=self.row,
            kind=self.kind,
            amount=exact(self.amount, currency),
            order_ref=names.get(self.order_id.id) or self.order_ref or "",
            transaction_ref=self.transaction_ref or "",
            text=self.text or "",
            code=self.code or "",
            sku=self.sku or "",
            quantity=Decimal(str(self.quantity)) if self.quantity else None,
            at=self.occurred_at and self.occurred_at.replace(tzinfo=timezone.utc),
            original_amount=Decimal(self.original_amount) if self.original_amount else None,
            original_currency=self.original_currency or "",
        )

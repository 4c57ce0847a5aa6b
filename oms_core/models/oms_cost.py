"""Cost to serve in analytic accounting: facts are found, shared out over order lines, and kept once."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import COST_BATCH_MAX
from ..domain.cost_to_serve import KINDS, Fact, Part, Share, spread
from ..domain.money import ZERO, round_to


class OmsCost(models.AbstractModel):
    """Finds what serving orders cost and is not in analytic accounting yet.

    Add-ons that book costs of orders give the items of the ledger with :meth:`_find_items` and :meth:`_get_item_parts`.
    """

    _name = "oms.cost"
    _description = "Cost to Serve"

    @api.model
    def _cron_keep(self):
        """Everything that is new, in batches, each committed."""
        self._drop_billed()
        for find, keep in (
            (self._find_transfers, self._keep_transfers),
            (self._find_labels, self._keep_labels),
            (self._find_items, self._keep_items),
        ):
            before = None
            # What is worth less than a cent leaves nothing, and is found again.
            while (found := find(COST_BATCH_MAX)) and found != before:
                keep(found)
                before = found
                if not self.env["ir.cron"]._commit_progress(len(found)):
                    return
        self._drop_billed()

    # -------------------------------------------------------------------------------------------------------- FINDING

    def _find_transfers(self, limit):
        """Transfers that have left or come back and whose work nobody has counted."""
        return self.env["stock.picking"].search(
            [("oms_is_costed", "=", False), ("state", "=", "done"), ("move_ids.sale_line_id", "!=", False)],
            order="date_done, id",
            limit=limit,
        )

    def _find_labels(self, limit):
        """Labels that cost something, are not billed, and are not in analytic accounting."""
        self.env.flush_all()
        return self.env["oms.shipment.label"].browse(
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT label.id FROM oms_shipment_label label
                     WHERE label.state = 'bought' AND label.cost != 0 AND NOT COALESCE(label.pay_on_use, FALSE)
                       AND NOT EXISTS (SELECT 1 FROM account_analytic_line kept WHERE kept.oms_cost_key = 'label:' || label.id)
                       AND 'label:' || label.id NOT IN (%s)
                  ORDER BY label.id LIMIT %s
                    """,
                    self._billed_keys_sql(),
                    limit,
                )
            )
        )

    def _billed_keys_sql(self):
        """Hook: the keys (``label:1``, ``work:2:pick``) of what a booked bill charges: that cost is in the ledger."""
        return SQL("SELECT NULL::text WHERE FALSE")

    def _find_items(self, limit):
        """Items of the ledger that are costs of orders and are not shared out yet."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.id FROM account_move_line item
                  JOIN account_account account ON account.id = item.account_id
                 WHERE item.parent_state = 'posted' AND item.balance != 0
                   AND account.account_type IN ('income', 'income_other', 'expense', 'expense_other', 'expense_direct_cost')
                   AND (%s)
                   AND NOT EXISTS (SELECT 1 FROM account_analytic_line kept WHERE kept.oms_cost_key = 'item:' || item.id)
              ORDER BY item.id LIMIT %s
                """,
                self._items_sql(),
                limit,
            )
        )
        return self.env["account.move.line"].browse(row[0] for row in rows)

    def _items_sql(self):
        """Hook: which items of the ledger (``item``) are costs of orders. So is what takes such an item back."""
        return SQL(
            """EXISTS (SELECT 1 FROM account_move back
                         JOIN account_move_line taken ON taken.move_id = back.reversed_entry_id
                              AND taken.account_id = item.account_id
                         JOIN account_analytic_line cost ON cost.move_line_id = taken.id AND cost.oms_cost_key IS NOT NULL
                        WHERE back.id = item.move_id)"""
        )

    # -------------------------------------------------------------------------------------------------------- KEEPING

    def _keep_transfers(self, transfers):
        for company, of_company in transfers.grouped("company_id").items():
            facts = [fact for transfer in of_company for fact in self._get_transfer_facts(transfer)]
            days = {transfer.id: company._oms_get_today(transfer.date_done) for transfer in of_company}
            self._keep(company, facts, "estimate", {fact.key: days[int(fact.key.split(":")[1])] for fact in facts})
        transfers.oms_is_costed = True

    def _get_transfer_facts(self, transfer):
        """Estimates of what a transfer cost, by the tariff of its place as it is now.

        Hook: what else the way of a transfer costs. Keys begin with ``work:<id>:``.
        """
        shares = self._get_shares(transfer.move_ids)
        facts = []
        if not shares:
            return facts
        is_split = transfer.picking_type_code == "outgoing" and self._is_further(transfer)
        for work, (times, amount) in transfer._oms_get_work().items():
            # Papers and cartons of the second delivery are there because the order was split.
            kind = {"pick": "pick", "return": "return"}.get(work, "split" if is_split else "pack")
            of_work = (
                tuple(replace(share, weight_kg=ZERO, value=ZERO) for share in shares) if work == "pick" else shares
            )
            text = self.env._(
                "%(times)s × %(work)s by the tariff of %(place)s, %(transfer)s",
                work=KINDS[kind],
                times=times,
                place=transfer.picking_type_id.warehouse_id.name,
                transfer=transfer.name,
            )
            facts.append(Fact(f"work:{transfer.id}:{work}", kind, amount, (Part(amount, of_work),), text))
        return facts

    def _is_further(self, transfer):
        """Whether the order had a delivery before this one."""
        return any(
            other.state == "done"
            and other.picking_type_code == "outgoing"
            and (other.date_done, other.id) < (transfer.date_done, transfer.id)
            for order in transfer.move_ids.sale_line_id.order_id
            for other in order.picking_ids
        )

    def _keep_labels(self, labels):
        for company, of_company in labels.grouped("company_id").items():
            facts, days, there = [], {}, of_company.picking_id.exists()
            for label in of_company:
                day = company._oms_get_today(label.bought_at or label.create_date)
                amount = (label.currency_id or company.currency_id)._convert(
                    label.cost, company.currency_id, company, day
                )
                kind = "return" if label.purpose == "return" else "label"
                text = self.env._(
                    "Label %(number)s of %(carrier)s, not billed yet",
                    number=label.tracking_number or label.carrier_ref,
                    carrier=label.carrier_id.name,
                )
                part = Part(Decimal(str(amount)), self._get_label_shares(label, there))
                facts.append(Fact(f"label:{label.id}", kind, Decimal(str(amount)), (part,), text))
                days[facts[-1].key] = day
            self._keep(company, facts, "accrued", days)

    def _keep_items(self, items):
        for company, of_company in items.grouped("company_id").items():
            parts = self._get_item_parts(of_company)
            facts = [
                Fact(f"item:{item.id}", kind, Decimal(str(item.balance)), tuple(of_item), item.name or "", item.id)
                for item in of_company
                for kind, of_item in [parts.get(item, ("other", ()))]
            ]
            self._keep(
                company, facts, "booked", {fact.key: item.date for fact, item in zip(facts, of_company, strict=True)}
            )

    def _get_item_parts(self, items):
        """Hook: {item: (kind, parts)} of what each item of the ledger is for.

        Here those that take an item back, which they do for whoever had it.
        """
        found = {}
        for item in items.filtered("move_id.reversed_entry_id"):
            taken = item.move_id.reversed_entry_id.line_ids.filtered(
                lambda other, item=item: (
                    other.account_id == item.account_id and other.analytic_line_ids.filtered("oms_cost_key")
                )
            )
            taken = taken.filtered(lambda other, item=item: other.name == item.name)[:1] or taken[:1]
            costs = taken.analytic_line_ids.filtered("oms_cost_key")
            if costs:
                parts = [
                    Part(
                        Decimal(str(cost.amount)),
                        (Share(cost.oms_sale_line_id.id),) if cost.oms_sale_line_id else (),
                        self.env._("Taken back: %s", cost.name),
                    )
                    for cost in costs
                ]
                found[item] = costs[0].oms_cost_kind, parts
        return found

    def _drop_billed(self):
        """What was bought and is billed, or given back, is no longer expected."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kept.id FROM account_analytic_line kept
                 WHERE kept.oms_standing IN ('accrued', 'estimate')
                   AND (kept.oms_cost_key IN (%s)
                        OR kept.oms_cost_key IN (SELECT 'label:' || label.id FROM oms_shipment_label label
                                                  WHERE label.state = 'cancelled'))
                """,
                self._billed_keys_sql(),
            )
        )
        self.env["account.analytic.line"].browse(row[0] for row in rows).unlink()

    def _keep(self, company, facts, standing, days):
        """Share facts of a company out over order lines."""
        step = Decimal(str(company.currency_id.rounding))
        accounts = self._get_accounts()
        column = self.env.ref("oms_core.analytic_plan_cost")._column_name()
        lines = self.env["sale.order.line"].browse(
            {share.line for fact in facts for part in fact.parts for share in part.shares}
        )
        lines.fetch(["order_id", "product_id"])
        of_line = {line.id: line for line in lines}
        values = []
        for fact in facts:
            fact = replace(fact, amount=round_to(fact.amount, step))
            for cost in spread(fact, step):
                line = of_line.get(cost.line, lines.browse())
                values.append(
                    {
                        "name": cost.text or KINDS[fact.kind],
                        column: accounts[fact.kind],
                        "amount": -float(cost.amount),
                        "date": days[fact.key],
                        "company_id": company.id,
                        "move_line_id": fact.item or False,
                        "product_id": line.product_id.id,
                        "oms_cost_key": fact.key,
                        "oms_cost_kind": fact.kind,
                        "oms_standing": standing,
                        "oms_sale_line_id": line.id,
                        "oms_order_id": line.order_id.id,
                        "oms_channel_id": line.order_id.oms_channel_id.id,
                        "oms_customer_id": line.order_id.partner_id.commercial_partner_id.id,
                    }
                )
        # Odoo would write back to journal items what is only read off them.
        self.env["account.analytic.line"].with_context(skip_analytic_sync=True).create(values)

    def _get_accounts(self):
        return {kind: self.env.ref(f"oms_core.analytic_account_{kind}").id for kind in KINDS}

    # --------------------------------------------------------------------------------------------------------- SHARES

    def _get_shares(self, moves, quantities=None):
        """What of each order line moves are about.

        :param quantities: {move: quantity in the product's own unit}, where only a part of it counts.
        """
        found = defaultdict(lambda: [ZERO, ZERO])
        for move in moves:
            line = move.sale_line_id
            if not line or move.state == "cancel":
                continue
            unit = move.product_id.uom_id
            quantity = (quantities or {}).get(move)
            if quantity is None:
                quantity = move.product_uom._compute_quantity(move.quantity, unit, round=False)
            if move._oms_is_part():
                # All parts of a kit together are worth what the kit is.
                moved, ordered = quantity, sum(line._oms_get_coming()._oms_get_brought().values())
            else:
                moved, ordered = (
                    unit._compute_quantity(quantity, line.product_uom_id, round=False),
                    line.product_uom_qty,
                )
            part = Decimal(str(moved)) / (Decimal(str(ordered)) or Decimal(1))
            found[line.id][0] += Decimal(str(quantity)) * Decimal(str(move.product_id.weight))
            found[line.id][1] += abs(Decimal(str(line.price_subtotal)) * part)
        return tuple(Share(line, *told) for line, told in found.items())

    def _get_label_shares(self, label, there):
        """The order lines of what is in a parcel; of the whole transfer, where nobody packed it by itself.

        :param there: transfers that exist; a label may outlive its own.
        """
        moves = label.picking_id.move_ids if label.picking_id in there else self.env["stock.move"]
        if label.package_id:
            packed = defaultdict(float)
            for line in moves.move_line_ids.filtered(lambda line: line.result_package_id == label.package_id):
                packed[line.move_id] += line.quantity_product_uom
            if packed:
                return self._get_shares(moves.browse().union(*packed), packed)
        return self._get_shares(moves)

    def _get_order_shares(self, order):
        """The lines of an order, by their value."""
        return tuple(
            Share(line.id, value=abs(Decimal(str(line.price_subtotal))))
            for line in order.order_line
            if not line.display_type
        )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_is_costed = fields.Boolean(readonly=True, copy=False, help="What it cost is in analytic accounting.")

    _oms_costed_idx = models.Index("(date_done, id) WHERE state = 'done' AND oms_is_costed IS NOT TRUE")

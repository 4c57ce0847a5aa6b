"""Inspected goods go to their places: a native transfer for each way, the value they lose, the note to the vendor."""

from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine
from odoo.addons.oms_core.models.sale_order_money import exact


class StockMove(models.Model):
    _inherit = "stock.move"

    oms_inspection_id = fields.Many2one(
        "oms.return.inspection", string="Inspection", index="btree_not_null", copy=False, ondelete="set null"
    )

    def _prepare_move_split_vals(self, qty):
        """Override of ``stock``: what is moved later belongs to the same inspection."""
        return {**super()._prepare_move_split_vals(qty), "oms_inspection_id": self.oms_inspection_id.id}


class OmsReturnInspection(models.Model):
    _inherit = "oms.return.inspection"

    def _dispose(self):
        """Bring these goods from where they lie to the places of their dispositions, many with one transfer.

        ::

            scrap, donate, vendor   Dr expense of the disposition   Cr stock valuation   (real time; else at closing)
            write-down              Dr write-down                   Cr stock valuation   (real time; else at closing)
            restock, apart, back    no entry
        """
        # sudo: where goods go follows from what was found; inspectors need no right to transfers of other places
        rows = self.sudo()
        parts = defaultdict(list)
        for row in rows:
            disposition = row.disposition_id
            if not disposition or disposition.kind == "keep":
                continue
            for product, quantity, lot, source in row._get_goods():
                warehouse = source.warehouse_id or row.return_id.warehouse_id
                place = disposition._get_place(warehouse, row.return_id.partner_id)
                if not place or source._child_of(place):
                    continue
                whom = row.return_id.partner_id if disposition.kind == "back" else self.env["res.partner"]
                parts[warehouse, disposition, source, place, whom].append((row, product, quantity, lot))
        for (warehouse, disposition, source, place, whom), goods in parts.items():
            picking = rows._create_transfer(warehouse, disposition, source, place, whom, goods)
            inspections = rows.browse(dict.fromkeys(row.id for row, *_rest in goods))
            inspections.picking_id = picking
            if disposition.kind == "vendor":
                inspections._create_vendor_refunds(picking)
        for company, of_company in rows.grouped("company_id").items():
            of_company.with_company(company)._write_down_goods()

    def _get_goods(self):
        """Where the goods of this inspection lie: ``[(product, quantity in its unit, lot, location)]``.

        What was moved before lies where the last transfer brought it; else where the receipt did, less what other
        inspections have taken from there.
        """
        self.ensure_one()
        if moved := self.move_ids.filtered(lambda move: move.state == "done"):
            last = moved.picking_id.sorted("id")[-1:]
            lines = (moved & last.move_ids).move_line_ids
            return [
                (line.product_id, line.quantity_product_uom, line.lot_id, line.location_dest_id)
                for line in lines
                if line.location_dest_id.usage == "internal"
            ]
        if corrected := self.corrects_id.filtered("move_ids"):
            return corrected._get_goods()
        shelves = self._get_shelves()
        goods = []
        for product, quantity in self._get_pieces().items():
            rest = quantity
            for (of_product, lot, location), there in shelves.items():
                if of_product != product or (self.lot_id and lot != self.lot_id and product == self.product_id):
                    continue
                taken = min(rest, there)
                if product.uom_id.compare(taken, 0) > 0:
                    goods.append((product, taken, lot, location))
                    rest -= taken
        return goods

    def _get_pieces(self):
        """{product: quantity in its unit}; of a kit, what is in it."""
        self.ensure_one()
        unit = self.line_id.product_uom_id
        return {part: self.quantity * needed for part, needed in self.line_id._get_kit().items()} or {
            self.product_id: unit._compute_quantity(self.quantity, self.product_id.uom_id)
        }

    def _get_shelves(self):
        """{(product, lot, location): quantity} of what came in with the line and no finished inspection has taken."""
        self.ensure_one()
        shelves = defaultdict(float)
        for line in self.line_id.move_ids.filtered(lambda move: move.state == "done").move_line_ids:
            shelves[line.product_id, line.lot_id, line.location_dest_id] += line.quantity_product_uom
        others = (self.line_id.inspection_ids - self).filtered(lambda row: row.state == "done" or row.move_ids)
        for other in others:
            taken = other.move_ids.filtered(lambda move: move.state == "done").sorted("id")
            first = taken & taken[:1].picking_id.move_ids
            for line in first.move_line_ids:
                shelves[line.product_id, line.lot_id, line.location_id] -= line.quantity_product_uom
            if not taken and other.state == "done":
                # It stays where it is; with the same numbers it is not taken for another one.
                for product, rest in other._get_pieces().items():
                    for key in [
                        key for key in shelves if key[0] == product and other.lot_id in (key[1], key[1].browse())
                    ]:
                        part = min(rest, max(shelves[key], 0.0))
                        shelves[key] -= part
                        rest -= part
        return shelves

    def _create_transfer(self, warehouse, disposition, source, place, whom, goods):
        """A transfer over these goods. Within the place it is done at once; to the customer it waits to be sent.

        :param goods: ``[(inspection, product, quantity in its unit, lot)]``
        """
        kind = warehouse.out_type_id if whom else warehouse.int_type_id
        if not kind.active:  # as Odoo leaves it while nobody moves goods within a place
            kind.active = True
        way = {"location_id": source.id, "location_dest_id": place.id, "company_id": warehouse.company_id.id}
        names = list(dict.fromkeys(row.return_id.name for row, *_rest in goods))
        moves = []
        for row, product, quantity, lot in goods:
            piece = {
                "product_id": product.id,
                "product_uom_id": product.uom_id.id,
                "quantity": quantity,
                "lot_id": lot.id,
            }
            values = {
                **way,
                "product_id": product.id,
                "product_uom": product.uom_id.id,
                "product_uom_qty": quantity,
                "oms_inspection_id": row.id,
                "origin": row.return_id.name,
            }
            if whom:
                # Linked to what was sold: it is delivered again, and was never credited.
                values |= {"sale_line_id": row.line_id.sale_line_id.id, "partner_id": whom.id}
            else:
                values |= {"picked": True, "move_line_ids": [Command.create({**way, **piece})]}
            moves.append(Command.create(values))
        picking = self.env["stock.picking"].create(
            {
                **way,
                "picking_type_id": kind.id,
                "partner_id": whom.id,
                "origin": f"{', '.join(names[:3])}: {disposition.name}",
                "move_ids": moves,
            }
        )
        if whom:
            picking.action_confirm()
            picking.action_assign()
        else:
            picking._action_done()
        return picking

    # ---------------------------------------------------------------------------------------------------- WRITE-DOWN

    def _write_down_goods(self):
        """Lower the value of goods that are worth less now: through the value of the receipt, as Odoo keeps it.

        What the stock is worth less is booked, so that ledger and stock go on to say the same. A standard price is the same
        for every piece: there is nothing to lower.
        """
        rows = self.filtered(lambda row: row.disposition_id.write_down_percent and not row.write_down)
        pieces = {row: row._get_pieces() for row in rows}
        products = self.env["product.product"].browse(
            dict.fromkeys(one.id for of_row in pieces.values() for one in of_row)
        )
        currency = self.env.company.currency_id
        for product in products.filtered(lambda product: product.is_storable and product.cost_method != "standard"):
            before = product.total_value
            lost = {
                row: row._lower_receipt(product, of_row[product]) for row, of_row in pieces.items() if product in of_row
            }
            product.invalidate_recordset(["total_value", "avg_cost"])
            difference = currency.round(before - product.total_value)
            total = sum(lost.values())
            if not total or currency.is_zero(difference):
                continue
            entry = rows.browse([row.id for row in lost])._book_write_down(product, difference)
            for row, amount in lost.items():
                share = currency.round(difference * amount / total)
                row.write({"write_down": row.write_down + share, "write_down_move_id": entry.id})

    def _lower_receipt(self, product, quantity):
        """Lower the value of what so much of this inspection came in with.

        :return: by how much, in the company's currency.
        """
        self.ensure_one()
        rest, lowered = quantity, 0.0
        for move in self.line_id.move_ids.filtered(lambda move: move.is_in and move.product_id == product):
            there = move._get_valued_qty()
            taken = min(rest, there)
            if taken <= 0:
                continue
            rest -= taken
            original = move._get_value(ignore_manual_update=True) / there
            amount = self.env.company.currency_id.round(original * taken * self.disposition_id.write_down_percent / 100)
            amount = min(amount, move.value)
            self.env["product.value"].create(
                {
                    "move_id": move.id,
                    "value": move.value - amount,
                    "company_id": move.company_id.id,
                    "description": self.env._(
                        "%(name)s: %(disposition)s", name=self.return_id.name, disposition=self.disposition_id.name
                    ),
                }
            )
            lowered += amount
        return lowered

    def _book_write_down(self, product, amount):
        """
        ::

            Dr write-down of returned goods     Cr stock valuation

        :return: the posted entry; empty where the stock is valued at closing, which books it by itself.
        """
        if product.valuation != "real_time":
            return self.env["account.move"]
        company = self.env.company
        label = f"{', '.join(self.return_id.mapped('name')[:3])}: {product.display_name}"
        sides = (
            (company._oms_get_write_down_account(), 1),
            (product._get_product_accounts()["stock_valuation"], -1),
        )
        worth = exact(amount)
        lines = tuple(PostingLine(account.id, sign * worth, label, product=product.id) for account, sign in sides)
        moves, journal = self.env["account.move"], company.account_stock_journal_id
        day = moves._oms_get_open_day(company._oms_get_today(), journal)
        key = f"write-down:{','.join(map(str, sorted(self.ids)))}:{product.id}"
        return moves._oms_post([PostingDraft(key, day, journal.id, label, lines)])

    # -------------------------------------------------------------------------------------------------------- VENDOR

    def _create_vendor_refunds(self, picking):
        """A draft debit note to each vendor for what goes back to it, at the vendor's price.

        Its lines are booked where the goods were: what they cost less what the vendor gives stays there as the loss.

        :raise UserError: when nobody is named as the vendor of one of the products.
        """
        by_vendor = defaultdict(list)
        for move in picking.move_ids:
            product = move.product_id.with_company(picking.company_id)
            seller = product._select_seller(quantity=move.quantity, uom_id=move.product_uom) or product.seller_ids[:1]
            if not seller:
                raise UserError(
                    self.env._(
                        "“%s” has no vendor that it could go back to. Enter one on the product (Purchase), or choose another "
                        "disposition.",
                        product.display_name,
                    )
                )
            by_vendor[seller.partner_id, seller.currency_id].append((move, seller))
        for (vendor, currency), goods in by_vendor.items():
            account = picking.location_dest_id.valuation_account_id
            lines = [
                Command.create(
                    {
                        "product_id": move.product_id.id,
                        "quantity": move.quantity,
                        "product_uom_id": move.product_uom.id,
                        "price_unit": seller.product_uom_id._compute_price(seller.price, move.product_uom),
                        "account_id": account.id,
                    }
                )
                for move, seller in goods
            ]
            refund = self.env["account.move"].with_company(picking.company_id).create(
                {
                    "move_type": "in_refund",
                    "partner_id": vendor.id,
                    "currency_id": currency.id,
                    "invoice_origin": picking.name,
                    "oms_key": f"return-vendor:{picking.id}:{vendor.id}:{currency.id}",
                    "invoice_line_ids": lines,
                }
            )  # fmt: skip
            for move, _seller in goods:
                move.oms_inspection_id.vendor_refund_id = refund


class OmsReturn(models.Model):
    _inherit = "oms.return"

    disposition_picking_ids = fields.Many2many(
        "stock.picking", compute="_compute_disposition_pickings", compute_sudo=True, string="Where Goods Went"
    )
    disposition_picking_count = fields.Integer(compute="_compute_disposition_pickings", compute_sudo=True)

    def _compute_disposition_pickings(self):
        for record in self:
            record.disposition_picking_ids = record.inspection_ids.move_ids.picking_id
            record.disposition_picking_count = len(record.disposition_picking_ids)

    def action_view_dispositions(self):
        self.ensure_one()
        return self.disposition_picking_ids._get_records_action(name=self.env._("Where Goods Went"))

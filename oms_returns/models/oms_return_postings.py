"""For the accountant: each entry of a return, and why it is there."""

from odoo import api, fields, models


class OmsReturn(models.Model):
    _inherit = "oms.return"

    posting_ids = fields.Many2many("account.move", compute="_compute_posting_ids", compute_sudo=True, string="Postings")

    @api.depends("move_ids", "line_ids.refund_line_ids.move_id", "settlement_ids.move_id")
    def _compute_posting_ids(self):
        for record in self:
            record.posting_ids = record._get_postings().sorted(lambda move: (move.date, move.id))

    def _get_postings(self):
        """All entries of this return: credit notes, also those by hand that count for it, repayments, what its goods became."""
        self.ensure_one()
        return self.move_ids | self.refund_ids | self.settlement_ids.move_id


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_event = fields.Char(string="Event", compute="_compute_oms_explanation")
    oms_explanation = fields.Text(string="What It Is For", compute="_compute_oms_explanation")

    @api.depends("line_ids.oms_why", "oms_why", "move_type")
    def _compute_oms_explanation(self):
        kinds = dict(self.env["account.move.line"]._fields["oms_refund_kind"]._description_selection(self.env))
        for move in self:
            lines = move.invoice_line_ids.filtered("oms_refund_kind")
            sentences = [
                f"{kinds[line.oms_refund_kind]}, {line.currency_id.format(line.price_total)}: {line.oms_why or line.name}"
                for line in lines
            ]
            if lines and move.line_ids.filtered(lambda line: line.display_type == "cogs"):
                sentences.append(
                    self.env._(
                        "The cost of the goods is taken back as it was booked with %s.", move.reversed_entry_id.name
                    )
                )
            move.oms_explanation = "\n".join(filter(None, [move.oms_why, *sentences]))
            move.oms_event = move._get_oms_event()

    def _get_oms_event(self):
        """What happened that an entry of a return books."""
        self.ensure_one()
        if self.move_type == "out_refund":
            return self.env._("Credit note")
        if self.origin_payment_id:
            return self.env._("Repayment")
        if self.stock_move_ids:
            return self.env._("Disposition of goods")
        return self.env._("Entry")

    def action_oms_open_return(self):
        """From an entry to the return that caused it, where each posting is explained."""
        self.ensure_one()
        self.env["oms.return"].check_access("read")
        self.check_access("read")
        return self.oms_return_id._get_records_action(name=self.env._("Return"))

    def action_oms_view_items(self):
        self.ensure_one()
        self.env["oms.return"].check_access("read")
        self.check_access("read")
        return self.line_ids._get_records_action(name=self.env._("Journal Items of %s", self.display_name))


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_return_id = fields.Many2one(related="move_id.oms_return_id", string="Return")

    def action_oms_open_return(self):
        self.ensure_one()
        self.env["oms.return"].check_access("read")
        self.check_access("read")
        return self.move_id.action_oms_open_return()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _create_account_move(self):
        """Override of ``stock_account``: the entry of goods that came back leads to their return."""
        entry = super()._create_account_move()
        if entry and (request := self._get_oms_return()):
            names = ", ".join(self.product_id.mapped("display_name"))
            places = ", ".join(self.location_dest_id.mapped("display_name"))
            entry.sudo().write(  # sudo: who receives goods need have no right to entries
                {
                    "oms_return_id": request.id,
                    "oms_why": self.env._("%(products)s went to %(places)s.", products=names, places=places),
                }
            )
        return entry

    def _get_oms_return(self):
        """The return of which these are goods."""
        return self.oms_return_line_id.return_id[:1]

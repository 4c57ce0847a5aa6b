"""What somebody found who looked at goods that came back, and what is done with them."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.oms_core.const import INSIDE

from ..const import BENCH_LINES_MAX, PHOTO_MAX_BYTES, PHOTOS_MAX, QUESTIONS_MAX
from ..domain.arrivals import FINDINGS, tell

#: What an inspection is, once it is done. Corrected with another one, never changed.
FROZEN = frozenset(
    {"line_id", "product_id", "quantity", "lot_id", "grade_id", "is_accepted", "deduction_percent", "deduction_amount"}
)

#: What may be odd about a piece.
ODDITIES = [
    ("wrong_serial", "Wrong serial number"),
    ("unexpected", "Not on the return"),
    ("missing_parts", "Parts are missing"),
    ("damaged", "Damaged"),
]


class OmsReturnInspection(models.Model):
    """So many pieces of a return line were looked at: how good they are, what of the refund is deducted, where they go.

    Filled in while goods lie on the bench (*draft*); finishing moves the goods. What is finished is corrected by another
    row, as long as the customer has not got more for it than the correction leaves.
    """

    _name = "oms.return.inspection"
    _description = "Return Inspection"
    _order = "return_id, id"
    _rec_name = "product_id"
    _check_company_auto = True

    line_id = fields.Many2one(
        "oms.return.line", string="Return Line", required=True, index=True, ondelete="restrict", check_company=True
    )
    return_id = fields.Many2one(related="line_id.return_id", store=True, index=True)
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    product_id = fields.Many2one(related="line_id.product_id", store=True, index=True)
    product_categ_id = fields.Many2one(related="product_id.categ_id", store=True, string="Category")
    product_uom_id = fields.Many2one(related="line_id.product_uom_id")
    state = fields.Selection(
        [("draft", "On the bench"), ("done", "Inspected"), ("corrected", "Corrected")],
        required=True,
        readonly=True,
        default="draft",
        index=True,
        copy=False,
    )
    quantity = fields.Float(digits="Product Unit", required=True, default=1.0)
    lot_id = fields.Many2one(
        "stock.lot", string="Lot/Serial", domain="[('product_id', '=', product_id)]", ondelete="restrict"
    )
    grade_id = fields.Many2one(
        "oms.return.grade",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env["oms.return.grade"].search([], limit=1),
    )
    is_accepted = fields.Boolean(
        string="Accept",
        default=True,
        help="Unset: nothing is paid back for it; it stays, or goes back to the customer.",
    )
    disposition_id = fields.Many2one(
        "oms.disposition",
        compute="_compute_disposition_id",
        store=True,
        readonly=False,
        index=True,
        ondelete="restrict",
    )
    proposal = fields.Char(
        string="Why There",
        compute="_compute_disposition_id",
        store=True,
        help="What the proposed disposition recovers.",
    )
    deduction_percent = fields.Float(
        string="Deduct %", compute="_compute_deduction_percent", store=True, readonly=False
    )
    deduction_amount = fields.Monetary(
        string="Deduct per Piece", help="Instead of a percentage; from the price of a piece, without tax."
    )
    finding = fields.Selection(ODDITIES, string="What Is Odd")
    finding_words = fields.Char(string="What to Do", compute="_compute_finding_words")
    answer_ids = fields.One2many("oms.return.answer", "inspection_id", string="Checklist")
    photo_ids = fields.Many2many(
        "ir.attachment",
        "oms_return_inspection_photo_rel",
        "inspection_id",
        "attachment_id",
        string="Photos",
        copy=False,
    )
    note = fields.Char()
    user_id = fields.Many2one(
        "res.users", string="Inspected by", readonly=True, index=True, copy=False, default=lambda self: self.env.user
    )
    done_at = fields.Datetime(string="Inspected on", readonly=True, copy=False)
    corrects_id = fields.Many2one("oms.return.inspection", readonly=True, copy=False, index="btree_not_null")
    move_ids = fields.One2many("stock.move", "oms_inspection_id", string="Transfers")
    picking_id = fields.Many2one("stock.picking", string="Transfer", readonly=True, copy=False, ondelete="set null")
    vendor_refund_id = fields.Many2one(
        "account.move", string="Debit Note", readonly=True, copy=False, ondelete="set null", index="btree_not_null"
    )
    write_down = fields.Monetary(string="Written down", readonly=True, copy=False, currency_field="company_currency_id")
    write_down_move_id = fields.Many2one(
        "account.move", string="Write-Down Entry", readonly=True, copy=False, ondelete="set null"
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")

    _quantity_check = models.Constraint("CHECK(quantity > 0)", "An inspection is about some of the goods.")
    _deduction_check = models.Constraint(
        "CHECK(deduction_percent BETWEEN 0 AND 100 AND deduction_amount >= 0 AND "
        "(COALESCE(deduction_percent, 0) = 0 OR COALESCE(deduction_amount, 0) = 0))",
        "Deduct a percentage between 0 and 100, or an amount per piece; not both.",
    )

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("grade_id", "is_accepted")
    def _compute_deduction_percent(self):
        for row in self:
            if row.deduction_amount:
                continue
            row.deduction_percent = 100.0 - row.grade_id.refund_percent if row.is_accepted and row.grade_id else 0.0

    @api.onchange("deduction_amount")
    def _onchange_deduction_amount(self):
        if self.deduction_amount:
            self.deduction_percent = 0.0

    @api.depends("grade_id", "is_accepted", "product_id", "line_id.sale_line_id")
    def _compute_disposition_id(self):
        """Where such goods bring most; what is not accepted goes back to the customer."""
        back = self.env["oms.disposition"].search([("kind", "=", "back")], limit=1)
        for company, rows in self.grouped("company_id").items():
            open_rows = rows.filtered(lambda row: row.state in (False, "draft"))  # what is finished stays as it was
            accepted = open_rows.filtered(lambda row: row.is_accepted and row.product_id and row.grade_id)
            goods = [
                (row, row.product_id._oms_to_goods(row.line_id._get_company_price(), company), row.grade_id)
                for row in accepted
            ]
            choices = self.env["oms.disposition"]._choose(goods) if goods else {}
            for row in rows:
                if row not in open_rows:
                    row.update({"disposition_id": row.disposition_id, "proposal": row.proposal})
                    continue
                choice = choices.get(row)
                row.proposal = choice.sentence if choice else False
                if choice and choice.best:
                    row.disposition_id = choice.best.key
                elif not row.is_accepted:
                    row.disposition_id = back
                else:
                    row.disposition_id = row.disposition_id

    @api.depends("finding", "product_id", "lot_id")
    def _compute_finding_words(self):
        for row in self:
            if row.finding not in FINDINGS:
                row.finding_words = False
                continue
            label = row.lot_id.name if row.finding == "wrong_serial" and row.lot_id else row.product_id.display_name
            found = tell(row.finding, label or "")
            row.finding_words = f"{found.sentence} {found.next_step}"

    # -------------------------------------------------------------------------------------------------- CONSTRAINTS

    @api.constrains("photo_ids")
    def _check_photos(self):
        for row in self:
            if len(row.photo_ids) > PHOTOS_MAX:
                raise ValidationError(self.env._("No more than %s photos of one inspection.", PHOTOS_MAX))
            for photo in row.photo_ids.sudo():  # sudo: only what kind of file it is
                kind = photo.mimetype or ""
                if not kind.startswith("image/") or "svg" in kind or photo.file_size > PHOTO_MAX_BYTES:
                    raise ValidationError(
                        self.env._(
                            "“%s” is no photo, or is larger than 10 MB. Take a picture (JPEG, PNG, WebP) instead.",
                            photo.name,
                        )
                    )

    @api.constrains("lot_id", "line_id")
    def _check_lot(self):
        for row in self.filtered("lot_id"):
            if row.lot_id.product_id != row.product_id and not row.line_id._get_kit():
                raise ValidationError(
                    self.env._(
                        "Number %(lot)s is not of “%(product)s”.", lot=row.lot_id.name, product=row.product_id.name
                    )
                )

    # --------------------------------------------------------------------------------------------------------- CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("deduction_amount"):
                vals.setdefault("deduction_percent", 0.0)
        rows = super().create(vals_list)
        if self.env.context.get("oms_no_checklist") is not INSIDE:
            rows._propose_checklist()
        return rows

    def write(self, vals):
        """Override: what was inspected stays as it was written; it is corrected with another row. Goods of one line that turn
        out to be of two orders take their findings with them (``_split_for``)."""
        is_split = self.env.context.get("oms_split") is INSIDE
        if FROZEN & vals.keys() and not is_split and any(row.state != "draft" for row in self):
            raise UserError(
                self.env._("This inspection is finished. Press “Correct” on it to write another one in its place.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_done(self):
        if any(row.state != "draft" for row in self):
            raise UserError(self.env._("What was inspected is part of the books. Correct it instead of deleting it."))

    def _propose_checklist(self):
        """Give these rows the questions of their categories."""
        questions = self.env["oms.return.checklist"].search([], limit=QUESTIONS_MAX)
        if not questions:
            return
        values = []
        for row in self:
            asked = row.answer_ids.checklist_id
            values += [
                {"inspection_id": row.id, "checklist_id": question.id}
                for question in questions - asked
                if question._fits(row.product_id)
            ]
        self.env["oms.return.answer"].create(values)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_finish(self):
        """Take over what was found: the quantity counts as accepted or rejected, and the goods go to their place."""
        self.check_access("write")
        self._finish()
        return True

    def action_correct(self):
        """Another row in the place of this one, to be filled in and finished."""
        self.check_access("write")
        rows = self.browse()
        for row in self:
            if row.state != "done":
                raise UserError(self.env._("Only what is finished is corrected; change the row itself."))
            rows |= row.copy({"corrects_id": row.id, "disposition_id": row.disposition_id.id})
        return rows._get_records_action(name=self.env._("Correction"))

    def action_move_on(self):
        """Bring goods that were put apart to where they go now: the disposition on this row."""
        self.check_access("write")
        rows = self.filtered(lambda row: row.state == "done")
        waiting = rows.sudo().move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )  # sudo: as in _dispose
        if waiting:
            raise UserError(
                self.env._(
                    "%s has not left yet. Validate or cancel it first.", ", ".join(waiting.picking_id.mapped("name"))
                )
            )
        rows._dispose()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _finish(self):
        """Finish these rows; see :meth:`action_finish`.

        :raise UserError: when more is inspected than came in, a required question has no answer, or a correction takes
            back what the customer got already.
        """
        rows = self.filtered(lambda row: row.state == "draft")
        if not rows:
            return
        rows._check_answers()
        rows.mapped("disposition_id")  # proposed while they are open; what is finished keeps what it has
        # sudo: what was inspected together moves together, and inspectors may not write returns
        rows_sudo = rows.sudo()
        rows_sudo.corrects_id.state = "corrected"
        rows_sudo.write({"state": "done", "user_id": self.env.uid, "done_at": fields.Datetime.now()})
        rows_sudo.line_id._check_inspected()
        rows_sudo._dispose()
        rows_sudo.return_id._tell_findings()
        rows_sudo.return_id._close_if_done()  # what is rejected in whole needs nobody any more

    def _check_answers(self):
        for row in self:
            open_answers = row.answer_ids.filtered(lambda answer: answer.checklist_id.is_required and not answer.answer)
            if open_answers:
                raise UserError(
                    self.env._(
                        "“%(product)s” has a question that must be answered first: %(question)s",
                        product=row.product_id.display_name,
                        question=open_answers[:1].checklist_id.name,
                    )
                )
            limits = row.answer_ids.filtered(lambda answer: answer.answer == "no").checklist_id.worst_grade_id
            too_good = limits.filtered(lambda grade, row=row: grade.sequence > row.grade_id.sequence)
            if too_good:
                raise UserError(
                    self.env._(
                        "“%(product)s” cannot be graded better than %(grade)s after what was answered.",
                        product=row.product_id.display_name,
                        grade=too_good.sorted("sequence")[-1:].name,
                    )
                )


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    inspection_ids = fields.One2many("oms.return.inspection", "line_id", string="Inspections")

    @api.depends("inspection_ids.state", "inspection_ids.quantity", "inspection_ids.is_accepted", "needs_inspection")
    def _compute_quantity_accepted(self):
        """Override: what was inspected counts as it was found; what was not counts where no inspection is needed."""
        result = super()._compute_quantity_accepted()
        for line in self:
            if not line.expects_goods:
                continue
            rows = line.inspection_ids.filtered(lambda row: row.state == "done")
            accepted = sum(rows.filtered("is_accepted").mapped("quantity"))
            rest = line.quantity_received - sum(rows.mapped("quantity"))
            rest = max(0.0, line.product_uom_id.round(rest) if line.product_uom_id else rest)
            line.quantity_accepted = accepted if line.needs_inspection else accepted + rest
            line.quantity_to_inspect = rest if line.needs_inspection else 0.0
        return result

    def _get_kit(self):
        """{part: how many a piece has}; empty for what is no kit."""
        self.ensure_one()
        return self.sale_line_id and self.sale_line_id._oms_get_parts() or {}

    def _get_company_price(self):
        """What a piece was sold for, without tax, in the product's unit and the company's currency."""
        self.ensure_one()
        return self.sale_line_id._oms_get_company_price() if self.sale_line_id else self.product_id.lst_price

    def _check_inspected(self):
        """:raise UserError: when more of one of these lines is inspected than came in, or less is accepted than the customer
        got already."""
        for line in self:
            rows = line.inspection_ids.filtered(lambda row: row.state == "done")
            if line.product_uom_id.compare(sum(rows.mapped("quantity")), line.quantity_received) > 0:
                raise UserError(
                    self.env._(
                        "%(inspected)g of “%(product)s” are inspected, but only %(received)g came in. Lower the quantity, or "
                        "receive the rest first.",
                        inspected=sum(rows.mapped("quantity")),
                        product=line.product_id.display_name,
                        received=line.quantity_received,
                    )
                )
            if line.product_uom_id.compare(line.quantity_accepted, line.quantity_settled) < 0:
                raise UserError(
                    self.env._(
                        "The customer got %(settled)g of “%(product)s” settled already, and this leaves %(accepted)g "
                        "accepted. Ask for the money first.",
                        settled=line.quantity_settled,
                        product=line.product_id.display_name,
                        accepted=line.quantity_accepted,
                    )
                )

    def _get_to_inspect(self):
        """How much came in that nobody has finished inspecting, whether that is needed or not."""
        self.ensure_one()
        rows = self.inspection_ids.filtered(lambda row: row.state == "done")
        return max(0.0, self.product_uom_id.round(self.quantity_received - sum(rows.mapped("quantity"))))

    def _inspect(self, values=None):
        """Inspect many at once: write down what was found and bring the goods to their places.

        :param values: ``{line: [{field: value}, …]}``, or one dict for each line; a line that is not in it is taken whole,
            in the best grade. Without a quantity: all of it that was not inspected.
        :return: the finished inspections.
        """
        grade = self.env["oms.return.grade"].search([], limit=1)
        rows = []
        for line in self:
            found = (values or {}).get(line, {})
            left = line._get_to_inspect()
            for row in [found] if isinstance(found, dict) else found:
                row = {"line_id": line.id, "quantity": left, "grade_id": grade.id, **row}
                if row["quantity"] > 0:
                    rows.append(row)
        inspections = self.env["oms.return.inspection"].with_context(oms_no_checklist=INSIDE).create(rows)
        inspections = inspections.with_context(oms_no_checklist=None)
        inspections._finish()
        return inspections

    def _propose_inspections(self):
        """A row for everything that lies on the bench; one for each serial number.

        :return: all rows that are to be filled in.
        """
        rows = []
        for line in self:
            drafts = line.inspection_ids.filtered(lambda row: row.state == "draft" and not row.corrects_id)
            left = line.product_uom_id.round(line._get_to_inspect() - sum(drafts.mapped("quantity")))
            if left <= 0:
                continue
            if line.product_id.tracking == "serial":
                seen = line.inspection_ids.filtered(lambda row: row.state != "corrected").lot_id
                came = line.move_ids.filtered(lambda move: move.state == "done").move_line_ids.lot_id
                rows += [
                    {"line_id": line.id, "quantity": 1.0, "lot_id": lot.id, **line._prepare_finding(lot)}
                    for lot in (came - seen)[: int(left)]
                ]
            else:
                rows.append({"line_id": line.id, "quantity": left, **line._prepare_finding(line.lot_id.browse())})
        self.env["oms.return.inspection"].create(rows[:BENCH_LINES_MAX])
        return self.inspection_ids.filtered(lambda row: row.state == "draft")

    def _prepare_finding(self, lot):
        """What is odd about a piece before anybody has looked at it."""
        self.ensure_one()
        if self.return_id.is_blind or not self.sale_line_id:
            return {"finding": "unexpected"} if not self.return_id.is_blind else {}
        sold = self.sale_line_id.move_ids.filtered(lambda move: move.location_dest_id.usage == "customer")
        if lot and lot not in sold.move_line_ids.lot_id:
            return {"finding": "wrong_serial", "is_accepted": False}
        return {}


class OmsReturn(models.Model):
    _inherit = "oms.return"

    inspection_ids = fields.One2many("oms.return.inspection", "return_id", string="Inspections")
    has_to_inspect = fields.Boolean(compute="_compute_has_to_inspect", compute_sudo=True)

    @api.depends("line_ids.quantity_received", "inspection_ids.state", "inspection_ids.quantity")
    def _compute_has_to_inspect(self):
        for record in self:
            record.has_to_inspect = record.state == "open" and any(
                line.expects_goods and line._get_to_inspect() > 0 for line in record.line_ids
            )

    def action_inspect(self):
        """Put what came in on the bench: a row for each, with what is usual, to be corrected and finished."""
        self.ensure_one()
        self.check_access("read")
        self.env["oms.return.inspection"].check_access("create")
        rows = self.line_ids._propose_inspections()
        if not rows:
            raise UserError(self.env._("Nothing of %s lies on the bench. Receive it first.", self.name))
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("oms_returns.oms_return_bench_action"),
            "name": self.env._("Inspect %s", self.name),
            "domain": [("return_id", "=", self.id)],
        }

    def action_finish_inspection(self):
        """Finish all rows of this return that are on the bench."""
        self.ensure_one()
        self.check_access("read")
        rows = self.inspection_ids.filtered(lambda row: row.state == "draft")
        if not rows:
            raise UserError(self.env._("Nothing of %s is on the bench.", self.name))
        rows.action_finish()

    def _settle(self, is_paid_here=False):
        """Override: above an amount, whoever inspected is not who pays."""
        for record in self:
            record._check_four_eyes()
        return super()._settle(is_paid_here)

    def _check_four_eyes(self):
        """:raise UserError: when this user inspected goods that are to be settled for more than the company allows."""
        self.ensure_one()
        limit = self.company_id.oms_return_four_eyes_amount
        if not limit:
            return
        due = self.line_ids.filtered(lambda line: line.quantity_to_settle > 0)
        rows_sudo = due.sudo().inspection_ids  # sudo: who looked at it, whoever may settle
        mine = rows_sudo.filtered(lambda row: row.state == "done" and row.user_id == self.env.user)
        amount = sum(
            Decimal(repr(line._get_company_price()))
            * Decimal(repr(line.product_uom_id._compute_quantity(line.quantity_to_settle, line.product_id.uom_id)))
            for line in due
        )
        if mine and self.company_id.currency_id.compare_amounts(float(amount), limit) > 0:
            raise UserError(
                self.env._(
                    "%(user)s inspected goods of %(name)s, and %(amount)s are to be settled. Above %(limit)s somebody else has "
                    "to settle it.",
                    user=self.env.user.name,
                    name=self.name,
                    amount=self.company_id.currency_id.format(float(amount)),
                    limit=self.company_id.currency_id.format(limit),
                )
            )

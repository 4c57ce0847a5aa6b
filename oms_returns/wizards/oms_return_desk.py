from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from odoo.addons.oms_core.domain.scan import CODE_MAX_CHARS, Meaning, Refusal, Wanted, count, read

from ..const import DESK_CHOICES_MAX, DESK_TEXT_MIN_CHARS
from ..domain.arrivals import tell
from ..models.oms_return_inspection import ODDITIES

#: What a scan that counts nothing is called among the findings.
REFUSALS = {"wrong_product": "unexpected", "wrong_lot": "wrong_serial", "lot_needed": "number_needed"}


class OmsReturnDesk(models.TransientModel):
    """One screen for whatever comes in: scan the parcel, scan or count what is in it, say how good it is, done.

    For warehouses and stores. What a store associate may do here goes beyond the orders of the own store: a customer may bring
    goods back wherever it suits. Only what is needed for that is shown, and only for what somebody has in the hand.
    """

    _name = "oms.return.desk"
    _description = "Returns Desk"

    warehouse_id = fields.Many2one(
        "stock.warehouse", string="Place", required=True, default=lambda self: self._get_places()[:1]
    )
    allowed_warehouse_ids = fields.Many2many("stock.warehouse", compute="_compute_allowed_warehouse_ids")
    code = fields.Char(
        string="Scan or Type",
        help="The parcel's number, the number of the return or the order, a product or serial number; or the customer's mail, "
        "telephone or name.",
    )
    message = fields.Char()
    next_step = fields.Char(string="What to Do")
    is_bad = fields.Boolean()
    return_id = fields.Many2one("oms.return")
    return_name = fields.Char(string="Return Number")
    customer = fields.Char()
    order_id = fields.Many2one("sale.order")
    line_ids = fields.One2many("oms.return.desk.line", "desk_id", string="Goods")
    choice_ids = fields.One2many("oms.return.desk.choice", "desk_id", string="Which Order?")

    def _get_places(self):
        """The places where this user works."""
        places = self.env["stock.warehouse"].search([("company_id", "=", self.env.company.id)])
        user = self.env.user
        return places.filtered(lambda place: user in place.oms_user_ids) if user.oms_own_places_only else places

    def _compute_display_name(self):
        """Override: a desk has no name of its own."""
        self.display_name = self.env._("Returns Desk")

    @api.depends("warehouse_id")
    def _compute_allowed_warehouse_ids(self):
        self.allowed_warehouse_ids = self._get_places()

    # ------------------------------------------------------------------------------------------------------ SCANNING

    @api.onchange("code")
    def _onchange_code(self):
        """What was scanned opens a return, or counts a piece of the one that is open."""
        text = (self.code or "").strip()
        self.code = False
        if not text:
            return
        if len(text) > CODE_MAX_CHARS:
            self._say(tell("unknown", text[:20]))
        elif not (self.return_name and self._count(text)):
            self._find(text)

    @api.onchange("choice_ids")
    def _onchange_choices(self):
        """This is it: open its return, or offer to begin one."""
        choice = self.choice_ids.filtered("chosen")[:1]
        if not choice:
            return
        if choice.return_id:
            self._open(choice.return_id)
            return
        self.order_id = choice.order_id
        self._say(
            message=self.env._("%(order)s of %(customer)s.", order=choice.name, customer=choice.customer),
            next_step=self.env._("Press “Start Return”: everything of it that can come back stands there then."),
            good=True,
        )

    def _say(self, finding=None, message="", next_step="", good=False):
        self.message = finding.sentence if finding else message
        self.next_step = finding.next_step if finding else next_step
        self.is_bad = not good

    def _get_return_sudo(self):
        """The return on the desk. In sudo mode: it may be of an order that was sent from elsewhere."""
        return self.return_id.sudo()

    def _find(self, text):
        returns, orders, word = self.env["oms.return"]._find_by_code(text, self.warehouse_id)
        self.choice_ids = [Command.clear()]
        if len(returns) == 1:
            self._open(returns)
            if word in ("product", "serial"):
                self._count(text)
            return
        if len(returns) > 1:
            self._offer(
                [{"return_id": record.id, **self._prepare_choice(record._get_first_order())} for record in returns]
            )
            return
        if not orders and not word:
            orders = self._find_orders_of(text)
        if orders:
            self._offer([self._prepare_choice(order) for order in orders])
            if len(orders) == 1:
                self.choice_ids.chosen = True
                self._onchange_choices()
            return
        self._say(tell("unknown", text))

    def _find_orders_of(self, text):
        """Orders of whoever has this mail, telephone or name: the latest that goods left for."""
        if len(text) < DESK_TEXT_MIN_CHARS:
            return self.env["sale.order"]
        # sudo: a customer may bring goods back wherever it suits; what is shown of the order is its number and day
        partners = self.env["res.partner"].sudo().search(
            Domain("email_normalized", "=", text.lower())
            | Domain("phone", "=", text)
            | Domain("name", "ilike", "".join(f"\\{char}" if char in "\\%_" else char for char in text)),
            limit=50,
        )  # fmt: skip
        return self.env["sale.order"].sudo().search(
            [
                ("company_id", "=", self.warehouse_id.company_id.id),
                ("partner_id", "child_of", partners.commercial_partner_id.ids),
                ("picking_ids.state", "=", "done"),
            ],
            order="id desc",
            limit=DESK_CHOICES_MAX,
        )  # fmt: skip

    def _prepare_choice(self, order):
        return {
            "order_id": order.id,
            "name": order.oms_number or order.name,
            "day": fields.Date.to_date(order.date_order),
            "customer": order.partner_id.name,
            "what": ", ".join(order.order_line.filtered(lambda line: line._is_oms_goods()).product_id.mapped("name"))[
                :120
            ],
        }

    def _offer(self, choices):
        self.choice_ids = [Command.clear(), *(Command.create(values) for values in choices[:DESK_CHOICES_MAX])]
        self._say(
            message=self.env._("Nothing was announced for it, or it may be several."),
            next_step=self.env._("Choose which one it is."),
            good=True,
        )

    def _open(self, record):
        """Put a return on the desk."""
        record = record.sudo()  # sudo: see _get_return_sudo
        self.return_id = record.id
        self.return_name = record.name
        self.customer = record.partner_id.name
        self.order_id = record._get_first_order().id
        self.choice_ids = [Command.clear()]
        lines = record.line_ids.filtered(lambda line: line.expects_goods and line.quantity_missing > 0)
        self.line_ids = [
            Command.clear(),
            *(Command.create(self._prepare_line(line)) for line in lines),
        ]
        if lines:
            self._say(
                message=self.env._("%s is expected.", record.name),
                next_step=self.env._("Scan what is in the parcel, or count it."),
                good=True,
            )
        else:
            self._say(message=self.env._("Nothing of %s is expected any more.", record.name))

    def _prepare_line(self, line):
        numbers = line.sale_line_id.move_ids.filtered(
            lambda move: move.state == "done" and move.location_dest_id.usage == "customer"
        ).move_line_ids.lot_id
        return {
            "line_id": line.id,
            "product_id": line.product_id.id,
            "expected": line.quantity_missing,
            "counted": 0.0,
            "numbers": ", ".join(numbers.mapped("name"))[:200],
            "grade_id": self.env["oms.return.grade"].search([], limit=1).id,
        }

    def _count(self, text):
        """Count a piece of what is open.

        :return: whether the code is about goods; what is not counted then is told.
        """
        code = read(text)
        Return = self.env["oms.return"]
        product = Return._find_product(code, self.warehouse_id)
        # sudo: numbers of goods that somebody has in the hand
        lots = self.env["stock.lot"].sudo().search([("name", "=", code.lot or code.value)], limit=20)
        wanted = self.line_ids.product_id
        if product and product.tracking == "none":
            meaning = Meaning(product.id, product.display_name)
        elif product and not code.lot:
            meaning = Meaning(product.id, product.display_name)
        elif lot := lots.filtered(lambda lot: lot.product_id in wanted)[:1] or lots[:1]:
            meaning = Meaning(lot.product_id.id, lot.name, lot_id=lot.name, by_lot=True)
        elif product:
            meaning = Meaning(product.id, code.lot, lot_id=code.lot, by_lot=True)
        else:
            return False
        result = count(meaning, [piece for line in self.line_ids for piece in line._to_wanted()])
        if isinstance(result, Refusal):
            self._refuse(result, meaning)
            return True
        for (key, lot), quantity in result.items():
            line = self.line_ids.filtered(lambda line, key=key: line._get_key() == key)
            line.counted += float(quantity)
            if lot:
                line.scanned = ", ".join(filter(None, [line.scanned, lot]))
        left = sum(max(line.expected - line.counted, 0.0) for line in self.line_ids)
        label = meaning.label
        self._say(
            message=self.env._("%(label)s counted, %(left)g to go.", label=label, left=left)
            if left
            else self.env._("%s counted. Everything is there.", label),
            next_step=self.env._("Scan the next piece, or press “Receive”."),
            good=True,
        )
        return True

    def _refuse(self, refusal, meaning):
        """Say what is odd about a piece, and count it as that where it lies on the desk all the same."""
        if refusal.code == "too_many":
            line = self.line_ids.filtered(lambda line: line.product_id.id == meaning.product_id)[-1:]
            line.counted += 1
            if meaning.lot_id:
                line.scanned = ", ".join(filter(None, [line.scanned, meaning.lot_id]))
            self._say(tell("too_many", line.product_id.display_name, Decimal(repr(line.counted - line.expected))))
            return
        finding = tell(REFUSALS.get(refusal.code, "unknown"), refusal.label or meaning.label)
        if refusal.code == "wrong_product":
            self.line_ids = [
                Command.create(
                    {
                        "product_id": meaning.product_id,
                        "expected": 0.0,
                        "counted": 1.0,
                        "finding": "unexpected",
                        "scanned": meaning.lot_id or False,
                        "grade_id": self.env["oms.return.grade"].search([], limit=1).id,
                    }
                )
            ]
        elif refusal.code == "wrong_lot":
            line = self.line_ids.filtered(lambda line: line.product_id.id == meaning.product_id)[:1]
            line.counted += 1
            line.scanned = ", ".join(filter(None, [line.scanned, meaning.lot_id]))
            line.finding = "wrong_serial"
            line.is_accepted = False
        self._say(finding)

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_count_all(self):
        """All that is expected is there."""
        self._check_desk()
        for line in self.line_ids.filtered(lambda line: line.expected > 0):
            line.counted = line.expected
        return self._reopen()

    def action_receive(self):
        """Take in what was counted and what was found, and say where it goes."""
        self._check_desk()
        record = self._get_return_sudo()
        if record.company_id != self.warehouse_id.company_id:
            raise UserError(self.env._("Scan the parcel first, or press “Unknown Parcel”."))
        rows = self.line_ids.filtered(lambda line: line.counted > 0)
        if not rows:
            raise UserError(self.env._("Nothing was counted. Scan what is in the parcel, or press “All There”."))
        if record.state == "draft" and record.is_blind:
            self._authorize_blind(record, rows)
        counted, inspected = {}, {}
        for row in rows:
            line = row.line_id.sudo()  # sudo: see _get_return_sudo
            if not line:
                line = record._add_unexpected(row.product_id, row.counted)
                record.with_context(oms_return_to=self.warehouse_id.id)._create_receipts()
            quantity, lots = counted.get(line, (0.0, []))
            counted[line] = (quantity + row.counted, [*lots, *row._get_scanned()])
            inspected.setdefault(line, []).append(row)
        before = record.line_ids
        record._take_in(counted, self.warehouse_id)
        values = {line: self._prepare_inspections(line, of_line) for line, of_line in inspected.items()}
        # Who is at the desk inspects: the rows are theirs.
        done = record.line_ids.filtered(lambda line: values.get(line))._inspect(values)
        (record.line_ids - before)._propose_inspections()
        where = ", ".join(
            f"{row.quantity:g} × {row.product_id.name} → {row.disposition_id.name}"
            for row in done
            if row.disposition_id
        )
        odd = record.findings or ""
        self._say(
            message=self.env._("%(name)s is taken in. %(where)s", name=record.name, where=where),
            next_step=odd.replace("\n", " ") or self.env._("Scan the next parcel."),
            good=True,
        )
        self._forget()
        return self._reopen()

    def _prepare_inspections(self, line, rows):
        """What was found of a line, no more than was taken in for it: what is beyond stands on a line of its own."""
        left, values = line._get_to_inspect(), []
        for row in rows:
            quantity = min(row.counted, left)
            left -= quantity
            values.append({**row._prepare_inspection(), "quantity": quantity})
        return values

    def _authorize_blind(self, record, rows):
        """A parcel that nobody announced is taken in as it is: what is counted becomes its lines."""
        for row in rows.filtered(lambda row: not row.line_id):
            row.line_id = record._add_unexpected(row.product_id, row.counted)
        record.with_context(oms_return_to=self.warehouse_id.id).action_authorize()

    def action_unknown(self):
        """Nobody knows whose this is: a return without an order, and one task."""
        self._check_desk()
        record = self.env["oms.return"]._open_blind(self.warehouse_id).sudo()  # sudo: see _get_return_sudo
        self._forget()
        self.write({"return_id": record.id, "return_name": record.name})
        self._say(
            message=self.env._("%s is for this parcel.", record.name),
            next_step=self.env._("Scan what is in it, then press “Receive”. Customer service finds out whose it is."),
            good=True,
        )
        return self._reopen()

    def action_start(self):
        """A customer brings goods that nobody announced: begin their return."""
        self._check_desk()
        order_sudo = self.order_id.sudo()  # sudo: see OmsReturnDesk
        if not order_sudo or order_sudo.company_id != self.warehouse_id.company_id:
            raise UserError(self.env._("Choose the order first."))
        self._open(self._start(order_sudo))
        return self._reopen()

    def action_clear(self):
        self._check_desk()
        self._forget()
        self._say(good=True)
        return self._reopen()

    def _forget(self):
        """Clear the desk for the next parcel."""
        empty = dict.fromkeys(("return_id", "return_name", "customer", "order_id"), False)
        self.write({"line_ids": [Command.clear()], "choice_ids": [Command.clear()], **empty})

    def _check_desk(self):
        """:raise AccessError: when somebody works at a place that is not theirs."""
        self.ensure_one()
        self.check_access("write")
        if self.warehouse_id not in self._get_places():
            raise AccessError(self.env._("You do not work at %s.", self.warehouse_id.name))

    def _start(self, order):
        """A customer stands at the desk with goods of an order that nobody announced: everything of it that can come back."""
        way = "store" if self.warehouse_id.oms_node_type == "store" else "mail"
        record = self.env["oms.return"].sudo().create(  # sudo: see _get_return_sudo
            {
                "order_id": order.id,
                "origin": "store" if way == "store" else "warehouse",
                "way": way,
                "warehouse_id": self.warehouse_id.id,
            }
        )  # fmt: skip
        record.action_fill_lines()
        if not record.line_ids:
            raise UserError(self.env._("The customer has nothing of %s that could come back.", order.name))
        record.action_authorize()
        return record

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Returns Desk"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "main",
        }


class OmsReturnDeskLine(models.TransientModel):
    """Goods on the desk: what is expected, what was counted, and how good it is."""

    _name = "oms.return.desk.line"
    _description = "Goods on the Returns Desk"

    desk_id = fields.Many2one("oms.return.desk", required=True, ondelete="cascade")
    line_id = fields.Many2one("oms.return.line")
    product_id = fields.Many2one("product.product", required=True)
    expected = fields.Float(digits="Product Unit")
    counted = fields.Float(digits="Product Unit")
    numbers = fields.Char(string="Sold with Numbers")
    scanned = fields.Char(string="Numbers")
    grade_id = fields.Many2one("oms.return.grade", required=True)
    is_accepted = fields.Boolean(string="Accept", default=True)
    finding = fields.Selection(ODDITIES, string="What Is Odd")
    disposition_id = fields.Many2one(
        "oms.disposition", compute="_compute_disposition_id", store=True, readonly=False, string="Goes to"
    )
    deduction_percent = fields.Float(
        string="Deduct %", compute="_compute_deduction_percent", store=True, readonly=False
    )
    photo_ids = fields.Many2many("ir.attachment", string="Photos")
    note = fields.Char()

    @api.depends("grade_id", "is_accepted")
    def _compute_deduction_percent(self):
        for row in self:
            row.deduction_percent = 100.0 - row.grade_id.refund_percent if row.is_accepted and row.grade_id else 0.0

    @api.depends("grade_id", "is_accepted", "product_id")
    def _compute_disposition_id(self):
        back = self.env["oms.disposition"].search([("kind", "=", "back")], limit=1)
        for row in self:
            company = row.desk_id.warehouse_id.company_id or self.env.company
            if not row.is_accepted or not row.grade_id or not row.product_id:
                row.disposition_id = row.disposition_id if row.is_accepted else back
                continue
            price = (
                row.line_id.sudo()._get_company_price() if row.line_id else row.product_id.lst_price
            )  # sudo: a proposal
            goods = row.product_id._oms_to_goods(price, company)
            choice = self.env["oms.disposition"]._choose([(row, goods, row.grade_id)])[row]
            row.disposition_id = choice.best.key if choice.best else False

    def _get_key(self):
        return self.line_id.id or f"new {self.product_id.id}"

    def _get_scanned(self):
        return [name.strip() for name in (self.scanned or "").split(",") if name.strip()]

    def _to_wanted(self):
        """What this line waits for, number by number where the goods have numbers."""
        self.ensure_one()
        product = self.product_id
        numbers = [name.strip() for name in (self.numbers or "").split(",") if name.strip()]
        key, label = self._get_key(), product.display_name
        expected, counted = Decimal(repr(self.expected)), Decimal(repr(self.counted))
        if product.tracking == "none" or not numbers:
            return [Wanted((key, None), product.id, label, expected, counted)]
        scanned = self._get_scanned()
        if product.tracking == "lot":
            return [Wanted((key, name), product.id, label, expected, counted, name) for name in numbers]
        return [
            Wanted((key, name), product.id, label, Decimal(1), Decimal(scanned.count(name)), name) for name in numbers
        ]

    def _prepare_inspection(self):
        """What was found, for the inspection."""
        self.ensure_one()
        return {
            "grade_id": self.grade_id.id,
            "is_accepted": self.is_accepted,
            "deduction_percent": self.deduction_percent,
            "disposition_id": self.disposition_id.id,
            "finding": self.finding,
            "note": self.note,
            "photo_ids": [Command.set(self.photo_ids.ids)],
        }


class OmsReturnDeskChoice(models.TransientModel):
    """An order or return that a code or a customer may mean."""

    _name = "oms.return.desk.choice"
    _description = "Choice at the Returns Desk"

    desk_id = fields.Many2one("oms.return.desk", required=True, ondelete="cascade")
    order_id = fields.Many2one("sale.order")
    return_id = fields.Many2one("oms.return")
    name = fields.Char(string="Order Number")
    day = fields.Date(string="Ordered")
    customer = fields.Char()
    what = fields.Char(string="Goods")
    chosen = fields.Boolean(string="This One")

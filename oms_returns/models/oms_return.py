from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

#: {state: states that may follow}. What has been received and settled is told by the native documents.
RETURN_TRANSITIONS = {
    "draft": {"open", "refused", "cancelled"},
    "open": {"closed", "cancelled"},
    "closed": {"open"},
    "refused": {"draft"},
    "cancelled": {"draft"},
}

OUTCOMES = [
    ("refund", "Refund"),
    ("credit", "Store credit"),
    ("exchange", "Exchange"),
    ("replacement", "Replacement"),
    ("repair", "Repair"),
    ("nothing", "Nothing"),
]


class OmsReturn(models.Model):
    """What a customer sends back or claims: many lines on one document, of one order, of several, or of none that is known.

    Goods come in through native receipts, one for each site that they left from; money goes back by reversing the posted
    invoice, for the quantity that came back and no more.
    """

    _name = "oms.return"
    _description = "Return"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(default=lambda self: self.env._("New"), readonly=True, copy=False)
    kind = fields.Selection(
        [("return", "Return"), ("claim", "Claim")],
        required=True,
        default="return",
        tracking=True,
        help="A claim is about goods that were lost, damaged, wrong or incomplete: nothing is expected back unless a line "
        "says so.",
    )
    origin = fields.Selection(
        [
            ("clerk", "Customer service"),
            ("customer", "Customer"),
            ("channel", "Channel"),
            ("store", "Store"),
            ("warehouse", "Warehouse"),
        ],
        string="Asked by",
        required=True,
        default="clerk",
    )
    is_blind = fields.Boolean(
        string="Goods Came First",
        help="Goods that nobody announced: they are taken in as they are, and matched to their order afterwards.",
    )
    order_id = fields.Many2one(
        "sale.order",
        index=True,
        check_company=True,
        ondelete="restrict",
        help="Empty when it is of several or of none.",
    )
    order_ids = fields.Many2many(
        "sale.order",
        relation="oms_return_order_rel",
        column1="return_id",
        column2="order_id",
        compute="_compute_order_ids",
        store=True,
        string="Orders",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False, precompute=True, index=True
    )
    channel_id = fields.Many2one("oms.channel", compute="_compute_from_order", store=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_from_order", store=True)
    state = fields.Selection(
        [
            ("draft", "Requested"),
            ("open", "Authorized"),
            ("closed", "Closed"),
            ("refused", "Refused"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    stage = fields.Selection(
        [
            ("draft", "Requested"),
            ("refused", "Refused"),
            ("expected", "Expected"),
            ("partial", "Partly received"),
            ("received", "Received"),
            ("inspected", "Accepted"),
            ("settled", "Settled"),
            ("closed", "Closed"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_stage",
        store=True,
        index=True,
        help="How far the return is, derived from its receipts, inspections and settlements. Received is to be inspected, "
        "accepted is to be settled.",
    )
    refusal = fields.Text(copy=False, help="Why it is refused, in the words that the customer reads.")
    way = fields.Selection(
        [
            ("mail", "By mail"),
            ("store", "In a store"),
            ("pickup", "Picked up"),
            ("third_party", "To a third party"),
            ("none", "Nothing comes back"),
        ],
        string="Way Back",
        required=True,
        default="mail",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Comes Back to",
        check_company=True,
        help="Empty: every line comes back to where it left.",
    )
    expected_at = fields.Datetime(string="Expected", copy=False)
    label_paid_by = fields.Selection(
        [("merchant", "Us"), ("customer", "The customer")], default="merchant", required=True
    )
    requested_at = fields.Datetime(
        string="Requested",
        required=True,
        default=fields.Datetime.now,
        copy=False,
        help="Windows are judged at this moment, not when somebody looks at the request.",
    )
    judgement = fields.Json(copy=False)
    override_reason = fields.Char(copy=False, readonly=True, tracking=True)
    override_user_id = fields.Many2one("res.users", copy=False, readonly=True)
    line_ids = fields.One2many("oms.return.line", "return_id", copy=True)
    settlement_ids = fields.One2many("oms.return.settlement", "return_id", string="Settlements")
    move_ids = fields.One2many("account.move", "oms_return_id", string="Entries")
    picking_ids = fields.Many2many("stock.picking", compute="_compute_documents", compute_sudo=True, string="Receipts")
    refund_ids = fields.Many2many(
        "account.move", compute="_compute_documents", compute_sudo=True, string="Credit Notes"
    )
    picking_count = fields.Integer(compute="_compute_documents", compute_sudo=True)
    refund_count = fields.Integer(compute="_compute_documents", compute_sudo=True)
    order_count = fields.Integer(compute="_compute_order_count", compute_sudo=True)
    amount_refunded = fields.Monetary(compute="_compute_documents", compute_sudo=True, string="Refunded")
    note = fields.Html(string="Customer's Words")
    # For quick work in the form alone: they fill lines, and are empty again.
    add_order_id = fields.Many2one("sale.order", string="Add Everything of", store=False)
    set_reason_id = fields.Many2one("oms.return.reason", string="Reason for All", store=False)
    oms_stars = fields.Integer(related="order_id.oms_stars")
    oms_rating = fields.Char(related="order_id.oms_rating", string="Feedback on the Order")
    oms_feedback_words = fields.Text(related="order_id.oms_feedback_words")

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends("order_id", "line_ids.sale_line_id.order_id")
    def _compute_order_ids(self):
        for record in self:
            record.order_ids = record.order_id | record.line_ids.sale_line_id.order_id

    @api.depends("order_ids")
    def _compute_order_count(self):
        for record in self:
            record.order_count = len(record.order_ids)

    @api.depends("order_id.partner_id", "line_ids.sale_line_id.order_id.partner_id")
    def _compute_partner_id(self):
        for record in self:
            record.partner_id = record._get_first_order().partner_id or record.partner_id

    @api.depends("order_id.company_id")
    def _compute_company_id(self):
        for record in self:
            record.company_id = record.order_id.company_id or record.company_id or self.env.company

    @api.depends("company_id", "order_id.currency_id", "order_id.oms_channel_id", "line_ids.sale_line_id.order_id")
    def _compute_from_order(self):
        for record in self:
            order = record._get_first_order()
            record.currency_id = order.currency_id or record.company_id.currency_id
            record.channel_id = order.oms_channel_id

    def _get_first_order(self):
        self.ensure_one()
        return self.order_id or self.line_ids.sale_line_id.order_id[:1]

    @api.depends("line_ids.move_ids.picking_id", "line_ids.refund_line_ids.move_id.state", "move_ids.state")
    def _compute_documents(self):
        for record in self:
            credits = record.move_ids.filtered(lambda move: move.move_type == "out_refund")
            refunds = record.line_ids.refund_line_ids.move_id | credits
            record.picking_ids = record.line_ids.move_ids.picking_id
            record.refund_ids = refunds
            record.picking_count = len(record.picking_ids)
            record.refund_count = len(refunds)
            record.amount_refunded = sum(refunds.filtered(lambda move: move.state == "posted").mapped("amount_total"))

    def _compute_access_url(self):
        """Override of ``portal``: where the customer follows it."""
        result = super()._compute_access_url()
        for record in self:
            record.access_url = f"/my/returns/{record.id}"
        return result

    # --------------------------------------------------------------------------------------------------------- CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self.env["ir.sequence"].next_by_code("oms.return") or self.env._("New")
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_open(self):
        if any(record.state == "open" for record in self):
            raise UserError(self.env._("An authorized return is expected by the warehouse. Cancel it first."))
        if any(record.state == "closed" for record in self):
            raise UserError(self.env._("A closed return is part of the books and of the stock. It stays."))

    @api.constrains("order_id", "line_ids", "partner_id", "company_id")
    def _check_one_customer(self):
        for record in self:
            orders = record.order_ids.sudo()  # sudo: whether lines fit together is no question of who may see them
            customers = (orders.partner_id | record.partner_id).commercial_partner_id
            if len(customers) > 1 or len(orders.currency_id) > 1 or orders.company_id - record.company_id:
                raise ValidationError(
                    self.env._(
                        "The lines of a return belong to orders of one customer, in one company and one currency. Make a "
                        "return of its own for the others."
                    )
                )

    # ------------------------------------------------------------------------------------------------------ ONCHANGE

    @api.onchange("add_order_id")
    def _onchange_add_order_id(self):
        """Everything of one more order that can still come back."""
        for line in self.add_order_id.order_line - self.line_ids.sale_line_id:
            if (returnable := line._oms_get_returnable(self._origin)) > 0:
                self.line_ids |= self.line_ids.new({"sale_line_id": line.id, "quantity": returnable})
        self.add_order_id = False

    @api.onchange("set_reason_id")
    def _onchange_set_reason_id(self):
        """One reason for all lines that have none."""
        self.line_ids.filtered(lambda line: not line.reason_id).reason_id = self.set_reason_id
        self.set_reason_id = False

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_fill_lines(self):
        """Propose everything of its orders that can still come back."""
        self.check_access("write")
        for record in self.filtered(lambda record: record.state == "draft"):
            listed = record.line_ids.sale_line_id
            record.line_ids = [
                fields.Command.create({"sale_line_id": line.id, "quantity": returnable})
                for line in record.order_ids.order_line - listed
                if (returnable := line._oms_get_returnable()) > 0
            ]

    def action_authorize(self):
        """Tell the customer yes, and the warehouse to expect the goods."""
        self.check_access("write")
        self._take_turn()
        for record in self:
            record._check_authorizable()
            record._create_receipts()
        self._set_state("open")

    def action_refuse(self):
        """Tell the customer no, and why."""
        self.check_access("write")
        for record in self:
            if not (record.refusal or "").strip():
                raise UserError(self.env._("Say in “Refusal” why %s is refused; the customer reads it.", record.name))
        self._set_state("refused")

    def action_close(self):
        """Nothing more comes, and nothing more is done: what is still expected is called off."""
        self.check_access("write")
        self._take_turn()
        for record in self:
            record._close()

    def action_reopen(self):
        """Go on with a closed return: what never came is expected again."""
        self.check_access("write")
        self._take_turn()
        self._set_state("open")
        for record in self:
            record._check_authorizable()
            record._create_receipts()

    def action_cancel(self):
        self.check_access("write")
        for record in self:
            if any(line.quantity_received > 0 for line in record.line_ids):
                raise UserError(self.env._("Goods of %s have come in already; it cannot be cancelled.", record.name))
            if any(line.quantity_settled > 0 for line in record.line_ids):
                raise UserError(self.env._("%s is settled in part already; it cannot be cancelled.", record.name))
            record._get_open_receipts_sudo().action_cancel()
        self._set_state("cancelled")

    def action_draft(self):
        self.check_access("write")
        self._set_state("draft")
        self.line_ids._check_not_requested_twice()

    def action_view_receipts(self):
        self.ensure_one()
        return self.picking_ids._get_records_action(name=self.env._("Receipts"))

    def action_view_refunds(self):
        self.ensure_one()
        return self.refund_ids._get_records_action(name=self.env._("Credit Notes"))

    def action_view_orders(self):
        self.ensure_one()
        return self.order_ids._get_records_action(name=self.env._("Orders"))

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _take_turn(self):
        """Let only one at a time work these returns and ask goods of their orders back: whoever comes second begins anew and
        sees what the first one did."""
        self.order_ids._oms_take_turn_to_return()
        if self:
            self.flush_model(["state"])
            self.env.cr.execute(
                SQL(
                    "UPDATE oms_return SET id = id WHERE id IN (SELECT id FROM oms_return WHERE id IN %s ORDER BY id "
                    "FOR NO KEY UPDATE)",
                    tuple(self.ids),
                )
            )

    def _set_state(self, state):
        """The one way to move returns.

        :raise UserError: for a step that is not allowed.
        """
        labels = dict(self._fields["state"]._description_selection(self.env))
        for record in self:
            if state not in RETURN_TRANSITIONS[record.state]:
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s, this step is not possible any more.",
                        name=record.name,
                        state=labels[record.state],
                    )
                )
        self.state = state

    def _close(self):
        """Close, and say what never came and what is not settled."""
        self.ensure_one()
        missing = self.line_ids._in_words(lambda line: line.quantity_missing)
        unsettled = self.line_ids._in_words(lambda line: line.quantity_to_settle)
        self._get_open_receipts_sudo().action_cancel()
        self._set_state("closed")
        sentences = [self.env._("Closed.")]
        if missing:
            sentences.append(self.env._("Never came: %s.", missing))
        if unsettled:
            sentences.append(self.env._("Accepted and not settled: %s.", unsettled))
        self.message_post(body=" ".join(sentences))

    def _close_if_done(self):
        """Close by itself what needs nobody any more: all is settled, and what is owed is paid."""
        for record in self:
            if record.stage == "settled" and not record.amount_to_repay:
                record._set_state("closed")

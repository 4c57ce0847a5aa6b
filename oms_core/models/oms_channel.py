import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..const import INSIDE, SOURCE_TYPES
from ..exceptions import MessageRejected
from .sale_order_resolver import Resolver


class OmsChannel(models.Model):
    """Where orders come from: one account at one shop, marketplace or desk.

    A channel tells on whose behalf its orders are worked (company, integration user), from which warehouses they may be
    served, and how they are booked. Spokes add how it is talked to.
    """

    _name = "oms.channel"
    _description = "Sales Channel"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, name"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True, help="Short and without spaces; it stands in references of payments and in logs.", copy=False
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, tracking=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    platform = fields.Selection(
        selection="_selection_platform",
        required=True,
        default="manual",
        help="What kind of shop this is. It decides how its messages are verified and read.",
    )
    source_type = fields.Selection(
        SOURCE_TYPES,
        string="Kind of Channel",
        compute="_compute_source_type",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Where its customers meet us. Several shops and programs of one kind are counted together in reports.",
    )
    market_id = fields.Many2one(
        "res.country.group",
        ondelete="restrict",
        tracking=True,
        help="The region that this channel sells to. Channels of a market are counted together in reports.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Integration User",
        required=True,
        default=lambda self: self.env.user,
        help="Orders of this channel are created in the name and with the rights of this user.",
    )
    token = fields.Char(
        string="Webhook Token",
        required=True,
        copy=False,
        groups="oms_core.group_oms_channel",
        default=lambda self: secrets.token_urlsafe(24),
        help="The unguessable part of the address to which the shop sends its messages.",
    )
    team_id = fields.Many2one("crm.team", string="Sales Team", check_company=True)
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Warehouses",
        check_company=True,
        help="The places that may serve orders of this channel. Empty: all warehouses of the company.",
    )
    auto_release = fields.Boolean(
        default=True,
        string="Release Clean Orders",
        help="Orders without any hold are confirmed, sourced and reserved at once, without a click.",
    )
    # Read with the others of its kind alone: each confirmation asks for them, of a row of more than a hundred columns.
    invoice_policy = fields.Selection(
        [
            ("shipment", "When goods are shipped"),
            ("payment", "When the order is confirmed"),
            ("settlement", "When the channel's payout has it"),
            ("manual", "By hand"),
        ],
        string="Invoice",
        required=True,
        prefetch="confirmation",
        default="shipment",
        tracking=True,
        help="When the invoice of an order is made and posted. Revenue belongs to the moment when the goods leave: what is "
        "invoiced before stands as owed to customers until then.",
    )
    sale_journal_id = fields.Many2one(
        "account.journal", string="Sales Journal", check_company=True, domain="[('type', '=', 'sale')]"
    )
    clearing_journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash'))]",
        help="Payments taken by the channel are booked here until the channel pays them out. Empty: payments are not "
        "booked.",
    )
    payment_provider_id = fields.Many2one(
        "payment.provider", readonly=True, copy=False, help="Stands for the channel on its payment transactions."
    )
    message_ids_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Messages to look at")
    order_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Orders")
    hold_count = fields.Integer(compute="_compute_counts", compute_sudo=True, string="Orders on hold")

    _code_uniq = models.Constraint("UNIQUE(company_id, code)", "Two channels of a company cannot have the same code.")
    _token_uniq = models.Constraint("UNIQUE(token)", "Two channels cannot have the same webhook token.")

    @api.model
    def _selection_platform(self):
        """Kinds of channel; a spoke that can talk to a platform adds it here."""
        return [("manual", "Manual entry")]

    @api.depends("platform")
    def _compute_source_type(self):
        for channel in self:
            channel.source_type = channel._get_usual_source_type()

    def _get_usual_source_type(self):
        """What kind of channel a platform usually is. Spokes know more of them."""
        self.ensure_one()
        return "manual" if self.platform == "manual" else "web"

    @api.constrains("code")
    def _check_code(self):
        for channel in self:
            if not channel.code.replace("-", "").replace("_", "").isalnum():
                raise ValidationError(
                    self.env._("The code “%s” may have letters, digits, hyphens and underscores only.", channel.code)
                )

    def _compute_counts(self):
        # As superuser (compute_sudo): who may see a channel may know how much there is, without seeing what.
        messages = dict(
            self.env["oms.message"]._read_group(
                [("channel_id", "in", self.ids), ("state", "in", ("dead", "quarantine"))], ["channel_id"], ["__count"]
            )
        )
        orders = dict(
            self.env["sale.order"]._read_group([("oms_channel_id", "in", self.ids)], ["oms_channel_id"], ["__count"])
        )
        holds = dict(
            self.env["oms.hold"]._read_group(
                [("channel_id", "in", self.ids), ("released_at", "=", False)],
                ["channel_id"],
                ["order_id:count_distinct"],
            )
        )
        for channel in self:
            channel.message_ids_count = messages.get(channel, 0)
            channel.order_count = orders.get(channel, 0)
            channel.hold_count = holds.get(channel, 0)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_view_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        action["domain"] = [("oms_channel_id", "=", self.id)]
        return action

    def action_view_holds(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_hold_action")
        action["domain"] = [("channel_id", "=", self.id)]
        return action

    def action_view_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_message_action")
        action["domain"] = [("channel_id", "=", self.id)]
        action["context"] = {}
        return action

    # --------------------------------------------------------------------------------------------------------- CRUD

    def write(self, vals):
        """Override: forget which channel has which address, where that may have changed."""
        if not {"token", "active"}.isdisjoint(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        """Override: as :meth:`write`."""
        self.env.registry.clear_cache()
        return super().unlink()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    @api.model
    def _find_by_token(self, token):
        """The channel with this webhook token, without a question to the database for those that were found before; empty
        where there is none (those are not remembered: there is no end of them)."""
        if not token or "\0" in token:  # PostgreSQL could not even be asked for that
            return self.browse()
        try:
            return self.browse(self._find_id_by_token(token))
        except KeyError:
            return self.browse()

    @api.model
    @tools.ormcache("token")
    def _find_id_by_token(self, token):
        """:raise KeyError: where no channel has it."""
        channel = self.with_context(active_test=True).search([("token", "=", token)])
        if not channel:
            raise KeyError(token)
        return channel.id

    def _get_pricelist(self, currency):
        """Hook: the price list of this channel in a currency; empty where it has none of its own."""
        return self.env["product.pricelist"]

    def _as_worker(self):
        """This channel as its jobs see it: its integration user, its company, nobody notified, nothing tracked."""
        self.ensure_one()
        return (
            self.with_user(self.user_id)
            .with_company(self.company_id)
            .with_context(
                allowed_company_ids=self.company_id.ids,
                oms_by_job=INSIDE,
                tracking_disable=True,
                mail_create_nolog=True,
                mail_create_nosubscribe=True,
                mail_notrack=True,
            )
        )

    def _parse(self, message):
        """The canonical document in a message. Spokes that know the platform override this.

        :raise MessageRejected: when the body cannot be understood, with a sentence that says what to do.
        """
        self.ensure_one()
        raise MessageRejected(
            self.env._(
                "Channel “%s” has no platform that could read this message. Choose one on the channel.", self.name
            )
        )

    def _can_read_orders(self):
        """Whether this channel can be asked how an order is now. Spokes that talk to platforms override this."""
        return False

    def _read_again(self, orders):
        """Hook: have these orders read on the channel as they are now, because what it told of them leaves a doubt.

        :param orders: {the channel's id: what was doubtful, in short}.
        """

    def _get_resolver(self, docs, noting=True):
        """Hook: what looks up what the codes in these documents mean here. Spokes that know more make their own of it.

        :param noting: whether a person is to be told what is unknown; nobody has to know what is over.
        """
        self.ensure_one()
        return Resolver(self, docs)

    def _get_warehouses(self):
        """The warehouses that may serve this channel, in the order of preference."""
        self.ensure_one()
        return self.warehouse_ids or self.env["stock.warehouse"].search([("company_id", "=", self.company_id.id)])

    def _oms_get_place_of(self, ref):
        """Hook: the warehouse that this channel calls so; our own codes are understood by all.

        :return: ``stock.warehouse``, empty where nobody knows it.
        """
        self.ensure_one()
        warehouses = self.env["stock.warehouse"]
        if not ref:
            return warehouses
        return warehouses.search([("code", "=", ref), ("company_id", "=", self.company_id.id)], limit=1)

    def _get_payment_provider(self):
        """The native payment provider that stands for this channel; made when first needed."""
        self.ensure_one()
        if not self.payment_provider_id:
            # sudo: providers belong to administrators, and a worker has no such rights; the record is inert (disabled,
            # without code) and only names the channel on transactions.
            self.sudo().payment_provider_id = (
                self.env["payment.provider"]
                .sudo()
                .create({"name": self.name, "company_id": self.company_id.id, "state": "disabled"})
            )
            self.payment_provider_id.invalidate_recordset(["support_manual_capture"])  # from now on it is of a channel
        return self.payment_provider_id

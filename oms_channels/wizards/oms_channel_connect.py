"""Connecting a shop, step by step: which platform, its keys, a test that explains itself, how its orders are worked."""

import re
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.oms_core.secret_field import Secret

from ..const import POLL_START_DAYS
from ..domain import connecting
from ..domain.adapter import CREDENTIAL_FIELDS
from ..platforms import PLATFORMS

#: Credentials that may be shown: the others of an existing channel are left empty, and stay as they are.
SHOWN = ("api_url", "account_ref", "site_ref", "api_version")
STEPS = [
    ("platform", "Platform"),
    ("keys", "Address and Keys"),
    ("test", "Test"),
    ("setup", "Orders and Books"),
    ("done", "Done"),
]


class OmsChannelConnect(models.TransientModel):
    """One person connecting one shop. Nothing is a channel before the shop has answered."""

    _name = "oms.channel.connect"
    _description = "Connect a Shop"
    _rec_name = "name"

    state = fields.Selection(STEPS, required=True, default="platform")
    channel_id = fields.Many2one("oms.channel", readonly=True, help="The channel that is connected anew.")
    platform = fields.Selection(selection="_selection_platform", readonly=True)
    platform_ids = fields.One2many("oms.channel.connect.platform", "connect_id", string="Platforms", readonly=True)
    message = fields.Text(readonly=True, help="What has still to be put right on this step.")

    name = fields.Char(help="What people call this shop.")
    code = fields.Char(compute="_compute_code", store=True, readonly=False, help="Stands in references and in logs.")
    api_url = fields.Char()
    api_key = Secret()
    api_secret = Secret()
    api_token = Secret()
    webhook_secret = Secret()
    account_ref = fields.Char()
    site_ref = fields.Char()
    api_version = fields.Char()
    # What the platform calls each of them, and where a person finds it.
    label_api_url = fields.Html(compute="_compute_labels")
    label_api_token = fields.Html(compute="_compute_labels")
    label_api_key = fields.Html(compute="_compute_labels")
    label_api_secret = fields.Html(compute="_compute_labels")
    label_account_ref = fields.Html(compute="_compute_labels")
    label_site_ref = fields.Html(compute="_compute_labels")
    label_api_version = fields.Html(compute="_compute_labels")
    label_webhook_secret = fields.Html(compute="_compute_labels")
    asked = fields.Char(compute="_compute_labels", help="Names of the fields that the platform has.")

    report = fields.Html(readonly=True)
    works = fields.Boolean(readonly=True)
    shop_name = fields.Char(readonly=True)

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users", string="Integration User", default=lambda self: self.env.user, help="Orders are made in this name."
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        "oms_channel_connect_warehouse_rel",
        domain="[('company_id', '=', company_id)]",
        string="Warehouses",
    )
    clearing_journal_id = fields.Many2one(
        "account.journal", domain="[('type', 'in', ('bank', 'cash')), ('company_id', '=', company_id)]"
    )
    make_journal = fields.Boolean(
        string="Make a Clearing Account",
        default=lambda self: self.env["account.journal"].has_access("create"),
        help="With a journal and an account for this shop alone. Without either, its payments are not booked.",
    )
    read_since = fields.Datetime(
        string="Read Orders Since", default=lambda self: fields.Datetime.now() - timedelta(days=POLL_START_DAYS)
    )
    result = fields.Text(readonly=True)
    can_subscribe = fields.Boolean(related="channel_id.can_subscribe")

    @api.model
    def _selection_platform(self):
        return [(adapter.code, adapter.label) for adapter in PLATFORMS.values()]

    @api.depends("name")
    def _compute_code(self):
        for wizard in self:
            if wizard.channel_id:
                wizard.code = wizard.channel_id.code
            elif wizard.name:
                wizard.code = wizard._get_free_code(wizard.name)

    def _get_free_code(self, name):
        """A code that no channel of the company has yet."""
        wanted = re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")[:20] or "SHOP"
        taken = set(
            self.env["oms.channel"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company_id.id), ("code", "=like", f"{wanted}%")])
            .mapped("code")
        )
        return next(code for n in range(1, 1000) if (code := wanted if n == 1 else f"{wanted}-{n}") not in taken)

    @api.depends("platform")
    def _compute_labels(self):
        for wizard in self:
            adapter = PLATFORMS.get(wizard.platform)
            credentials = {one.field: one for one in adapter.credentials} if adapter else {}
            wizard.asked = ",".join(credentials)
            for name in CREDENTIAL_FIELDS:
                one = credentials.get(name)
                wizard[f"label_{name}"] = one and Markup('<b>%s</b> %s<div class="text-muted small">%s</div>') % (
                    one.label,
                    "" if one.required else Markup('<span class="text-muted">%s</span>') % self.env._("may be empty"),
                    one.help,
                )

    def _get_secret_override(self, name):
        """What the server's environment will say about the channel of this code."""
        return self.env["oms.channel"].new({"code": self.code})._get_secret_override(name) if self.code else ""

    # ------------------------------------------------------------------------------------------------------ OPENING

    @api.model
    def action_start(self):
        """Open the first step: the platforms, and what each of them can do."""
        self.check_access("create")
        wizard = self.create(
            {
                "platform_ids": [
                    Command.create(
                        {
                            "code": one.code,
                            "name": one.label,
                            "abilities": ", ".join(connecting.abilities(one.capabilities)),
                        }
                    )
                    for one in PLATFORMS.values()
                ]
            }
        )
        return wizard._reopen()

    @api.model
    def _start_for(self, channel):
        """The test of an existing channel, with its result; from there its keys can be corrected."""
        wizard = self.create(
            {
                "channel_id": channel.id,
                "platform": channel.platform,
                "name": channel.name,
                "company_id": channel.company_id.id,
                "user_id": channel.user_id.id,
                "warehouse_ids": [Command.set(channel.warehouse_ids.ids)],
                "clearing_journal_id": channel.clearing_journal_id.id,
                "read_since": channel.poll_from,
                **{name: channel[name] for name in SHOWN},
            }
        )
        return wizard.action_test()

    def _reopen(self, **values):
        """Go to a step, or stay on this one."""
        self.write({"message": False, **values})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect %s", self.channel_id.name or PLATFORMS[self.platform].label)
            if self.platform
            else self.env._("Connect a Shop"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "large"},
        }

    # -------------------------------------------------------------------------------------------------------- STEPS

    def _choose(self, platform):
        adapter = PLATFORMS[platform]
        name = self.name or adapter.label
        return self._reopen(state="keys", platform=platform, name=name, report=False, works=False)

    def action_back(self):
        self.check_access("write")
        back = {"keys": "platform", "test": "keys", "setup": "test"}
        state = back.get(self.state, self.state)
        return self._reopen(state="keys" if state == "platform" and self.channel_id else state)

    def action_test(self):
        """Ask the shop, and tell what was found."""
        self.check_access("write")
        adapter = PLATFORMS[self.platform]
        values = self._get_values()
        missing = [
            one.label
            for one in adapter.credentials
            if one.required and one.field != "webhook_secret" and not values[one.field]
        ]
        if missing:
            return self._reopen(state="keys", message=self.env._("Enter: %s.", ", ".join(missing)))
        channel = self.channel_id or self.env["oms.channel"].new({"platform": self.platform, "token": "…"})
        findings, shop = channel._find_out(adapter, values)
        works = connecting.works(findings) and (shop is not None or not adapter.capabilities.poll)
        return self._reopen(
            state="test",
            report=self.env["oms.channel"]._render_findings(findings),
            works=works,
            shop_name=shop.name if shop else False,
            **self._get_told_name(shop),
        )

    def _get_told_name(self, shop):
        """The shop's own name, unless a person has given another; the code stays where the environment knows it."""
        if not shop or not shop.name or self.channel_id or self.name != PLATFORMS[self.platform].label:
            return {}
        is_known = any(self._is_given(name) for name in CREDENTIAL_FIELDS)
        return {"name": shop.name, **({"code": self.code} if is_known else {})}

    def _get_values(self):
        """{name of a credential: what was entered, or else what the channel has already}"""
        channel_sudo = self.channel_id.sudo()  # sudo: keys of the channel are used for asking it, and not shown
        return {name: (self[name] or channel_sudo[name] or "").strip() for name in CREDENTIAL_FIELDS}

    def action_keys(self):
        self.check_access("write")
        return self._reopen(state="keys")

    def action_setup(self):
        self.check_access("write")
        if not self.works:
            raise UserError(self.env._("Test the connection first, and put right what it finds."))
        return self._reopen(state="setup")

    def action_finish(self):
        """Make the channel (or give an existing one its new keys), and read the first orders."""
        self.check_access("write")
        if not self.works:
            raise UserError(self.env._("Test the connection first, and put right what it finds."))
        channel = self.channel_id
        if channel:
            channel.write({**self._get_entered(), "ask_again_at": False, "failures": 0, "poll_error": False})
        else:
            channel = self.env["oms.channel"].create({**self._prepare_channel(), **self._get_entered()})
        channel._keep_findings(self.report)
        before = channel._count_received()
        if channel.can_poll:
            channel._poll(pages_max=1)
            if cron := self.env.ref("oms_channels.cron_poll", raise_if_not_found=False):
                cron.sudo()._trigger()  # sudo: whoever connects a shop may have the rest of its orders read
        if channel.poll_error:
            result = channel.poll_error
        elif channel.can_poll:
            result = self.env._(
                "The channel is live. %s orders have been read and are being taken in; the rest follows by itself.",
                channel._count_received() - before,
            )
        else:
            result = self.env._("The channel is live. Orders come when the shop sends them to its address.")
        return self._reopen(state="done", channel_id=channel.id, result=result)

    def _get_entered(self):
        """The credentials that were entered; what was left empty stays as it is."""
        entered = {name: self[name].strip() for name in CREDENTIAL_FIELDS if self[name] and not self._is_given(name)}
        if self.platform == "shopify" and not entered.get("webhook_secret") and entered.get("api_secret"):
            entered["webhook_secret"] = entered["api_secret"]  # Shopify signs with the secret of the app
        return entered

    def _is_given(self, name):
        """Whether the server's environment gives this one: then it is not stored."""
        return isinstance(self._fields[name], Secret) and bool(self._get_secret_override(name))

    def _prepare_channel(self):
        return {
            "name": self.name,
            "code": self.code,
            "platform": self.platform,
            "company_id": self.company_id.id,
            "user_id": self.user_id.id,
            "warehouse_ids": [Command.set(self.warehouse_ids.ids)],
            "clearing_journal_id": (self.clearing_journal_id or self._make_journal()).id,
            "poll_from": self.read_since,
        }

    def _make_journal(self):
        """A journal with an account of its own, if wanted: what the shop collects stands there until it is paid out."""
        journals = self.env["account.journal"]
        if not self.make_journal:
            return journals
        try:
            journals.check_access("create")
        except AccessError as error:
            raise UserError(
                self.env._(
                    "Only an accountant makes accounts. Have one make a journal for “%s” and choose it, or go on without: "
                    "payments are not booked until there is one.",
                    self.name,
                )
            ) from error
        taken = set(journals.search([("company_id", "=", self.company_id.id)]).mapped("code"))
        letters = re.sub(r"[^A-Z0-9]", "", self.code.upper())[:3] or "CH"
        code = next(code for n in range(1, 1000) if (code := f"{letters}{n}") not in taken)
        return journals.with_company(self.company_id).create(
            {
                "name": self.env._("Clearing: %s", self.name),
                "code": code,
                "type": "bank",
                "company_id": self.company_id.id,
                "show_on_dashboard": False,
            }
        )

    def action_subscribe(self):
        """Have the shop send its messages here; a step of its own, because the shop asks the channel whether it is there."""
        self.check_access("write")
        self.channel_id.action_subscribe()
        return self.action_open()

    def action_open(self):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "oms.channel",
            "res_id": self.channel_id.id,
            "views": [(False, "form")],
        }


class OmsChannelConnectPlatform(models.TransientModel):
    """A card of the first step."""

    _name = "oms.channel.connect.platform"
    _description = "Connect a Shop: Platform"

    connect_id = fields.Many2one("oms.channel.connect", required=True, ondelete="cascade")
    code = fields.Char(required=True)
    name = fields.Char(required=True)
    abilities = fields.Char()

    def action_choose(self):
        self.check_access("write")
        return self.connect_id._choose(self.code)

import logging
import secrets
from contextlib import contextmanager
from decimal import Decimal

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..carriers import CARRIERS
from ..carriers.base import Account, Address, Capabilities, CarrierError, Reject
from ..const import INSIDE, TOKENS_LOCK
from ..domain import rates
from ..domain.rate_shopping import Limits
from ..notice import notice
from ..sealing import Unreadable, open_sealed
from ..secret_field import Secret
from .delivery_carrier_table import TableAdapter

_logger = logging.getLogger(__name__)

SECRET_GROUPS = "oms_core.group_oms_manager,stock.group_stock_manager"
TABLE = "oms_table"
WEEKEND = 5
TABLE_CAPABILITIES = Capabilities(
    rate=True, cancel=True, track=False, find=True, return_label=True, label_formats=("pdf", "zpl")
)


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    delivery_type = fields.Selection(
        selection_add=[(TABLE, "Rate Card"), *((carrier.code, carrier.label) for carrier in CARRIERS.values())],
        ondelete=dict.fromkeys((TABLE, *CARRIERS), "set default"),
    )
    oms_is_ours = fields.Boolean(compute="_compute_oms_is_ours")
    oms_missing = fields.Char(compute="_compute_oms_is_ours")
    oms_api_url = fields.Char(
        string="Address of the Interface", help="Empty: the carrier's own, for production or for tests as chosen above."
    )
    oms_api_version = fields.Char(string="Version of the Interface", help="Empty: the oldest that we know.")
    oms_api_key = Secret(string="Key", groups=SECRET_GROUPS)
    oms_api_secret = Secret(string="Secret", groups=SECRET_GROUPS)
    oms_account_number = fields.Char(string="Account Number", groups=SECRET_GROUPS)
    oms_network = fields.Char(string="Network", help="Which of the gateway's carriers, e.g. “ups”.")
    oms_access_token = Secret(groups=SECRET_GROUPS)
    oms_refresh_token = Secret(string="Refresh Token", groups=SECRET_GROUPS)
    oms_token_expires_at = fields.Datetime(groups=SECRET_GROUPS, copy=False)
    oms_webhook_token = fields.Char(groups=SECRET_GROUPS, copy=False, default=lambda self: secrets.token_urlsafe(32))
    oms_webhook_url = fields.Char(
        string="Address for Webhooks", compute="_compute_oms_webhook_url", groups=SECRET_GROUPS
    )
    oms_service_code = fields.Char(
        string="Service", help="The carrier's code of the service to book. Empty: chosen when rates are compared."
    )
    oms_label_format = fields.Selection(
        [("pdf", "PDF"), ("zpl", "ZPL (label printer)")], string="Labels", required=True, default="pdf"
    )
    oms_on_label_failure = fields.Selection(
        [("stop", "Stop, and say why"), ("go_on", "Go on without, and leave a task")],
        string="When There Is No Label",
        required=True,
        default="stop",
        help="What happens to the validation of a delivery when the carrier gives no label.",
    )
    oms_return_pay_on_use = fields.Boolean(
        string="Return Labels Cost When Used", help="The label in the parcel is paid only when the customer uses it."
    )
    oms_default_kg = fields.Float(
        string="Weight When Unknown (kg)",
        default=0.5,
        help="For goods without a weight, until somebody weighs the parcel.",
    )
    oms_transit_days = fields.Integer(
        string="Working Days to Deliver", help="Where the carrier does not say it. Zero: unknown."
    )
    oms_max_side_cm = fields.Float(string="Longest Side (cm)", help="Zero: no limit.")
    oms_max_girth_cm = fields.Float(
        string="Length and Girth (cm)", help="Longest side plus twice the two others. Zero: no limit."
    )
    oms_takes_dangerous = fields.Boolean(string="Carries Dangerous Goods")
    oms_rate_card_ids = fields.One2many("oms.rate.card", "carrier_id", string="Rate Cards", copy=True)

    @api.depends("delivery_type")
    def _compute_oms_is_ours(self):
        for carrier in self:
            known = CARRIERS.get(carrier.delivery_type)
            carrier.oms_is_ours = bool(known) or carrier.delivery_type == TABLE
            carrier.oms_missing = (known and known.missing()) or False

    @api.depends("oms_webhook_token", "delivery_type")
    def _compute_oms_webhook_url(self):
        base = self.get_base_url() if self else ""
        for carrier in self:
            wanted = carrier.oms_webhook_token and carrier._oms_capabilities().webhooks
            carrier.oms_webhook_url = f"{base}/oms/carrier/{carrier.oms_webhook_token}" if wanted else False

    @api.depends("delivery_type")
    def _compute_can_generate_return(self):
        result = super()._compute_can_generate_return()
        for carrier in self.filtered(lambda carrier: carrier._oms_capabilities().return_label):
            carrier.can_generate_return = True
        return result

    def action_oms_renew_webhook(self):
        """Another address for webhooks; the old one stops to work."""
        self.check_access("write")
        for carrier in self:
            carrier.oms_webhook_token = secrets.token_urlsafe(32)

    def action_oms_test_connection(self):
        """Ask the carrier something harmless and say what came back."""
        self.check_access("write")
        self.ensure_one()
        adapter = self._oms_adapter()
        with self._oms_said():
            told = list(adapter.warnings())
        fine = self.env._("%s answers and accepts our connection.", self.name)
        return notice(" ".join(told) or fine, "warning" if told else "success")

    # ------------------------------------------------------------------------------------------------------ ADAPTER

    def _oms_capabilities(self):
        """What this delivery method can do; nothing for those that are not ours."""
        if self.delivery_type == TABLE:
            return TABLE_CAPABILITIES
        known = CARRIERS.get(self.delivery_type)
        return known.capabilities if known else Capabilities(rate=False, cancel=False, track=False)

    def _oms_adapter(self):
        """What talks to the carrier of this delivery method.

        :raise UserError: when something has to be installed or filled in first.
        """
        self.ensure_one()
        if self.delivery_type == TABLE:
            return TableAdapter(self)
        known = CARRIERS[self.delivery_type]
        if missing := known.missing():
            raise UserError(missing)
        with self._oms_said():
            return known.connect(self._oms_account(known))

    def _oms_account(self, known):
        # sudo: whoever may send a parcel may do it with the carrier's account, and sees nothing of it
        own = self.sudo()
        access, refresh, expires = own._oms_read_tokens()
        return Account(
            url=own.oms_api_url or (known.production_url if own.prod_environment else known.test_url),
            key=own.oms_api_key or "",
            secret=own.oms_api_secret or "",
            number=own.oms_account_number or "",
            version=own.oms_api_version or "",
            service=own.oms_service_code or "",
            network=own.oms_network or "",
            access_token=access,
            refresh_token=refresh,
            expires_at=expires,
            test=not own.prod_environment,
            save=own._oms_save_tokens,
            alone=own._oms_renewing_tokens,
        )

    @contextmanager
    def _oms_renewing_tokens(self):
        """While nobody else renews them: the tokens as they are now."""
        with self.env.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '30s'")
            cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TOKENS_LOCK, self.id])
            yield self._oms_read_tokens()

    def _oms_read_tokens(self):
        """The tokens as they are now: this transaction may have begun before they were renewed."""
        self.flush_recordset(["oms_access_token", "oms_refresh_token", "oms_token_expires_at"])
        with self.env.registry.cursor() as cr:
            cr.execute(
                "SELECT oms_access_token, oms_refresh_token, oms_token_expires_at FROM delivery_carrier WHERE id = %s",
                [self.id],
            )
            row = cr.fetchone()
        row = row or (self.oms_access_token, self.oms_refresh_token, self.oms_token_expires_at)
        try:
            return open_sealed(row[0] or ""), open_sealed(row[1] or ""), row[2] or None
        except Unreadable as error:
            raise Reject(str(error)) from None

    def _oms_save_tokens(self, access, refresh, expires_at):
        """Keep renewed tokens whatever becomes of this transaction: the old refresh token is dead already."""
        with self.env.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            own = self.with_env(api.Environment(cr, SUPERUSER_ID, {}))
            if own.exists():
                own.write(
                    {"oms_access_token": access, "oms_refresh_token": refresh, "oms_token_expires_at": expires_at}
                )
        self.invalidate_recordset(["oms_access_token", "oms_refresh_token", "oms_token_expires_at"], flush=False)

    @contextmanager
    def _oms_said(self):
        """Turn what a carrier says into what a clerk reads."""
        try:
            yield
        except CarrierError as error:
            raise UserError(f"{self.name}: {error}") from error

    # ----------------------------------------------------------------------------------------------------- SNAPSHOT

    def _oms_drives_on(self, day):
        """Whether this carrier drives on a date."""
        self.ensure_one()
        return day.weekday() < WEEKEND

    def _match_weight(self, source):
        """Override of ``delivery``, which weighs the order as a whole: of ours each parcel has been weighed where rates are
        compared."""
        if self.oms_is_ours and self.env.context.get("oms_weighed") is INSIDE:
            return True
        return super()._match_weight(source)

    def _oms_limits(self):
        return Limits(
            max_kg=self._oms_to_kg(self.max_weight),
            max_side_cm=Decimal(str(self.oms_max_side_cm)),
            max_girth_cm=Decimal(str(self.oms_max_girth_cm)),
            # Methods that are not ours say nothing about it, and were good enough without.
            dangerous=self.oms_takes_dangerous,
            po_box=not self.oms_no_po_box,
            countries=frozenset(self.country_ids.mapped("code")),
        )

    @api.model
    def _oms_to_kg(self, weight):
        """A weight in the database's unit as kilograms."""
        unit = self.env["product.template"]._get_weight_uom_id_from_ir_config_parameter()
        return _converted(weight, unit, self.env.ref("uom.product_uom_kgm"), 4)

    @api.model
    def _oms_to_cm(self, length):
        """A length in the database's unit as centimetres."""
        unit = self.env["product.template"]._get_length_uom_id_from_ir_config_parameter()
        return _converted(length, unit, self.env.ref("uom.product_uom_cm"), 2)

    @api.model
    def _oms_address(self, partner):
        return Address(
            name=partner.name or partner.commercial_partner_id.name or "",
            company=partner.commercial_company_name or "",
            street=partner.street or "",
            street2=partner.street2 or "",
            city=partner.city or "",
            zip=partner.zip or "",
            country=partner.country_id.code or "",
            state=partner.state_id.code or "",
            phone=partner.phone or partner.commercial_partner_id.phone or "",
            email=partner.email or "",
        )

    def _oms_price(self, request, on):
        """What our rate cards ask for a parcel.

        :raise Reject: when no card takes it.
        """
        parcel, to = request.parcel, request.receiver
        if request.is_return:
            to = request.sender
        # sudo: prices are found for whoever ships
        cards = {card: card._to_domain() for card in self.sudo().oms_rate_card_ids}
        sides = (parcel.length_cm, parcel.width_cm, parcel.height_cm)
        found = rates.best(cards.values(), to.country, to.zip, parcel.weight_kg, sides, on)
        if isinstance(found, rates.Refusal):
            raise Reject(found.sentence, found.code)
        return found


def _converted(quantity, unit, target, digits):
    """A measure in another unit; as it is, without a word of Odoo's rounding, where that is the same."""
    if unit != target:
        quantity = unit._compute_quantity(quantity, target, round=False)
    return Decimal(str(round(quantity, digits)))

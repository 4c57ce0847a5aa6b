import hmac
import logging
import secrets
from datetime import timedelta, timezone
from decimal import Decimal

import psycopg2.errors

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..const import DEVICE_EVENTS_KEEP_DAYS, DEVICE_EVENTS_PER_MINUTE, DEVICE_REVIEWS_MAX, ERROR_MAX_CHARS
from ..domain.devices import is_signed, judge, pieces
from ..quiet import quiet_sql

_logger = logging.getLogger(__name__)


class OmsDevice(models.Model):
    """Something that sees stock by itself: a shelf sensor, an RFID reader, a scale."""

    _name = "oms.device"
    _description = "Stock Device"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        [("shelf", "Shelf sensor"), ("rfid", "RFID reader"), ("scale", "Scale")], required=True, default="shelf"
    )
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        required=True,
        check_company=True,
        tracking=True,
        default=lambda self: self.env["stock.warehouse"].search([("company_id", "=", self.env.company.id)], limit=1),
    )
    location_id = fields.Many2one(
        "stock.location",
        string="Shelf",
        check_company=True,
        domain="[('usage', '=', 'internal'), ('warehouse_id', '=', warehouse_id)]",
        help="The location that the device sees. Empty: the stock of the place as a whole.",
    )
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain="[('is_storable', '=', True)]",
        help="What lies on the shelf, for a device that does not tell itself.",
    )
    review_percent = fields.Float(
        string="Review From (%)",
        default=20.0,
        tracking=True,
        help="A reading that would change the stock by more than this share of it waits for a person.",
    )
    review_pieces = fields.Float(
        string="Review From (pieces)",
        default=5.0,
        tracking=True,
        help="Changes of up to so many pieces are taken over, whatever share of the stock they are.",
    )
    weight_tolerance = fields.Float(
        string="Tolerance (%)", default=5.0, help="By how much of one piece a weight may differ from whole pieces."
    )
    token = fields.Char(
        string="Address Token",
        required=True,
        copy=False,
        groups="oms_core.group_oms_manager",
        default=lambda self: secrets.token_urlsafe(24),
    )
    secret = fields.Char(
        required=True,
        copy=False,
        groups="oms_core.group_oms_manager",
        default=lambda self: secrets.token_urlsafe(32),
        help="With it the device signs what it sends, or sends it as bearer token.",
    )
    url = fields.Char(string="Address", compute="_compute_url", groups="oms_core.group_oms_manager")
    last_seen_at = fields.Datetime(string="Last Seen", readonly=True, copy=False)
    event_ids = fields.One2many("oms.device.event", "device_id", string="Events")
    review_count = fields.Integer(compute="_compute_review_count", compute_sudo=True, string="To review")

    _token_uniq = models.Constraint("UNIQUE(token)", "Two devices cannot have the same address.")

    @api.constrains("review_percent", "review_pieces", "weight_tolerance")
    def _check_thresholds(self):
        for device in self:
            if min(device.review_percent, device.review_pieces) < 0 or not 0 <= device.weight_tolerance <= 50:
                raise ValidationError(self.env._("A threshold is not below zero, and a tolerance not above 50 %."))

    @api.constrains("location_id", "warehouse_id")
    def _check_location(self):
        for device in self.filtered("location_id"):
            if not device.location_id._child_of(device.warehouse_id.view_location_id):
                raise ValidationError(
                    self.env._("The shelf %s is not in the place of the device.", device.location_id.display_name)
                )

    @api.depends("token")
    def _compute_url(self):
        for device in self:
            device.url = f"{device.get_base_url()}/oms/device/{device.token}"

    def _compute_review_count(self):
        counts = dict(
            self.env["oms.device.event"]._read_group(
                [("device_id", "in", self.ids), ("state", "=", "review")], ["device_id"], ["__count"]
            )
        )
        for device in self:
            device.review_count = counts.get(device, 0)

    def action_view_review(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_device_event_action")
        action["domain"] = [("device_id", "=", self.id)]
        return action

    def action_new_secret(self):
        """Another secret: what knows the old one is locked out."""
        self.check_access("write")
        for device in self:
            device.secret = secrets.token_urlsafe(32)

    # --------------------------------------------------------------------------------------------------------- TRUST

    def _is_from_device(self, headers, body):
        """Whether a request carries what only this device knows: a signature over the body, or the secret itself."""
        self.ensure_one()
        if signature := headers.get("X-OMS-Signature"):
            now = fields.Datetime.now().replace(tzinfo=timezone.utc)
            return is_signed(self.secret, headers.get("X-OMS-Timestamp", ""), body, signature, now)
        scheme, _space, given = headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("utf-8", "replace"), self.secret.encode()
        )

    def _is_too_fast(self):
        since = fields.Datetime.now() - timedelta(minutes=1)
        recent = [("device_id", "=", self.id), ("received_at", ">", since)]
        return (
            self.env["oms.device.event"].search_count(recent, limit=DEVICE_EVENTS_PER_MINUTE)
            >= DEVICE_EVENTS_PER_MINUTE
        )

    # ------------------------------------------------------------------------------------------------------- READINGS

    def _receive(self, reading):
        """Keep an event once, and act on it.

        :param Reading reading: of ``domain/devices.py``.
        :return: (``oms.device.event``, whether it was known before)
        """
        self.ensure_one()
        events = self.env["oms.device.event"]
        known = events.search([("device_id", "=", self.id), ("key", "=", reading.key)])
        if known:
            return known, True
        values = {
            "device_id": self.id,
            "key": reading.key,
            "kind": reading.kind,
            "told_quantity": float(max(min(reading.quantity, Decimal(10**12)), Decimal(-(10**12)))),
            "told_product": reading.product,
            "at": reading.at.replace(tzinfo=None),
            "received_at": fields.Datetime.now(),
        }
        try:
            with quiet_sql(), self.env.cr.savepoint():
                event = events.create(values)
        except psycopg2.errors.UniqueViolation:
            return events, True  # at this moment, on another connection
        event._judge(reading)
        self.last_seen_at = values["received_at"]
        return event, False

    def _get_shelf(self):
        self.ensure_one()
        return self.location_id or self.warehouse_id.lot_stock_id


class OmsDeviceEvent(models.Model):
    """What a device told, once and as it came, and what became of it."""

    _name = "oms.device.event"
    _description = "Device Event"
    _order = "id desc"
    _rec_name = "key"

    device_id = fields.Many2one("oms.device", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="device_id.company_id", store=True, index=True)
    warehouse_id = fields.Many2one(related="device_id.warehouse_id", store=True)
    key = fields.Char(string="Event Key", required=True, readonly=True)
    kind = fields.Selection(
        [("count", "Count"), ("movement", "Movement"), ("weight", "Weight")], required=True, readonly=True
    )
    told_quantity = fields.Float(string="Told", readonly=True, help="Pieces, or grams of a scale.", digits=(16, 6))
    told_product = fields.Char(string="Product as Told", readonly=True)
    at = fields.Datetime(string="Seen At", required=True, readonly=True)
    received_at = fields.Datetime(required=True, readonly=True, index=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="restrict", index="btree_not_null")
    before_quantity = fields.Float(string="Stock Said", readonly=True, digits="Product Unit")
    new_quantity = fields.Float(string="Device Says", readonly=True, digits="Product Unit")
    state = fields.Selection(
        [
            ("received", "Received"),
            ("applied", "Applied"),
            ("review", "To review"),
            ("rejected", "Rejected"),
            ("refused", "Not believed"),
        ],
        required=True,
        readonly=True,
        default="received",
        index=True,
    )
    reason = fields.Char(readonly=True, help="Why it was not applied.")
    decided_by_id = fields.Many2one("res.users", readonly=True)

    _key_uniq = models.Constraint("UNIQUE(device_id, key)", "This event of the device is stored already.")

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_accept(self):
        """Take over what the device says. Of a movement what was moved, whatever happened on the shelf since."""
        for event_sudo in self._may_decide():
            event_sudo._apply()
            event_sudo.decided_by_id = self.env.user

    def action_reject(self):
        """The device is wrong; the stock stays as it is."""
        self._may_decide().write(
            {
                "state": "rejected",
                "decided_by_id": self.env.uid,
                "reason": self.env._("Rejected by %s.", self.env.user.name),
            }
        )

    def _may_decide(self):
        """These events as superuser, for those who decide about stock: nobody writes what a device told."""
        self.check_access("read")
        if not self.env.user.has_groups("oms_core.group_oms_warehouse,oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only the warehouse or a manager can decide about the readings of devices."))
        if any(event.state != "review" for event in self):
            raise UserError(self.env._("Only events that wait for a review can be decided."))
        return self.sudo()  # sudo: after the checks above; rows are written by decisions alone

    @api.autovacuum
    def _gc_events(self):
        """A device that talks without end fills no disk: the stock move of an event stays, and what waits for a person."""
        before = fields.Datetime.now() - timedelta(days=DEVICE_EVENTS_KEEP_DAYS)
        # sudo: nobody deletes what a device told
        self.sudo().search([("received_at", "<", before), ("state", "!=", "review")], limit=100_000).unlink()

    # ------------------------------------------------------------------------------------------------------- JUDGING

    def _judge(self, reading):
        """Apply what is plain, leave to a person what is much, refuse what cannot be."""
        self.ensure_one()
        device = self.device_id
        product = self._find_product(reading)
        if not product:
            return self._refuse(
                self.env._("No product has the SKU or barcode “%s”, or more than one has.", reading.product)
                if reading.product
                else self.env._("The device does not tell the product, and none is set on it.")
            )
        self.product_id = product
        last = self.search(
            [
                *(("device_id", "=", device.id), ("product_id", "=", product.id), ("state", "=", "applied")),
                ("kind", "!=", "movement"),
            ],
            order="at desc",
            limit=1,
        )
        if code := judge(
            reading,
            self.received_at.replace(tzinfo=timezone.utc),
            last.at.replace(tzinfo=timezone.utc) if last else None,
        ):
            return self._refuse(self._get_refusals()[code])
        if product.tracking != "none":
            return self._refuse(self.env._("%s is tracked by lots; a device cannot tell which.", product.display_name))
        quantity = reading.quantity
        if reading.kind == "weight":
            grams_each = Decimal(repr(product.weight)) * 1000
            quantity = pieces(reading.quantity, grams_each, Decimal(repr(device.weight_tolerance)))
            if quantity is None:
                return self._refuse(
                    self.env._(
                        "%(grams)s g are no whole number of %(product)s, which weighs %(each)s g.",
                        grams=f"{reading.quantity:f}",
                        product=product.display_name,
                        each=f"{grams_each.normalize():f}",
                    )
                )
        before = self._get_stock()
        after = before + quantity if reading.kind == "movement" else quantity
        self.write({"before_quantity": float(before), "new_quantity": float(after)})
        if after < 0:
            return self._refuse(
                self.env._("More was taken than there is: the stock says %s.", f"{before.normalize():f}")
            )
        change = abs(after - before)
        if change > Decimal(repr(device.review_pieces)) and change * 100 > before * Decimal(
            repr(device.review_percent)
        ):
            return self._leave_to_person(self.env._("A change of that size waits for a person."))
        return self._apply_or_review()

    def _apply_or_review(self):
        try:
            with self.env.cr.savepoint():
                self._apply()
        except UserError as error:
            self._leave_to_person(str(error)[:ERROR_MAX_CHARS])

    def _leave_to_person(self, reason):
        """Have a person decide, unless so many readings of the device wait already that nobody ever looks at them."""
        waiting = self.search_count(
            [("device_id", "=", self.device_id.id), ("state", "=", "review")], limit=DEVICE_REVIEWS_MAX
        )
        if waiting >= DEVICE_REVIEWS_MAX:
            return self._refuse(
                self.env._(
                    "%s readings of this device wait for a person already. Decide about them, and look at the device; then "
                    "count this shelf again.",
                    DEVICE_REVIEWS_MAX,
                )
            )
        return self.write({"state": "review", "reason": reason})

    def _apply(self):
        """Bring the shelf to what the device says, as a native inventory adjustment that names the device."""
        self.ensure_one()
        before = self._get_stock()
        moved = Decimal(repr(self.told_quantity)) if self.kind == "movement" else None
        after = before + moved if moved is not None else Decimal(repr(self.new_quantity))
        if after < 0:
            raise UserError(self.env._("More was taken than there is: the stock says %s.", f"{before.normalize():f}"))
        if after != before:
            # The device was believed, or a person with the right to decide accepted it; counting is for users of stock,
            # and a device is none.
            quants_sudo = self.env["stock.quant"].with_user(SUPERUSER_ID).with_company(self.company_id)
            name = self.env._("%(device)s, event %(key)s", device=self.device_id.name, key=self.key)
            quants_sudo = quants_sudo.with_context(inventory_mode=True, inventory_name=name)
            location = self.device_id._get_shelf()
            own = quants_sudo._gather(self.product_id, location, strict=True).filtered(
                lambda quant: not (quant.lot_id or quant.package_id or quant.owner_id)
            )
            own_quantity = sum((Decimal(repr(quant.quantity)) for quant in own), Decimal(0))
            target = own_quantity + after - before
            if target < 0:
                raise UserError(self.env._("What is missing lies in packages or belongs to others. Count it by hand."))
            quant = quants_sudo.create(
                {
                    "product_id": self.product_id.id,
                    "location_id": location.id,
                    "inventory_quantity": float(target),
                }
            )
            quant.action_apply_inventory()
        self.write(
            {"state": "applied", "before_quantity": float(before), "new_quantity": float(after), "reason": False}
        )

    def _get_stock(self):
        """What the stock says that the device should see."""
        # sudo: how much there is does not depend on who asks
        quants_sudo = self.env["stock.quant"].sudo()
        domain = [("product_id", "=", self.product_id.id), ("location_id", "child_of", self.device_id._get_shelf().id)]
        quantity = quants_sudo._read_group(domain, aggregates=["quantity:sum"])[0][0]
        return round(Decimal(repr(quantity or 0.0)), 6).normalize() + 0

    def _find_product(self, reading):
        if not reading.product:
            return self.device_id.product_id
        # sudo: a device is no user; what it names is a SKU or barcode of its company
        products = (
            self.env["product.product"]
            .sudo()
            .search(
                [
                    *("|", ("default_code", "=", reading.product), ("barcode", "=", reading.product)),
                    ("is_storable", "=", True),
                    ("company_id", "in", [False, self.company_id.id]),
                ],
                limit=2,
            )
        )
        return products if len(products) == 1 else products.browse()

    def _refuse(self, reason):
        self.write({"state": "refused", "reason": reason})

    @api.model
    def _get_refusals(self):
        return {
            "absurd": self.env._("No shelf has that much. Look at the device."),
            "negative": self.env._("There cannot be less than nothing on a shelf. Look at the device."),
            "old": self.env._("The event is more than a day old; the shelf has changed since."),
            "future": self.env._("The event is of a time to come. Set the clock of the device."),
            "overtaken": self.env._("A later count of the same shelf was applied already."),
        }

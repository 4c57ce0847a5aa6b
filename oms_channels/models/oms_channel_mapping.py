from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.const import DELIVERY_METHODS
from odoo.addons.oms_core.notice import notice

from ..const import MAPPING_KINDS, TASK_NAMES_MAX
from ..domain.adapter import ChannelError
from ..domain.carriers import suggest_carrier

#: What is chosen for a code of each kind. Any of them decides it.
TARGETS = {
    "shipping": ("delivery_method", "carrier_id"),
    "payment": ("tender", "journal_id"),
    "tax": ("tax_id",),
    "location": ("warehouse_id",),
    "carrier": ("carrier_ids",),
}
#: Kinds of code without whose meaning an order waits.
HOLDS = ("tax", "location")


class OmsChannelMapping(models.Model):
    """What one of a channel's codes means here, or what something of ours is called there.

    A row without a target is a code that came and that nobody has decided about. Where names and rates tell what it means
    (:attr:`is_covered`), nobody has to.
    """

    _name = "oms.channel.mapping"
    _description = "Channel Code"
    _order = "channel_id, kind, external_name, id"
    _rec_name = "external_code"
    _check_company_auto = True

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    kind = fields.Selection(MAPPING_KINDS, required=True)
    external_code = fields.Char(string="Code", required=True, help="As the channel sends it, or wants to have it.")
    external_name = fields.Char(string="Name", help="What people on the channel call it.")
    delivery_method = fields.Selection(
        DELIVERY_METHODS, string="Way of Delivery", help="How the customer wants the goods who chose this."
    )
    carrier_id = fields.Many2one(
        "delivery.carrier", string="Delivery Method Here", check_company=True, ondelete="set null"
    )
    carrier_ids = fields.Many2many(
        "delivery.carrier",
        string="Our Delivery Methods",
        check_company=True,
        help="Parcels with these are told to the channel under this code.",
    )
    tax_id = fields.Many2one(
        "account.tax", check_company=True, domain="[('type_tax_use', '=', 'sale')]", ondelete="set null"
    )
    tender = fields.Selection(
        [("gift_card", "Gift card"), ("store_credit", "Store credit"), ("cash", "Cash")],
        string="Paid With",
        help="What customers pay with who choose this. Empty: money that the channel takes and pays out.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash'))]",
        ondelete="set null",
        help="Where money that is paid this way is booked.",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        ondelete="set null",
        help="The place of ours that this is: where customers collect, and where parcels of it leave.",
    )
    more_warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Also Shows the Stock Of",
        check_company=True,
        help="Places whose stock the channel shows together with this one's.",
    )
    seen_at = fields.Datetime(string="Last Seen", readonly=True, copy=False)
    # Rows that are added, and none that is counted up: workers that take in orders side by side do not wait for each other.
    order_ids = fields.Many2many(
        "sale.order",
        "oms_channel_mapping_order_rel",
        "mapping_id",
        "order_id",
        string="Orders",
        readonly=True,
        copy=False,
        help="Orders that came with it while nobody had decided.",
    )
    count = fields.Integer(string="Orders Affected", compute="_compute_count", compute_sudo=True)
    order_id = fields.Many2one("sale.order", string="Example", compute="_compute_count", compute_sudo=True)
    is_covered = fields.Boolean(
        string="Told by Names and Rates",
        help="What it means follows from its name or its rate, or it was looked at and is right as it is: nobody has to choose.",
    )
    is_decided = fields.Boolean(compute="_compute_is_decided", store=True, string="Chosen")

    _code_uniq = models.Constraint(
        "UNIQUE(channel_id, kind, external_code)", "This code of the channel is here already."
    )

    @api.depends("kind", *(name for names in TARGETS.values() for name in names))
    def _compute_is_decided(self):
        for mapping in self:
            mapping.is_decided = any(mapping[name] for name in TARGETS.get(mapping.kind, ()))

    @api.depends("order_ids")
    def _compute_count(self):
        rows = {}
        if self.ids:
            rows = {
                mapping_id: (count, order_id)
                for mapping_id, count, order_id in self.env.execute_query(
                    SQL(
                        """
                        SELECT mapping_id, COUNT(*), MAX(order_id)
                          FROM oms_channel_mapping_order_rel WHERE mapping_id = ANY(%s) GROUP BY mapping_id
                        """,
                        self.ids,
                    )
                )
            }
        for mapping in self:
            mapping.count, mapping.order_id = rows.get(mapping.id, (0, False))

    @api.depends("external_code", "external_name")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = mapping.external_name or mapping.external_code

    def _is_decided(self):
        """Whether somebody has chosen what it means; ``False`` for no row."""
        return any(mapping.is_decided for mapping in self)

    def _get_warehouses(self):
        """The places whose stock a place of the channel shows."""
        return self.warehouse_id | self.more_warehouse_ids

    def _payment_values(self):
        """Where the money belongs that is paid this way: values of a ``payment.transaction``."""
        values = {"oms_journal_id": self.journal_id.id} if self.journal_id else {}
        return values | ({"oms_tender": self.tender} if self.tender else {})

    # ------------------------------------------------------------------------------------------------------ WRITING

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings.filtered("is_decided")._follow()
        return mappings

    def write(self, vals):
        """Override: what waited for a code goes on when somebody says what it means."""
        result = super().write(vals)
        targets = {name for names in TARGETS.values() for name in names}
        if not (targets | {"is_covered"}).isdisjoint(vals):
            self._follow()
        return result

    def unlink(self):
        channels = self.channel_id
        result = super().unlink()
        channels.exists()._refresh_code_task()
        return result

    def _follow(self):
        """What follows from a choice: orders are checked again, money that was not booked is."""
        for mapping in self.filtered("is_decided"):
            if mapping.kind in HOLDS:
                # sudo: whoever decides what a code means has orders go on that waited for it, and changes no more of them
                waiting_sudo = mapping.sudo().order_ids.filtered(lambda order: order.state in ("draft", "sent"))
                waiting_sudo._oms_check_again_soon()
            elif mapping.kind == "payment":
                mapping._follow_payments()
        self.filtered(lambda mapping: mapping.order_ids and mapping.is_decided).order_ids = False
        self.channel_id._refresh_code_task()

    def _follow_payments(self):
        """Money that was taken in this way and is not booked yet belongs where somebody has just said."""
        # sudo: transactions are closed to users by design
        transactions_sudo = self.env["payment.transaction"].sudo()
        unbooked_sudo = transactions_sudo.search(
            [
                ("provider_id", "=", self.channel_id.sudo().payment_provider_id.id),  # sudo: providers likewise
                ("oms_method", "=", self.external_code),
                ("oms_tender", "=", False),
                ("payment_id", "=", False),
                ("state", "=", "done"),
            ]
        )
        if unbooked_sudo:
            unbooked_sudo.write({"oms_journal_id": self.journal_id.id, "oms_tender": self.tender})
            unbooked_sudo.sale_order_ids._oms_wake_booking()

    # -------------------------------------------------------------------------------------------------------- CODES

    @api.model
    def _note(self, channel, rows):
        """Note codes of a channel, each once, and the orders that came with one that nobody could tell the meaning of.

        :param rows: (``Code``, whether its meaning is known, ids of the orders that came with it)
        """
        codes = {(code.kind, code.code): is_covered for code, is_covered, _order_ids in rows}
        known = self._read_ids(channel, codes)
        # One code may come under several names: a channel that calls a tax otherwise on each line.
        new = {(code.kind, code.code): (code, is_covered) for code, is_covered, _ids in rows}
        missing = [row for key, row in new.items() if key not in known]
        if missing:
            now = fields.Datetime.now()
            self.create(
                [
                    {
                        "channel_id": channel.id,
                        "kind": code.kind,
                        "external_code": code.code,
                        "external_name": code.name or code.code,
                        "is_covered": is_covered,
                        "seen_at": now,
                    }
                    for code, is_covered in missing
                ]
            )
            known = self._read_ids(channel, codes)
        pairs = [
            (known[code.kind, code.code], order_id)
            for code, is_covered, order_ids in rows
            if not is_covered
            for order_id in order_ids
        ]
        if pairs:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO oms_channel_mapping_order_rel (mapping_id, order_id) VALUES %s ON CONFLICT DO NOTHING",
                    SQL(", ").join(SQL("(%s, %s)", *pair) for pair in pairs),
                )
            )
            self.browse({mapping_id for mapping_id, _order_id in pairs}).invalidate_recordset()
            self._note_seen({mapping_id for mapping_id, _order_id in pairs})
        if any(not is_covered for _code, is_covered in missing):
            channel._refresh_code_task()

    @api.model
    def _read_ids(self, channel, codes):
        """{(kind, code): id} of those that are here."""
        found = self.search_fetch(
            [("channel_id", "=", channel.id), ("external_code", "in", [code for _kind, code in codes])],
            ["kind", "external_code"],
        )
        return {(mapping.kind, mapping.external_code): mapping.id for mapping in found}

    @api.model
    def _note_seen(self, ids):
        """When a code was seen last, to the day: not every order writes the same row."""
        yesterday = fields.Datetime.now() - timedelta(days=1)
        seldom = self.search([("id", "in", list(ids)), ("seen_at", "<", yesterday)])
        seldom.try_lock_for_update().seen_at = fields.Datetime.now()


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    mapping_ids = fields.One2many(
        "oms.channel.mapping",
        "channel_id",
        string="Codes",
        groups="oms_core.group_oms_user,oms_core.group_oms_accountant",
    )

    def _map(self, kind, code):
        """What one of this channel's codes means here.

        :return: ``oms.channel.mapping``; it may be empty, or say nothing yet.
        """
        self.ensure_one()
        # sudo: whoever sends a parcel or captures an order follows what channel managers decided
        return (
            self.env["oms.channel.mapping"]
            .sudo()
            .search([("channel_id", "=", self.id), ("kind", "=", kind), ("external_code", "=", code)], limit=1)
        )

    def _map_ours(self, kind, field, record):
        """What the channel calls something of ours.

        :param field: where mappings of this kind name what is ours.
        :return: ``oms.channel.mapping``; empty where nobody has said.
        """
        self.ensure_one()
        mappings_sudo = self.env["oms.channel.mapping"].sudo()  # sudo: as above
        if not record:
            return mappings_sudo
        domain = [("channel_id", "=", self.id), ("kind", "=", kind), (field, "in", record.ids)]
        return mappings_sudo.search(domain, order="id", limit=1)

    def action_suggest_carriers(self):
        """Codes under which this channel knows our delivery methods, as far as their names tell."""
        self.check_access("write")
        self.ensure_one()
        mappings = self.env["oms.channel.mapping"]
        of_channel = [("channel_id", "=", self.id), ("kind", "=", "carrier")]
        known = {mapping.external_code: mapping for mapping in mappings.search(of_channel)}
        carriers = self.env["delivery.carrier"]
        decided = mappings.browse([mapping.id for mapping in known.values()]).carrier_ids
        for carrier in carriers.search(carriers._check_company_domain(self.company_id)) - decided:
            code, name = suggest_carrier(self.platform, carrier.name)
            if not code:
                continue
            if code not in known:
                known[code] = mappings.create(
                    {"channel_id": self.id, "kind": "carrier", "external_code": code, "external_name": name}
                )
            known[code].carrier_ids |= carrier
        action = self.action_view_mappings()
        action["domain"] = of_channel
        return action

    def _refresh_code_task(self):
        """One task for each channel as long as it uses a code that nobody can tell the meaning of."""
        mappings_sudo = self.env["oms.channel.mapping"].sudo()  # sudo: as for listings
        kinds = dict(mappings_sudo._fields["kind"]._description_selection(self.env))
        for channel in self:
            open_sudo = mappings_sudo.search(
                [
                    ("channel_id", "=", channel.id),
                    ("is_decided", "=", False),
                    ("is_covered", "=", False),
                    ("kind", "!=", "carrier"),
                    "|",
                    ("kind", "!=", "location"),
                    ("order_ids", "!=", False),  # a place that was fetched and that no order names is nobody's task
                ]
            )
            names = [f"{kinds[one.kind]} “{one.display_name}”" for one in open_sudo[:TASK_NAMES_MAX]]
            if len(open_sudo) > len(names):
                names.append(self.env._("%s more", len(open_sudo) - len(names)))
            summary = (
                self.env._(
                    "%(shop)s uses %(count)s codes that are not known here", shop=channel.name, count=len(open_sudo)
                )
                if len(open_sudo) > 1
                else self.env._("%s uses a code that is not known here", channel.name)
            )
            intro = self.env._("Choose what they mean under Channels > Mappings, or that they are right as they are:")
            channel._keep_task("codes", open_sudo and summary, [intro, *names])

    def action_view_mappings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_mapping_action")
        action["domain"] = [("channel_id", "=", self.id)]
        return action

    def _oms_get_place_of(self, ref):
        """Override of ``oms_core``: as its places are mapped."""
        # sudo: whoever books what comes back need not see the mappings of a channel
        mapped = self.sudo().mapping_ids.filtered(lambda one: one.kind == "location" and one.external_code == ref)
        return mapped.warehouse_id[:1].with_env(self.env) or super()._oms_get_place_of(ref)

    def action_fetch_locations(self):
        """Ask this channel for its places, for somebody to say which of ours they are."""
        self.check_access("write")
        self.ensure_one()
        try:
            with self._talking() as client:
                shop = client.check()
        except ChannelError as error:
            return notice(str(error), "danger", sticky=True)
        mappings = self.env["oms.channel.mapping"]
        known = {
            mapping.external_code: mapping
            for mapping in mappings.search([("channel_id", "=", self.id), ("kind", "=", "location")])
        }
        now = fields.Datetime.now()
        places = {place.external_id: place for place in shop.locations if place.active}
        for code, mapping in known.items():
            if code in places:
                mapping.write({"external_name": places[code].name, "seen_at": now})
        mappings.create(
            [
                {
                    "channel_id": self.id,
                    "kind": "location",
                    "external_code": code,
                    "external_name": place.name,
                    "seen_at": now,
                    "warehouse_id": self._guess_warehouse(place).id,
                }
                for code, place in places.items()
                if code not in known
            ]
        )
        self._refresh_code_task()
        if not places:
            return notice(self.env._("The channel keeps no places apart: it has one stock."))
        action = self.action_view_mappings()
        action["domain"] = [("channel_id", "=", self.id), ("kind", "=", "location")]
        return action

    def _guess_warehouse(self, place):
        """Our place of the same name or code; empty when none or several are."""
        name = place.name.strip().casefold()
        found = self._get_warehouses().filtered(
            lambda warehouse: name in (warehouse.name.strip().casefold(), (warehouse.code or "").casefold())
        )
        return found if len(found) == 1 else found.browse()

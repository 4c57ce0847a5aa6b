from odoo import api, fields, models

from odoo.addons.oms_core.const import DELIVERY_METHODS

from ..const import MAPPING_KINDS


class OmsChannelMapping(models.Model):
    """What one of a channel's codes means here, or what something of ours is called there.

    A row without a target is a code that came and that nobody has decided about.
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
    delivery_method = fields.Selection(DELIVERY_METHODS, help="How the customer wants the goods who chose this.")
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
    count = fields.Integer(
        string="Orders Affected", readonly=True, copy=False, help="Orders that came with it while nobody had decided."
    )

    _code_uniq = models.Constraint(
        "UNIQUE(channel_id, kind, external_code)", "This code of the channel is here already."
    )

    def _get_warehouses(self):
        """The places whose stock a place of the channel shows."""
        return self.warehouse_id | self.more_warehouse_ids

    @api.depends("external_code", "external_name")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = mapping.external_name or mapping.external_code


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    mapping_ids = fields.One2many("oms.channel.mapping", "channel_id", string="Codes")

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

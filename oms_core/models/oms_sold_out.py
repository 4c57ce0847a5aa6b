"""Who sells must know at once that there is nothing left to sell: told once for each time that a product sells out."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..alone import on_its_own
from ..const import COVER_OVER_DAYS, SOLD_OUT_NAMED_MAX
from ..text import as_html
from .oms_availability import WAITING_STATES


class OmsSoldOut(models.Model):
    """A time in which a channel had nothing of a product that sells, at none of its places."""

    _name = "oms.sold.out"
    _description = "Sold Out"
    _order = "until, since desc, id desc"
    _rec_name = "product_id"

    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True, ondelete="cascade")
    since = fields.Datetime(required=True, readonly=True, help="When it was noticed that nothing was left.")
    until = fields.Datetime(string="Back Since", readonly=True)
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null", index="btree_not_null")

    _open_uniq = models.UniqueIndex(
        "(channel_id, product_id) WHERE until IS NULL", "That this product is sold out there is known already."
    )

    @api.model
    def _cron_watch(self):
        """Look at what each channel has left of what it sells."""
        cron = self.env["ir.cron"]
        known = self._read_group([("until", "=", False)], ["channel_id"])
        to_look_at = ["|", ("active", "=", True), ("id", "in", [channel.id for (channel,) in known])]
        channels = self.env["oms.channel"].with_context(active_test=False).search(to_look_at)
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            with on_its_own(channel, lambda _error: None):  # the next run looks again; the log says why
                self._watch(channel)
            if not cron._commit_progress(1):
                break

    @api.model
    def _watch(self, channel):
        """Note what is sold out now and what is back, and have the channel's people see it."""
        known = self.search([("channel_id", "=", channel.id), ("until", "=", False)])
        products = self._get_selling(channel) | known.product_id if channel.active else known.product_id.browse()
        left = self.env["oms.availability"]._get_channel_atp(channel, products) if products else {}
        gone = products.browse([product_id for product_id, quantity in left.items() if quantity <= 0])
        now = fields.Datetime.now()
        back = known.filtered(lambda row: row.product_id not in gone)
        tasks = back.activity_id.filtered("active")
        back.write({"until": now})
        new = self.create(
            [{"channel_id": channel.id, "product_id": product.id, "since": now} for product in gone - known.product_id]
        )
        if new:
            task = known.activity_id.filtered("active")[:1] or channel.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("Sold out on %s", channel.name),
                user_id=channel._get_responsible().id,
            )
            new.activity_id = task
            tasks |= task
        for task in tasks:
            self._refresh(task)

    @api.model
    def _refresh(self, task):
        """Have a task say what is still sold out; a task about nothing goes."""
        rows = self.search([("activity_id", "=", task.id), ("until", "=", False)], order="since desc, id desc")
        if not rows:
            task.unlink()
            return
        names = rows[:SOLD_OUT_NAMED_MAX].mapped("product_id.display_name")
        if len(rows) > SOLD_OUT_NAMED_MAX:
            names.append(self.env._("%s more, see Inventory, Sold Out", len(rows) - SOLD_OUT_NAMED_MAX))
        intro = self.env._("Nothing is left at any place. Order more, or take it off the shop:")
        task.note = as_html("\n".join([intro, *names]))

    @api.model
    def _get_selling(self, channel):
        """What left for customers of late from the places of a channel, or is wanted there: what it is a pity to have not."""
        availability = self.env["oms.availability"]
        moves = self.env["stock.move"]
        moves.flush_model(["product_id", "location_id", "location_dest_id", "location_final_id", "state", "date"])
        channel._get_warehouses().flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT move.product_id
                  FROM stock_move move
                  JOIN stock_location goal ON goal.id = COALESCE(move.location_final_id, move.location_dest_id)
                  JOIN stock_location source ON source.id = move.location_id
                 WHERE goal.usage = 'customer' AND source.warehouse_id = ANY(%s)
                   AND (move.state = ANY(%s) OR move.state = 'done' AND move.date >= %s)
                """,
                channel._get_warehouses().ids,
                ["assigned", *WAITING_STATES],
                fields.Datetime.now() - timedelta(days=COVER_OVER_DAYS),
            )
        )
        products = self.env["product.product"].browse([product_id for (product_id,) in rows])
        return products | availability._get_kits_of(products)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    responsible_id = fields.Many2one(
        "res.users",
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
        help="Who is told when the channel needs a person: a product is sold out, a customer could not be told. Empty: the "
        "leader of the sales team, else the integration user.",
    )

    def _get_responsible(self):
        """Whom to tell about this channel."""
        self.ensure_one()
        # sudo: who leads a team is no secret to jobs
        return self.responsible_id or self.sudo().team_id.user_id or self.user_id

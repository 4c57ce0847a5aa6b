from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import RESERVATION_BATCH_MAX, RESERVATION_TRANSITIONS

#: What a transition may write; everything else of a row stays as it was made.
CLOSING_FIELDS = frozenset({"state", "closed_at", "posted_quantity"})


class OmsReservation(models.Model):
    """Goods set aside for an order before the native documents do it: from capture until confirmation.

    Two phases: *pending* counts against what can be promised; it is *posted* when the order is confirmed and its stock
    moves take over, *voided* when the order is called off or wants something else, *expired* when nobody came back in time.
    Rows are never changed except in their state: who wants another quantity voids the row and makes a new one.
    """

    _name = "oms.reservation"
    _description = "Soft Reservation"
    _order = "id desc"
    _rec_name = "order_id"
    _check_company_auto = True

    order_id = fields.Many2one("sale.order", index=True, ondelete="cascade", readonly=True)
    line_id = fields.Many2one("sale.order.line", index="btree_not_null", ondelete="set null", readonly=True)
    channel_id = fields.Many2one("oms.channel", index="btree_not_null", ondelete="restrict", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="restrict", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="restrict", readonly=True)
    quantity = fields.Float(
        digits="Product Unit", required=True, readonly=True, help="In the product's own unit of measure."
    )
    posted_quantity = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="How much of it the order's transfers took over; the rest was let go.",
    )
    state = fields.Selection(
        [("pending", "Pending"), ("posted", "Posted"), ("voided", "Voided"), ("expired", "Expired")],
        required=True,
        default="pending",
        readonly=True,
    )
    expires_at = fields.Datetime(readonly=True, index="btree_not_null", help="Empty: until the order says otherwise.")
    closed_at = fields.Datetime(readonly=True, help="When it was posted, voided or expired.")

    _pending_idx = models.Index("(product_id, warehouse_id) WHERE state = 'pending'")
    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "A reservation is of more than nothing.")

    def write(self, vals):
        """Refuse to touch what was set aside; :meth:`_transition` is the one way to close it."""
        if set(vals) - CLOSING_FIELDS or any(reservation.state != "pending" for reservation in self):
            raise UserError(self.env._("What is set aside is not changed. It is let go, and something else set aside."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        if any(reservation.state == "pending" for reservation in self):
            raise UserError(self.env._("Goods are set aside with this. Let them go before you delete it."))

    # --------------------------------------------------------------------------------------------------- TRANSITIONS

    @api.model
    def _set_aside(self, rows):
        """Make pending reservations.

        :param rows: values for each.
        """
        # sudo: whoever captures or changes an order has goods set aside for it; nobody makes reservations by hand
        made = self.sudo().create(rows)
        self.env["oms.stock.event"]._log_reservations(made)
        return made

    def _transition(self, state, posted=None):
        """The one way to close reservations. What is closed already stays as it is, so that any job may repeat.

        :param state: ``posted``, ``voided`` or ``expired``.
        :param dict posted: {reservation: how much of it transfers take over}; absent: all of it. The rest is let go.
        :return: those that were closed now.
        """
        allowed = self.sudo().filtered(lambda reservation: state in RESERVATION_TRANSITIONS[reservation.state])
        closed_at = fields.Datetime.now()
        for quantity, group in allowed.grouped(
            lambda reservation: (
                min((posted or {}).get(reservation, reservation.quantity), reservation.quantity)
                if state == "posted"
                else 0.0
            )
        ).items():
            group.write({"state": state, "closed_at": closed_at, "posted_quantity": quantity})
        self.env["oms.stock.event"]._log_reservations(allowed)
        return allowed.with_env(self.env)

    # -------------------------------------------------------------------------------------------------------- EXPIRY

    @api.model
    def _cron_expire(self):
        """Let go what nobody came back for, a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        while batch := self._take_expired():
            batch._expire()
            if not cron._commit_progress(len(batch), remaining=self.search_count(self._expired_domain(), limit=10_000)):
                break

    @api.model
    def _expired_domain(self):
        return [("state", "=", "pending"), ("expires_at", "<=", fields.Datetime.now())]

    @api.model
    def _take_expired(self):
        """Those that are due and that nobody is confirming or cancelling at this moment."""
        due = self.search(self._expired_domain(), order="expires_at, id", limit=RESERVATION_BATCH_MAX)
        return due.try_lock_for_update()

    def _expire(self):
        """Expire, and say so on the orders. Nothing else is lost: when an order goes on, its goods are looked for anew."""
        expired = self._transition("expired")
        orders = expired.order_id
        if orders:
            text = self.env._(
                "The goods set aside for this order are free for others again: nobody released it in time. When it is "
                "released, they are looked for anew."
            )
            orders._message_log_batch(bodies=dict.fromkeys(orders.ids, text))
        return expired

    @api.model
    def _expiry(self, channel):
        if not channel.reservation_minutes:
            return False
        return fields.Datetime.now() + timedelta(minutes=channel.reservation_minutes)


class OmsStockClaim(models.Model):
    """The turn to promise a product of a company.

    Transactions do not see what others have not committed when they began. Two that look at the same last unit would
    both find it free. So whoever promises goods where overselling is forbidden first counts up the row of each product,
    in one order everywhere: the second of two waits for the first, and is then told by the database to begin anew, with a
    look at what the first has left.
    """

    _name = "oms.stock.claim"
    _description = "Turn to Promise"
    _log_access = False
    _rec_name = "product_id"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", readonly=True)
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="cascade", readonly=True)
    turns = fields.Integer(readonly=True)

    _product_uniq = models.UniqueIndex("(company_id, product_id)")

    @api.model
    def _claim(self, company, products):
        """Take the turn for these products until the end of the transaction, in the order of their ids.

        :raise psycopg2.errors.SerializationFailure: when another one had it since this transaction began. Inbox and
            requests try again.
        """
        ids = sorted(products.ids)
        if ids:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO oms_stock_claim (company_id, product_id, turns)
                         SELECT %s, id, 1 FROM unnest(%s) AS wanted(id) ORDER BY id
                    ON CONFLICT (company_id, product_id) DO UPDATE SET turns = oms_stock_claim.turns + 1
                    """,
                    company.id,
                    ids,
                )
            )

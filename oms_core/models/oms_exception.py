"""The work that nobody planned: everything that stands in the way of an order, the most money first."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

KINDS = [
    ("hold", "On hold"),
    ("message", "Not captured"),
    ("booking", "Not booked"),
    ("short", "Nothing will bring it"),
    ("late", "Late"),
    ("waiting", "Waits for stock"),
    ("at_risk", "At risk"),
    ("reservation", "Reservation expired"),
    ("parcel", "Parcel problem"),
    ("repay", "Money to pay back"),
]

#: Rows of each source have ids of their own: the id of the source times this, and a number of the source.
SOURCES = 8


class OmsException(models.Model):
    """(no table) One row is one thing to look at; what is solved is gone. Rows are told by the documents themselves."""

    _name = "oms.exception"
    _description = "Exception"
    _auto = False
    _order = "amount desc, since, id"
    _rec_name = "sentence"

    kind = fields.Selection(KINDS, readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    picking_id = fields.Many2one("stock.picking", string="Delivery", readonly=True)
    message_id = fields.Many2one("oms.message", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Assigned To", readonly=True)
    since = fields.Datetime(readonly=True)
    due_at = fields.Datetime(string="Due", readonly=True, help="By when the order has to be sent or delivered.")
    amount = fields.Monetary(string="Money at Risk", readonly=True, help="In the currency of the company.")
    detail = fields.Text(readonly=True)
    hold_kind = fields.Char(readonly=True)
    sentence = fields.Char(string="What", compute="_compute_sentence", compute_sudo=True)
    next_action = fields.Char(compute="_compute_sentence", compute_sudo=True)

    @property
    def _table_query(self):
        orders = self.env["sale.order"]
        facts = orders._oms_facts_sql("o")  # flushes what it reads
        self._flush_sources()
        return SQL(
            "%s",
            SQL(" UNION ALL ").join(
                (
                    self._holds_sql(orders),
                    self._life_sql(orders, facts),
                    self._booking_sql(),
                    self._reservations_sql(),
                    self._parcels_sql(),
                    self._messages_sql(),
                    self._repay_sql(orders),
                )
            ),
        )

    @api.model
    def _flush_sources(self):
        for model, names in {
            "sale.order": ["partner_id", "user_id", "amount_total", "currency_rate", "oms_booking_error", "company_id"],
            "sale.order.line": ["price_total"],
            "oms.hold": ["kind", "reason"],
            "oms.message": ["state", "error", "company_id"],
            "oms.channel": ["stock_wait_hours"],
            "oms.reservation": ["state", "order_id", "closed_at"],
            "stock.picking": ["oms_tracking_state", "sale_id", "state"],
        }.items():
            self.env[model].flush_model(names)

    def _row_sql(self, number, kind, tables, where, **columns):
        """One source as rows of this model. ``o`` is the order, where there is one."""
        total = SQL("o.amount_total / COALESCE(NULLIF(o.currency_rate, 0), 1)")
        values = {
            "source_id": SQL("o.id"),
            "order_id": SQL("o.id"),
            "picking_id": SQL("NULL::integer"),
            "message_id": SQL("NULL::integer"),
            "channel_id": SQL("o.oms_channel_id"),
            "company_id": SQL("o.company_id"),
            "partner_id": SQL("o.partner_id"),
            "user_id": SQL("o.user_id"),
            "since": SQL("o.create_date"),
            "due_at": SQL("NULL::timestamp"),
            "amount": total,
            "detail": SQL("NULL::text"),
            "hold_kind": SQL("NULL::varchar"),
            **columns,
        }
        source_id = values.pop("source_id")
        return SQL(
            "SELECT %s * %s + %s AS id, %s AS kind, %s FROM %s WHERE %s",
            source_id,
            SOURCES,
            number,
            kind if isinstance(kind, SQL) else SQL("%s::varchar", kind),
            SQL(", ").join(SQL("%s AS %s", value, SQL.identifier(name)) for name, value in values.items()),
            tables,
            where,
        )

    def _holds_sql(self, orders):
        tables = SQL(
            """(SELECT order_id, min(create_date) AS since, string_agg(reason, ' / ' ORDER BY id) AS reasons,
                       min(kind) AS kind
                  FROM oms_hold WHERE released_at IS NULL GROUP BY order_id) h
               JOIN sale_order o ON o.id = h.order_id"""
        )
        return self._row_sql(
            *(0, "hold", tables, SQL("o.state != 'cancel'")),
            since=SQL("h.since"),
            due_at=orders._oms_due_sql("o"),
            detail=SQL("h.reasons"),
            hold_kind=SQL("h.kind"),
        )

    def _life_sql(self, orders, facts):
        """Orders that do not get on: one row each, for the worst that can be said of it."""
        tables = SQL(
            """(SELECT f.*, CASE
                        WHEN f.status IN ('waiting', 'partial') AND f.nothing_comes THEN 'short'
                        WHEN f.service = 'late' THEN 'late'
                        WHEN f.status = 'waiting' AND f.confirmed < %(now)s - f.wait * interval '1 hour' THEN 'waiting'
                        WHEN f.service = 'at_risk' THEN 'at_risk' END AS kind
                  FROM (SELECT o.id, %(status)s AS status, %(service)s AS service, %(nothing)s AS nothing_comes,
                               %(due)s AS due_at, COALESCE(o.oms_confirmed_at, o.date_order) AS confirmed,
                               COALESCE(c.stock_wait_hours, 24) AS wait
                          FROM sale_order o JOIN oms_channel c ON c.id = o.oms_channel_id
                         WHERE o.id IN (%(open)s) AND NOT %(held)s
                        OFFSET 0) f) life
               JOIN sale_order o ON o.id = life.id""",
            now=fields.Datetime.now(),
            status=orders._oms_status_sql("o"),
            due=orders._oms_due_sql("o"),
            service=orders._oms_service_sql("o"),
            nothing=orders._oms_nothing_comes_sql("o"),
            open=orders._oms_open_sql(),
            held=facts["held"],
        )
        open_part = SQL(
            """(SELECT COALESCE(SUM(l.price_total * GREATEST(l.product_uom_qty - l.qty_delivered, 0) / l.product_uom_qty), 0)
                  FROM sale_order_line l WHERE l.order_id = o.id AND l.product_uom_qty > 0)
               / COALESCE(NULLIF(o.currency_rate, 0), 1)"""
        )
        return self._row_sql(
            *(1, SQL("life.kind::varchar"), tables, SQL("life.kind IS NOT NULL")),
            since=SQL("CASE WHEN life.kind = 'late' THEN life.due_at ELSE life.confirmed END"),
            due_at=SQL("life.due_at"),
            amount=SQL(
                "CASE WHEN life.status = 'shipped' THEN o.amount_total / COALESCE(NULLIF(o.currency_rate, 0), 1) ELSE %s END",
                open_part,
            ),
        )

    def _booking_sql(self):
        return self._row_sql(
            *(2, "booking", SQL("sale_order o"), SQL("o.oms_booking_error IS NOT NULL AND o.oms_booking_error != ''")),
            since=SQL("COALESCE(o.oms_confirmed_at, o.date_order)"),
            detail=SQL("o.oms_booking_error"),
        )

    def _reservations_sql(self):
        tables = SQL(
            """(SELECT order_id, max(closed_at) AS since FROM oms_reservation
                 WHERE state = 'expired' GROUP BY order_id) r
               JOIN sale_order o ON o.id = r.order_id"""
        )
        where = SQL(
            """o.state IN ('draft', 'sent')
               AND NOT EXISTS (SELECT 1 FROM oms_hold h WHERE h.order_id = o.id AND h.released_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM oms_reservation p WHERE p.order_id = o.id AND p.state = 'pending')"""
        )
        return self._row_sql(3, "reservation", tables, where, since=SQL("r.since"))

    def _parcels_sql(self):
        return self._row_sql(
            4,
            "parcel",
            SQL("stock_picking p JOIN sale_order o ON o.id = p.sale_id"),
            SQL("p.oms_tracking_state IN ('exception', 'returning') AND p.oms_delivered_at IS NULL"),
            source_id=SQL("p.id"),
            picking_id=SQL("p.id"),
            since=SQL("p.date_done"),
            detail=SQL("p.oms_tracking_state::text"),
        )

    def _messages_sql(self):
        return self._row_sql(
            5,
            "message",
            SQL("oms_message m"),
            SQL("m.state IN ('dead', 'quarantine')"),
            source_id=SQL("m.id"),
            order_id=SQL("NULL::integer"),
            message_id=SQL("m.id"),
            channel_id=SQL("m.channel_id"),
            company_id=SQL("m.company_id"),
            partner_id=SQL("NULL::integer"),
            user_id=SQL("NULL::integer"),
            since=SQL("m.create_date"),
            amount=SQL("0::numeric"),
            detail=SQL("m.error"),
        )

    def _repay_sql(self, orders):
        """What was taken for goods that were called off; also of orders that are cancelled."""
        tables = SQL(
            "(%s) less (order_id, to_repay, since) JOIN sale_order o ON o.id = less.order_id",
            orders._oms_to_repay_sql(),
        )
        return self._row_sql(
            *(6, "repay", tables, SQL("TRUE")),
            since=SQL("less.since"),
            amount=SQL("less.to_repay / COALESCE(NULLIF(o.currency_rate, 0), 1)"),
        )

    # ---------------------------------------------------------------------------------------------------------- WORDS

    @api.depends("kind", "detail")
    def _compute_sentence(self):
        for row in self:
            row.sentence = " ".join((row._get_sentence() or "").split())
            row.next_action = row._get_next_action()

    def _get_sentence(self):
        order = self.order_id
        match self.kind:
            case "hold" | "booking":
                return self.detail
            case "message":
                return self.detail or self.env._("A message could not be verified or sent.")
            case "late" | "at_risk":
                return order.oms_service_reason
            case "waiting":
                return self.env._("Confirmed, and waits for stock longer than it should.")
            case "short":
                return self.env._("A part of it is neither sent nor on any transfer.")
            case "reservation":
                return self.env._("The goods were kept for it until the time was over.")
            case "repay":
                return self.env._(
                    "%s more was paid than is ordered.",
                    order.currency_id.format(order.oms_to_repay),
                )
            case "parcel" if self.detail == "returning":
                return self.env._("The parcel goes back to the sender.")
            case "parcel":
                return self.env._("The carrier tells of a problem with the parcel.")

    def _get_next_action(self):
        match self.kind:
            case "hold":
                return self._get_hold_action()
            case "message":
                return self.env._("Read it, correct it, try again or dismiss it.")
            case "booking":
                return self.env._("Put right what it says, then choose Book again.")
            case "short":
                return self.env._("Deliver it from elsewhere, or reduce the quantity.")
            case "late" | "at_risk" if self.order_id.oms_status == "shipped":
                return self.env._("Ask the carrier, and tell the customer.")
            case "late" | "at_risk" if self.order_id.oms_status == "received":
                return self.env._("Release it.")
            case "late" | "at_risk" if self.order_id.oms_status == "waiting":
                return self.env._("Find the goods elsewhere, or tell the customer a new date.")
            case "late" | "at_risk":
                return self.env._("Have it picked and sent now.")
            case "waiting":
                return self.env._("Source it again, or buy what is missing.")
            case "reservation":
                return self.env._("Release it while there is stock, or cancel it.")
            case "parcel":
                return self.env._("Ask the carrier, then the customer.")
            case "repay":
                return self.env._("Pay it back the way it was paid, then press Paid Back on the order.")

    def _get_hold_action(self):
        match self.hold_kind:
            case "payment":
                return self.env._("Wait for the payment, or ask the customer.")
            case "fraud":
                return self.env._("Check it, then release or cancel.")
            case "address":
                return self.env._("Correct the address, then release.")
            case "product" | "tax":
                return self.env._("Put right what is missing, then choose Check Again.")
            case "stock":
                return self.env._("Deliver it from elsewhere, or reduce the quantity, then release.")
        return self.env._("Do what the reason says, then release.")

    # -------------------------------------------------------------------------------------------------------- ACTIONS

    def action_open(self):
        """Open what has to be put right."""
        self.ensure_one()
        self.check_access("read")
        record = self.message_id or (self.picking_id if self.kind == "parcel" else self.order_id)
        return record._get_records_action()

    def action_take(self):
        """Tell the others that I look after these orders."""
        self.check_access("read")
        orders = self.order_id
        if not orders:
            raise UserError(self.env._("Only an order can be assigned; open the message and correct it."))
        orders.check_access("write")
        orders.with_context(mail_auto_subscribe_no_notify=True).user_id = self.env.user
        return True

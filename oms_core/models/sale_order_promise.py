"""When customers get what is not there yet: promised from the receipts, first come first served, and promised anew."""

import logging
from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from ..const import PROMISE_BATCH_MAX
from ..domain.promise import Claim, promises
from .oms_availability import WAITING_STATES
from .oms_stock_rule import _decimal

_logger = logging.getLogger(__name__)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_promised_at = fields.Datetime(
        string="Goods Promised",
        readonly=True,
        copy=False,
        help="When the goods that this line waits for are expected. Empty: nothing waits, or nobody knows.",
    )

    oms_ordered_at = fields.Datetime(related="order_id.oms_ordered_at")
    oms_channel_id = fields.Many2one(related="order_id.oms_channel_id")

    def action_oms_open_order(self):
        self.ensure_one()
        self.check_access("read")
        return self.order_id.get_formview_action()

    @api.model
    def _oms_waiting_moves(self, products=None):
        """The moves that take from a stock, want goods for a customer, and have not reserved all of them."""
        domain = [
            ("state", "in", WAITING_STATES),
            ("location_id.usage", "=", "internal"),
            ("move_orig_ids", "=", False),
        ]
        if products is not None:
            domain.append(("product_id", "in", products.ids))
        # sudo: dates follow from all that wants the goods, also what the user may not see
        return self.env["stock.move"].sudo().search(domain, order="id")

    @api.model
    def _oms_give_promises(self, products, tell=True):
        """Promise anew what waits for these products. Whoever ordered first is served first, at each place.

        :param tell: whether customers are told of changes.
        :return: the orders whose promise has changed.
        """
        moves = self._oms_waiting_moves(products)
        of_lines = self._oms_promise_moves(moves)
        changed = {}
        for line, promise in of_lines.items():
            before, after = line.oms_promised_at, promise.at or False
            if promise.from_shelf or before == after:
                continue  # what lies on the shelf is there in time for whatever was promised
            line.oms_promised_at = after
            if not (before and after) or before.date() != after.date():
                changed[line] = (before, promise)
        orders = self._oms_write_promise_history(changed)
        if tell:
            for order in orders:
                order._oms_notify("promise_changed")
        return orders

    def _oms_promise_moves(self, moves):
        """{line: ``Promise``}: of several moves of a line, the one that is served last."""
        keys = {(move.location_id.warehouse_id, move.product_id) for move in moves if move.location_id.warehouse_id}
        warehouses = self.env["stock.warehouse"].sudo().union(*(warehouse for warehouse, _product in keys))
        products = self.env["product.product"].sudo().union(*(product for _warehouse, product in keys))
        if not keys:
            return {}
        availability = self.env["oms.availability"]
        snapshot = availability._snapshot(products, warehouses)
        receipts = availability._get_receipts(products, warehouses)
        now = fields.Datetime.now()
        claims = defaultdict(list)
        for move in moves:
            wanted = _decimal(move.product_qty) - sum(
                (_decimal(line.quantity_product_uom) for line in move.move_line_ids), Decimal(0)
            )
            order = move.sale_line_id.order_id
            ordered_at = (order and (order.oms_ordered_at or order.date_order)) or move.create_date or now
            key = move.location_id.warehouse_id.id, move.product_id.id
            claims[key].append(Claim(move.id, wanted, ordered_at))
        of_lines = {}
        for key, of_shelf in claims.items():
            free = snapshot.on_hand[key] - snapshot.reserved[key]
            given = promises(of_shelf, free, receipts.get(key, []), now)
            for move in moves.browse(given):
                line, promise = move.sale_line_id, given[move.id]
                if line and line.order_id.state == "sale":
                    of_lines[line] = _later(of_lines.get(line), promise)
        return self._oms_with_release_dates(of_lines)

    def _oms_with_release_dates(self, of_lines):
        """A preorder for which no receipt is known is promised for the day on which the product comes out."""
        unknown = [line for line, promise in of_lines.items() if not promise.at and not promise.from_shelf]
        now = fields.Datetime.now()
        by_channel = defaultdict(list)
        for line in unknown:
            if line.order_id.oms_channel_id:
                by_channel[line.order_id.oms_channel_id].append(line)
        for channel, lines in by_channel.items():
            products = self.env["product.product"].union(*(line.product_id for line in lines))
            policies = self.env["oms.availability"]._get_backorder_policies(channel, products)
            for line in lines:
                policy, _limit, release = policies[line.product_id.id]
                if policy == "preorder" and release and release > now:
                    of_lines[line] = type(of_lines[line])(at=release, by=self.env._("its release"))
        return of_lines

    def _oms_write_promise_history(self, changed):
        """Write into each order's chatter what was promised before and is now, and why.

        :param dict changed: {line: (date before, ``Promise``)}
        :return: the orders.
        """
        texts = defaultdict(list)
        for line, (before, promise) in changed.items():
            was = format_date(self.env, before) if before else self.env._("no date")
            if promise.at:
                text = self.env._(
                    "%(product)s: promised for %(after)s instead of %(before)s, with %(receipt)s.",
                    product=line.product_id.display_name,
                    before=was,
                    after=format_date(self.env, promise.at),
                    receipt=promise.by or self.env._("a receipt"),
                )
            else:
                text = self.env._(
                    "%(product)s: no date can be promised any more (%(before)s before). Nothing that is expected covers it: "
                    "order more, or tell the customer.",
                    product=line.product_id.display_name,
                    before=was,
                )
            texts[line.order_id].append(text)
        orders = self.env["sale.order"].union(*texts)
        # sudo: the job writes the history of orders of all teams
        orders.sudo()._message_log_batch(bodies={order.id: " ".join(texts[order]) for order in orders})
        return orders
"""How the customer wants the goods, by when, and whether that will be kept."""

import logging
from datetime import timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime, mute_logger

from ..const import COLLECTED_METHODS
from ..domain.order_status import TO_SHIP, UNDERWAY
from ..domain.service_clock import Opening, Promise, due, state
from ..exceptions import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

#: Late orders told to their customers by one run of the job before it commits.
LATE_BATCH_MAX = 50

SERVICE_LEVELS = [("none", "No promise"), ("on_time", "On time"), ("at_risk", "At risk"), ("late", "Late")]


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    def _oms_to_domain(self):
        """These working hours as the clock reads them. Without any, a place is open around the clock."""
        hours = {}
        for row in self.attendance_ids.filtered(lambda row: not row.display_type and row.day_period != "lunch"):
            hours.setdefault(int(row.dayofweek), []).append((row.hour_from, row.hour_to))
        if hours:
            hours = {day: tuple(sorted(set(hours.get(day, ())))) for day in range(7)}
        closed = tuple((_aware(leave.date_from), _aware(leave.date_to)) for leave in self.global_leave_ids)
        return Opening(_zone(self.tz), hours, closed)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_promised_at = fields.Datetime(
        string="Promised",
        compute="_compute_oms_promised_at",
        store=True,
        help="When all goods that this order waits for are expected.",
    )

    @api.depends("order_line.oms_promised_at")
    def _compute_oms_promised_at(self):
        for order in self:
            order.oms_promised_at = max(
                (line.oms_promised_at for line in order.order_line if line.oms_promised_at), default=False
            )

    def _action_confirm(self):
        """Override of ``sale``: what has to wait gets a date at once; the others cost nothing."""
        result = super()._action_confirm()
        waiting = self.filtered("oms_channel_id").order_line.move_ids.filtered(
            lambda move: move.state in WAITING_STATES and move.location_id.usage == "internal"
        )
        if waiting:
            self.env["sale.order.line"]._oms_give_promises(waiting.product_id, tell=False)
        return result

    def _oms_release_clean(self):
        """Override: what may not be sold beyond what is there is held before it is confirmed."""
        for channel, orders in (
            self.filtered(lambda order: order.state in ("draft", "sent")).grouped("oms_channel_id").items()
        ):
            if channel and self.env["oms.backorder.policy"]._get_book(channel.company_id):
                orders._oms_hold_beyond_policy(channel)
        return super()._oms_release_clean()

    def _oms_hold_beyond_policy(self, channel):
        """Hold those of these orders that want more than there is and than may be backordered, one after the other."""
        availability = self.env["oms.availability"]
        wanted = {
            order: {
                line: _decimal(line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id))
                for line in order.order_line
                if line.product_id and line.product_uom_qty > 0
            }
            for order in self
        }
        products = self.order_line.product_id
        counted, _components = availability._get_counted(products)
        if not counted:
            return
        snapshot = availability._snapshot(counted, channel._get_warehouses(), but_orders=self)
        room = availability._get_backorder_room(channel, counted, but_orders=self)
        left = {
            product: None if room[product] is None else snapshot.total(product) + room[product]
            for product in counted.ids
        }
        for order in self:
            asked = defaultdict(Decimal)
            for line, quantity in wanted[order].items():
                asked[line.product_id] += quantity
            short = [
                product
                for product, quantity in asked.items()
                if left.get(product.id) is not None and left[product.id] < quantity
            ]
            accepted = set(order.oms_hold_ids.filtered(lambda hold: not hold.is_open).mapped("reason"))
            reasons = [
                self.env._(
                    "%(product)s may not be sold beyond what is there: %(wanted)g wanted, %(left)g left. Change the "
                    "quantity, or release to sell it all the same.",
                    product=product.display_name,
                    wanted=asked[product],
                    left=left[product.id],
                )
                for product in short
            ]
            if new := [reason for reason in reasons if reason not in accepted]:
                for reason in new:
                    order._oms_hold("stock", reason)
                continue
            for product, quantity in asked.items():
                if left.get(product.id) is not None:
                    left[product.id] = max(Decimal(0), left[product.id] - quantity)

    @api.model
    def _cron_oms_promise(self):
        """Promise anew everything that waits, some products and a commit at a time."""
        cron = self.env["ir.cron"]
        lines = self.env["sale.order.line"]
        products = lines._oms_waiting_moves().filtered("sale_line_id").product_id
        cron._commit_progress(remaining=len(products))
        for start in range(0, len(products), PROMISE_BATCH_MAX):
            batch = products[start : start + PROMISE_BATCH_MAX]
            for product in self._oms_promise_batch(batch):
                _logger.error("OMS: the promises for %s could not be made anew", product.display_name)
            if not cron._commit_progress(len(batch)):
                break

    @api.model
    def _oms_promise_batch(self, products):
        """Promise these products anew; one that fails spoils no other.

        :return: those that failed.
        """
        failed = products.browse()
        try:
            with self.env.cr.savepoint():
                self.env["sale.order.line"]._oms_give_promises(products)
                self.env.flush_all()
        except Exception:
            if len(products) == 1:
                _logger.exception("OMS: promises")
                return products
            self.env.invalidate_all()
            for product in products:
                failed |= self._oms_promise_batch(product)
        return failed


class StockMove(models.Model):
    _inherit = "stock.move"

    def write(self, vals):
        """Override of ``stock``: when a receipt comes, or is to come on another day, what waits for it is promised anew."""
        result = super().write(vals)
        if not vals.keys().isdisjoint(("date", "date_deadline", "product_uom_qty", "state")):
            self._oms_wake_promises()
        return result

    def _oms_wake_promises(self):
        """Have the job run soon if anybody waits for what these moves bring into a stock."""
        incoming = self.filtered(
            lambda move: move.location_dest_id.usage == "internal" and move.location_id.usage != "internal"
        )
        if not incoming:
            return
        # sudo: whoever changes a receipt need not know who waits for it
        waits = incoming.sudo().search_count(
            [
                ("product_id", "in", incoming.product_id.ids),
                ("state", "in", WAITING_STATES),
                ("sale_line_id", "!=", False),
            ],
            limit=1,
        )
        if waits:
            # sudo: the job is the system's
            self.env.ref("oms_core.cron_promise").sudo()._trigger()


def _later(one, other):
    """Of two promises for parts of a line the one that counts: unknown before a date, the later date before the shelf."""
    if one is None:
        return other
    parts = [part for part in (one, other) if not part.from_shelf]
    if not parts:
        return other
    if any(part.at is None for part in parts):
        return next(part for part in parts if part.at is None)
    return max(parts, key=lambda part: part.at)
    oms_promise_told = fields.Boolean(
        readonly=True,
        copy=False,
        help="The channel told by when goods have to leave or arrive; nothing here changes it.",
    )
    oms_late_for = fields.Datetime(
        readonly=True, copy=False, help="The broken promise that the customer has been told about."
    )
    oms_due_at = fields.Datetime(
        string="Due",
        compute="_compute_oms_due_at",
        compute_sudo=True,
        help="By when the next thing must happen: the goods must leave, or the customer must have them.",
    )
    oms_service = fields.Selection(
        SERVICE_LEVELS,
        string="Promise",
        compute="_compute_oms_due_at",
        search="_search_oms_service",
        compute_sudo=True,
    )
    oms_slack_hours = fields.Float(
        string="Hours Left", compute="_compute_oms_due_at", compute_sudo=True, help="Below zero: hours too late."
    )
    oms_service_reason = fields.Char(string="Why at Risk", compute="_compute_oms_due_at", compute_sudo=True)

    # ----------------------------------------------------------------------------------------------------- COMPUTES

    @api.depends(
        "oms_status",
        "oms_ship_by",
        "oms_deliver_by",
        "picking_ids.oms_tracking_state",
        "picking_ids.oms_expected_at",
        "oms_channel_id.risk_hours",
    )
    def _compute_oms_due_at(self):
        rows = {}
        if ids := self._origin.ids:
            rows = {
                order_id: values
                for order_id, *values in self.env.execute_query(
                    SQL(
                        "SELECT o.id, %s, %s FROM sale_order o WHERE o.id IN %s",
                        self._oms_due_sql("o"),
                        self._oms_expected_late_sql("o"),
                        tuple(ids),
                    )
                )
            }
        now = fields.Datetime.now()
        for order in self:
            due_at, expected_late = rows.get(order._origin.id, (None, False))
            level = state(due_at, now, order.oms_channel_id.risk_hours)
            if level == "on_time" and expected_late:
                level = "at_risk"
            order.oms_due_at = due_at or False
            order.oms_service = level
            order.oms_slack_hours = round((due_at - now).total_seconds() / 3600, 1) if due_at else 0.0
            order.oms_service_reason = order._oms_explain_service(level, due_at, expected_late)

    def _oms_explain_service(self, level, due_at, expected_late):
        if level not in ("at_risk", "late"):
            return False
        when = format_datetime(self.env, due_at, dt_format="short")
        if self.oms_status in UNDERWAY:
            if level == "late":
                return self.env._("Should have arrived by %s, and no carrier says that it did.", when)
            if expected_late:
                return self.env._("Promised for %s; the carrier expects to be later.", when)
            return self.env._("Has to arrive by %s and is still on its way.", when)
        standing = dict(self._fields["oms_status"]._description_selection(self.env))[self.oms_status]
        if level == "late":
            return self.env._("Should have left by %(when)s: %(status)s.", when=when, status=standing)
        return self.env._("Has to leave by %(when)s: %(status)s.", when=when, status=standing)

    def _oms_due_sql(self, alias):
        """By when the next thing must happen, as an expression over a row of ``sale_order``.

        While the customer has not paid, no clock runs; and of a parcel that no carrier tells about, nobody knows whether it
        is late.
        """
        self.flush_model(["oms_ship_by", "oms_deliver_by"])
        column = {name: SQL.identifier(alias, name) for name in ("id", "oms_ship_by", "oms_deliver_by")}
        return SQL(
            """(CASE WHEN %(ship_by)s IS NULL AND %(deliver_by)s IS NULL THEN NULL
                     WHEN EXISTS (SELECT 1 FROM oms_hold h
                                   WHERE h.order_id = %(id)s AND h.released_at IS NULL AND h.kind = 'payment') THEN NULL
                     WHEN %(status)s IN %(to_ship)s THEN COALESCE(%(ship_by)s, %(deliver_by)s)
                     WHEN %(status)s IN %(underway)s AND EXISTS (
                         SELECT 1 FROM stock_picking p WHERE p.sale_id = %(id)s AND p.oms_tracking_state IS NOT NULL
                     ) THEN %(deliver_by)s END)""",
            id=column["id"],
            ship_by=column["oms_ship_by"],
            deliver_by=column["oms_deliver_by"],
            status=self._oms_status_sql(alias),
            to_ship=TO_SHIP,
            underway=UNDERWAY,
        )

    def _oms_expected_late_sql(self, alias):
        """Whether a carrier expects to deliver later than promised."""
        self.env["stock.picking"].flush_model(["sale_id", "oms_expected_at", "oms_delivered_at"])
        return SQL(
            """EXISTS (SELECT 1 FROM stock_picking p WHERE p.sale_id = %s AND p.oms_delivered_at IS NULL
                          AND p.oms_expected_at > %s)""",
            SQL.identifier(alias, "id"),
            SQL.identifier(alias, "oms_deliver_by"),
        )

    def _oms_service_sql(self, alias):
        """The value of ``oms_service`` as an expression over a row of ``sale_order``."""
        self.env["oms.channel"].flush_model(["risk_hours"])
        return SQL(
            """(SELECT CASE WHEN d.due IS NULL THEN 'none'
                            WHEN d.due < %(now)s THEN 'late'
                            WHEN d.due < %(now)s + COALESCE(d.risk, 0) * interval '1 hour' OR %(later)s THEN 'at_risk'
                            ELSE 'on_time' END
                  FROM (SELECT %(due)s AS due, (SELECT c.risk_hours FROM oms_channel c WHERE c.id = %(channel)s) AS risk
                        OFFSET 0) d)""",
            now=fields.Datetime.now(),
            due=self._oms_due_sql(alias),
            later=self._oms_expected_late_sql(alias),
            channel=SQL.identifier(alias, "oms_channel_id"),
        )

    def _search_oms_service(self, operator, value):
        if operator != "in":
            return NotImplemented
        levels = tuple(level for level in value if level)
        if not levels:
            return Domain.FALSE

        def to_sql(model, alias, query):
            condition = SQL("%s IN %s", model._oms_service_sql(alias), levels)
            if "none" in levels:
                return condition
            return SQL("(%s IN (%s) AND %s)", SQL.identifier(alias, "id"), model._oms_open_sql(), condition)

        return Domain.custom(
            to_sql=to_sql,
            predicate=lambda order: order.oms_service in levels,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Override so that lists can sort by what is due first, and group by what is at risk."""
        if field_expr == "oms_due_at":
            return self._oms_due_sql(alias)
        if field_expr == "oms_service":
            return self._oms_service_sql(alias)
        return super()._field_to_sql(alias, field_expr, query)

    # ------------------------------------------------------------------------------------------------------ CAPTURE

    @api.model
    def _oms_prepare_service(self, channel, doc, resolver):
        """Values of an order that follow from how and by when its customer wants the goods."""
        method = resolver.delivery_method(doc)
        pickup = resolver.pickup_place(doc) if method in COLLECTED_METHODS else self.env["stock.warehouse"]
        ship_by, deliver_by = doc.ship_by, doc.deliver_by
        if not (ship_by or deliver_by):
            ship_by, deliver_by = resolver.promise(method, pickup, doc.ordered_at)
        return {
            "oms_delivery_method": method,
            "oms_pickup_warehouse_id": pickup.id,
            "oms_promise_told": bool(doc.ship_by or doc.deliver_by),
            "oms_ship_by": _naive(ship_by),
            "oms_deliver_by": _naive(deliver_by),
            "oms_release_at": channel._oms_release_at(method, doc.ordered_at),
        }

    def _oms_set_promise(self):
        """Compute anew by when these orders are due, where the channel has not told it."""
        for order in self.filtered(lambda order: order.oms_channel_id and not order.oms_promise_told):
            ship_by, deliver_by = order.oms_channel_id._oms_promise(
                order.oms_delivery_method,
                order.oms_pickup_warehouse_id or order.warehouse_id,
                _aware(order.oms_ordered_at or order.create_date),
            )
            values = {"oms_ship_by": _naive(ship_by), "oms_deliver_by": _naive(deliver_by)}
            order.with_context(oms_by_job=True).write(values)

    def write(self, vals):
        """Override: who gets the goods in another way gets another promise."""
        result = super().write(vals)
        if not {"oms_delivery_method", "oms_pickup_warehouse_id"}.isdisjoint(vals) and "oms_ship_by" not in vals:
            self._oms_set_promise()
        return result

    # ---------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_oms_watch_promises(self):
        """Tell each broken promise once: in the order's log, and to the customer."""
        cron = self.env["ir.cron"]
        last_id = 0
        while orders := self.search(
            self._oms_newly_late() & Domain("id", ">", last_id), order="id", limit=LATE_BATCH_MAX
        ):
            last_id = orders[-1].id
            orders._oms_tell_late()
            remaining = self.search_count(self._oms_newly_late() & Domain("id", ">", last_id), limit=10_000)
            if not cron._commit_progress(len(orders), remaining=remaining):
                break

    @api.model
    def _oms_newly_late(self):
        """Orders whose promise is broken and was not when the customer was last told."""

        def to_sql(model, alias, query):
            model.flush_model(["oms_late_for"])
            due_at, told = model._oms_due_sql(alias), SQL.identifier(alias, "oms_late_for")
            return SQL(
                "(%s IN (%s) AND %s < %s AND %s IS DISTINCT FROM %s)",
                *(SQL.identifier(alias, "id"), model._oms_open_sql(), due_at, fields.Datetime.now(), told, due_at),
            )

        return Domain("oms_channel_id", "!=", False) & Domain("state", "!=", "cancel") & Domain.custom(to_sql=to_sql)

    def _oms_tell_late(self):
        for order in self:
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    if order.try_lock_for_update():
                        order.oms_late_for = order.oms_due_at
                        order.message_post(body=order.oms_service_reason)
                        order._oms_notify("delayed")
            except CONCURRENCY_ERRORS as error:
                _logger.info("Order %s is being worked on elsewhere, the next run looks again: %s", order.id, error)
            except Exception:
                _logger.exception("Order %s is late, and nobody could be told", order.id)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _oms_promise(self, method, warehouse, ordered_at):
        """(by when goods must leave, by when the customer must have them) for an order of a moment; both may be ``None``.

        :param ordered_at: aware.
        """
        self.ensure_one()
        promise = self.promise_ids.filtered(lambda promise: promise.delivery_method == method)[:1]
        if not promise:
            return None, None
        calendar = warehouse.oms_calendar_id or self.company_id.resource_calendar_id
        # sudo: whoever takes an order may know when the place that sends it is open
        opening = calendar.sudo()._oms_to_domain()
        terms = Promise(promise.ship_hours, promise.deliver_hours, promise.cut_off or None)
        return due(ordered_at.astimezone(timezone.utc), terms, opening)


def _aware(moment):
    return moment.replace(tzinfo=timezone.utc)


def _naive(moment):
    """A moment as Odoo stores it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0) if moment else False


def _zone(name):
    try:
        return ZoneInfo(name or "UTC").key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"

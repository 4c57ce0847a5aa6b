"""How many of each listing a channel is told: what is to be told is collected from what changed, and sent in batches."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import PUSH_CLOCK_S, PUSH_LOOK_AGAIN_S, PUSH_ROUNDS_MAX
from ..domain.outgoing import ListingRef, Result, StockLevel
from ..domain.push import believed, decide_anew, shown, thought, units, urgency


@dataclass(slots=True)
class Going:
    """One quantity on its way to a channel."""

    row: dict
    ref: ListingRef
    tell: int
    expected: int | None
    known: list[int] = field(default_factory=list)
    look_again: bool = False

    @property
    def key(self):
        return f"stock-{self.row['id']}-{self.row['sequence']}"


class OmsChannelStock(models.Model):
    """How many of a listing a channel has at one of its places: what it is to have, and what it was told last."""

    _name = "oms.channel.stock"
    _inherit = "oms.channel.told"
    _description = "Published Stock"
    _order = "channel_id, listing_id, location_ref"
    _rec_name = "listing_id"

    location_ref = fields.Char(
        string="Channel's Place", required=True, readonly=True, default="", help="Empty: it has only one."
    )
    wanted = fields.Integer(string="To Publish", readonly=True, help="What the channel is to have.")
    quantity = fields.Integer(string="Published", readonly=True, help="What the channel was told last.")
    expected = fields.Integer(
        readonly=True, help="What the channel has, as far as we know: what it was told, less what it sold since."
    )
    tried = fields.Integer(readonly=True, help="What it was sent last.")

    _place_uniq = models.Constraint(
        "UNIQUE(listing_id, location_ref)", "What this place has of this listing is here already."
    )
    _due_idx = models.Index("(channel_id, urgency, id) WHERE state IN ('due', 'sending', 'waiting')")
    _pending_idx = models.Index("(channel_id, next_attempt_at) WHERE state = 'pending'")

    _tells, _batch = "push_stock", "stock_batch"
    _noted = {"state": "text", "sent_at": "timestamp", "tried": "int4", "expected": "int4"}

    # --------------------------------------------------------------------------------------------------- COLLECTING

    @api.model
    def _collect(self, channel, product_ids, again=False):
        """Decide what the channel is to have of the listings of these products; what differs from what it has becomes due.

        A constant number of queries whatever the number of products.

        :param product_ids: ``None``: of everything that it offers.
        :param again: also what was refused.
        :return: how many rows have changed.
        """
        self._drop_unpublished(channel)
        listings = self._get_published(channel, product_ids)
        if not listings:
            return 0
        products = self.env["product.product"].browse({product_id for _id, product_id, _pack in listings})
        availability = self.env["oms.availability"].with_company(channel.company_id)
        products = availability._get_counted(products)[0]
        snapshot = availability._channel_snapshot(channel, products)
        places = self._get_places(channel)
        nodes = [node for node in dict.fromkeys(node for some in places.values() for node in some)]
        capabilities = channel._adapter().capabilities
        listing_ids = [listing_id for listing_id, _product, _pack in listings]
        known = self._get_known(listing_ids)
        sold = self._get_sold(channel, listing_ids) if capabilities.counts_down else {}
        waiting = self._get_reserved(channel, products.ids) if capabilities.keeps_reserved else {}
        counted = set(products.ids)
        first, news = next(iter(places)), []
        for listing_id, product_id, pack_size in listings:
            if product_id not in counted:
                continue
            free = {node: snapshot.available(node, product_id) for node in nodes}
            left = None
            if product_id in snapshot.thresholds:
                left = snapshot.beyond_threshold(product_id, sum(free.values(), Decimal(0)))
            by_place = shown(free, places, left)
            by_place[first] += waiting.get(product_id, 0)
            for place, pieces in by_place.items():
                wanted = units(pieces, pack_size, capabilities.stock_max)
                row = known.pop((listing_id, place), None)
                sold_there = int(sold.get(listing_id, 0) // pack_size)
                decided = self._decide(row, wanted, sold_there, len(places) == 1, again)
                if decided:
                    news.append((listing_id, place, wanted, *decided))
        self._write_collected(channel, news)
        if known:  # places that this channel does not have any more
            self.browse([row["id"] for row in known.values()]).unlink()
        return len(news)

    @api.model
    def _decide(self, row, wanted, sold_there, is_alone, again):
        """(expected, state, urgency) of a row; ``None`` where nothing changes.

        :param row: as it is; ``None``: there is none yet.
        """
        if row is None:
            return None, "due", urgency(wanted, None)
        is_lost = row["state"] == "sending"
        told = row["quantity"] if row["pushed_at"] else None
        there = thought(told, sold_there, is_alone)
        # What may have been told and what may not: nobody knows, and it is told again.
        when = urgency(wanted, None if is_lost else there)
        expected = row["tried"] if is_lost else there
        is_changed = wanted != row["wanted"]
        state = row["state"]
        if state == "waiting" and when is not None and (told is None or wanted > told):
            pass  # what was taken off for orders on their way stays off until they are read
        elif is_lost or (state == "pending" and not is_changed):
            pass
        elif when is None:
            state = "told"
        elif again or (is_changed and state != "gone") or state not in ("refused", "gone"):
            state = "due"
        when = row["urgency"] if when is None else when
        if (wanted, state, expected, when) == (row["wanted"], row["state"], row["expected"], row["urgency"]):
            return None
        return expected, state, when

    @api.model
    def _drop_unpublished(self, channel):
        """Rows of listings that the channel is not to be told about (any more)."""
        self._drop(
            channel,
            SQL("NOT (listing.publish_stock AND listing.product_id IS NOT NULL) AND row.state != 'gone'"),
        )

    @api.model
    def _get_published(self, channel, product_ids):
        """[(listing id, product id, pack size)] of what the channel is told about.

        Also of what it does not sell just now: platforms call inactive what is sold out.
        """
        self.env["oms.channel.listing"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT id, product_id, pack_size FROM oms_channel_listing
                 WHERE channel_id = %s AND publish_stock AND product_id IS NOT NULL AND %s
                 ORDER BY id
                """,
                channel.id,
                SQL("TRUE") if product_ids is None else SQL("product_id = ANY(%s)", list(product_ids)),
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _get_known(self, listing_ids):
        """{(listing id, place): row as a dictionary}"""
        self.env.cr.execute(SQL("SELECT * FROM oms_channel_stock WHERE listing_id = ANY(%s)", listing_ids))
        return {(row["listing_id"], row["location_ref"]): row for row in self.env.cr.dictfetchall()}

    @api.model
    def _get_places(self, channel):
        """{the channel's place: ids of the warehouses whose stock it shows}, in the order of preference.

        A platform that keeps several places shows at each what was mapped to it; where nothing was mapped to its only place,
        it shows everything there.
        """
        warehouses = channel._get_warehouses()
        if not channel._adapter().capabilities.locations:
            return {"": warehouses.ids}
        mappings = channel.mapping_ids.filtered(lambda mapping: mapping.kind == "location")
        rank = {warehouse_id: index for index, warehouse_id in enumerate(warehouses.ids)}
        mapped = {
            mapping.external_code: [found.id for found in mapping._get_warehouses() if found.id in rank]
            for mapping in mappings
            if mapping.warehouse_id
        }
        if not mapped:
            return {mappings.external_code if len(mappings) == 1 else "": warehouses.ids}
        return dict(
            sorted(mapped.items(), key=lambda item: (min((rank[one] for one in item[1]), default=len(rank)), item[0]))
        )

    @api.model
    def _get_sold(self, channel, listing_ids):
        """{listing id: pieces of the product that the channel sold of it since it was told last}, as far as its orders have
        been read.

        Only orders that were placed after the channel was told count: what was placed before was written over.
        """
        self.env["sale.order"].flush_model(["oms_channel_id", "oms_ordered_at"])
        self.env["sale.order.line"].flush_model(["oms_listing_id", "product_uom_qty", "order_id", "product_uom_id"])
        self.env.cr.execute(
            SQL(
                """
                WITH moment AS (
                    SELECT listing_id, MAX(pushed_at) AS pushed_at
                      FROM oms_channel_stock WHERE listing_id = ANY(%(listings)s) AND pushed_at IS NOT NULL
                     GROUP BY listing_id
                )
                SELECT moment.listing_id, SUM(line.product_uom_qty * line_uom.factor / own_uom.factor)::numeric
                  FROM moment
                  JOIN sale_order_line line ON line.oms_listing_id = moment.listing_id
                  JOIN sale_order sale ON sale.id = line.order_id AND sale.oms_channel_id = %(channel)s
                   AND sale.oms_ordered_at > moment.pushed_at + %(clock)s * interval '1 second'
                  JOIN product_product product ON product.id = line.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id
                  JOIN uom_uom line_uom ON line_uom.id = line.product_uom_id
                  JOIN uom_uom own_uom ON own_uom.id = template.uom_id
                 GROUP BY moment.listing_id
                """,
                channel=channel.id,
                listings=listing_ids,
                clock=PUSH_CLOCK_S,
            )
        )
        return {listing_id: Decimal(repr(pieces)) for listing_id, pieces in self.env.cr.fetchall()}

    @api.model
    def _get_reserved(self, channel, product_ids):
        """{product id: pieces that the channel's open orders wait for}; it takes these off by itself until it is told that
        they have left."""
        lines = self.env["sale.order.line"]
        open_lines = lines._read_group(
            [
                ("order_id.oms_channel_id", "=", channel.id),
                ("order_id.state", "in", ("draft", "sent", "sale")),
                ("product_id", "in", list(product_ids)),
            ],
            ["product_id"],
            ["product_uom_qty:sum", "qty_delivered:sum"],
        )
        found = {
            product.id: max(Decimal(repr(ordered)) - Decimal(repr(left)), Decimal(0))
            for product, ordered, left in open_lines
        }
        # What has left and was not told yet is still reserved there.
        untold = self.env["oms.message"].search(
            [
                ("channel_id", "=", channel.id),
                ("direction", "=", "out"),
                ("kind", "=", "parcel"),
                ("state", "in", ("pending", "retry", "dead")),
                ("res_model", "=", "stock.picking"),
            ]
        )
        moves = self.env["stock.picking"].browse(untold.mapped("res_id")).exists().move_ids
        for move in moves.filtered(lambda move: move.state == "done" and move.product_id.id in set(product_ids)):
            found[move.product_id.id] = found.get(move.product_id.id, Decimal(0)) + Decimal(repr(move.product_qty))
        return found

    @api.model
    def _write_collected(self, channel, news):
        """Write what was decided, all in one statement. What starts anew has not been refused or put off yet."""
        if not news:
            return
        columns = [list(column) for column in zip(*news, strict=True)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_channel_stock AS row (listing_id, location_ref, wanted, expected, state, urgency, channel_id,
                                                      company_id, attempts, sequence)
                SELECT news.listing_id, news.location_ref, news.wanted, news.expected, news.state, news.urgency, %(channel)s,
                       %(company)s, 0, 0
                  FROM unnest(%(columns)s)
                       AS news (listing_id, location_ref, wanted, expected, state, urgency)
                ON CONFLICT (listing_id, location_ref) DO UPDATE
                   SET wanted = excluded.wanted, expected = excluded.expected, state = excluded.state,
                       urgency = excluded.urgency,
                       attempts = CASE WHEN excluded.state = 'due' AND row.state != 'due' THEN 0 ELSE row.attempts END,
                       next_attempt_at = CASE
                           WHEN excluded.state = 'told' OR excluded.state = 'due' AND row.state != 'due' THEN NULL
                           ELSE row.next_attempt_at END,
                       error = CASE WHEN excluded.state = row.state THEN row.error END
                """,
                channel=channel.id,
                company=channel.company_id.id,
                columns=SQL("%s::int[], %s::text[], %s::int[], %s::int[], %s::text[], %s::int[]", *columns),
            )
        )
        self.invalidate_model()

    # ------------------------------------------------------------------------------------------------------ SENDING

    @api.model
    def _note_rows(self, channel, rows):
        going = []
        for row in rows:
            told = row["quantity"] if row["pushed_at"] else None
            expected = told if row["state"] == "waiting" else row["expected"]
            is_lost = row["state"] == "sending" and row["sent_at"]
            known = believed(told, expected, row["tried"] if is_lost else None)
            if not (is_lost and row["wanted"] == row["tried"]):  # the same attempt keeps its key
                row["sequence"] = (row["sequence"] or 0) + 1
            going.append(Going(row, row["ref"], row["wanted"], expected, known))
        self._note_sending(going)
        return [(one.row, one) for one in going]

    @api.model
    def _tell_batch(self, channel, client, going, book, splits):
        """Override: what met something else is decided anew and told again, a few times."""
        going = [one for _row, one in going]
        for number in range(PUSH_ROUNDS_MAX):
            levels = [StockLevel(one.ref, one.tell, one.expected, one.key) for one in going]
            results = self._ask(client, levels, splits)
            going = self._judge_round(channel, going, results, book, is_last=number + 1 == PUSH_ROUNDS_MAX)
            if not going:
                return
            book.keep()
            self._note_sending(going)
            book.commit()

    @api.model
    def _judge_round(self, channel, going, results, book, is_last):
        """Enter in the book what became of a round.

        :return: what is to be told again now, because something else was there.
        """
        left = []
        for one, result in zip(going, results, strict=True):
            if result.code == "stale":
                anew = decide_anew(one.tell, one.known, result.current)
                one.look_again |= anew.look_again
                if result.current is not None:
                    book.found.append((one.row["id"], result.current))
                if anew.tell is None:
                    result = Result("ok")
                elif not is_last:
                    one.row["sequence"] += 1
                    one.tell, one.expected = anew.tell, anew.expected
                    one.known = [] if anew.expected is None else [anew.expected]
                    left.append(one)
                    continue
                settlement = self._settlement(one.row, result)
                settlement["accepted"] = False  # what was found is what is there
            else:
                settlement = self._settlement(one.row, result)
            if settlement["state"] == "told" and one.look_again:
                again = fields.Datetime.now() + timedelta(seconds=PUSH_LOOK_AGAIN_S)
                settlement.update(state="waiting", next_attempt_at=again)
            book.settlements.append(settlement)
        if any(one.look_again for one in going):
            channel._wake_poll()
        return left

    @api.model
    def _note_sending(self, going):
        """From now on the channel may have been told this."""
        columns = zip(*((one.row["id"], one.tell, one.expected, one.row["sequence"]) for one in going), strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE oms_channel_stock AS row
                   SET state = 'sending', tried = news.tried, expected = news.expected, sequence = news.sequence,
                       sent_at = %s, next_attempt_at = NULL
                  FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[]) AS news (id, tried, expected, sequence)
                 WHERE row.id = news.id
                """,
                fields.Datetime.now(),
                *map(list, columns),
            )
        )

    @api.model
    def _note_found(self, found):
        """What channels were found to have; they were told so, by whomever."""
        if not found:
            return
        ids, quantities = map(list, zip(*found, strict=True))
        self.env.cr.execute(
            SQL(
                """
                UPDATE oms_channel_stock AS row SET quantity = news.quantity, expected = news.quantity, pushed_at = %s
                  FROM unnest(%s::int[], %s::int[]) AS news (id, quantity) WHERE row.id = news.id
                """,
                fields.Datetime.now(),
                ids,
                quantities,
            )
        )

    @api.model
    def _told_sql(self):
        return SQL(
            """quantity = CASE WHEN news.forget THEN NULL WHEN news.accepted THEN row.tried ELSE row.quantity END,
               expected = CASE WHEN news.forget THEN NULL WHEN news.accepted THEN row.tried ELSE row.expected END"""
        )

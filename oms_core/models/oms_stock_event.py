import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..const import LEDGER_TOLERANCE
from ..notice import notice

_logger = logging.getLogger(__name__)

#: Moves that want goods of the shelf: not those that wait for what another move brings.
OPEN_STATES = ("confirmed", "partially_available", "assigned")

#: For so many moves of a transaction a plan is good that was made for a few; of more the database makes one for that many.
MOVES_PLANNED_FOR = 20

#: Where the stock of a warehouse is: a location at or below its stock location.
IN_STOCK = SQL(
    """JOIN stock_warehouse wh ON wh.id = place.warehouse_id
       JOIN stock_location root ON root.id = wh.lot_stock_id AND place.parent_path LIKE root.parent_path || '%%'"""
)


class OmsStockEvent(models.Model):
    """One change of what lies at a place or of what of it is promised: a journal that is only ever added to.

    Odoo keeps when goods moved, but not when a transfer began or ceased to want them. So each transaction, before it is
    committed, compares what its moves do to the stock with what is written here about them, and adds the difference. That
    makes the sums right whatever happened in between, and one statement is enough for any number of moves.
    """

    _name = "oms.stock.event"
    _description = "Stock Event"
    _order = "at desc, id desc"
    _log_access = False
    _rec_name = "document"

    at = fields.Datetime(string="When", required=True, readonly=True)
    kind = fields.Selection(
        [
            ("opening", "Opening"),
            ("receive", "Received"),
            ("return", "Came back"),
            ("ship", "Shipped"),
            ("transfer_in", "Moved in"),
            ("transfer_out", "Moved out"),
            ("adjust", "Counted"),
            ("scrap", "Scrapped"),
            ("demand", "Promised to a delivery"),
            ("release", "Delivery wants less"),
            ("set_aside", "Set aside for an order"),
            ("let_go", "No longer set aside"),
            ("correction", "Correction"),
        ],
        required=True,
        readonly=True,
    )
    product_id = fields.Many2one("product.product", required=True, readonly=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade", index=True)
    on_hand = fields.Float(digits="Product Unit", readonly=True, help="How much more lies there.")
    promised = fields.Float(digits="Product Unit", readonly=True, help="How much more of it others have a right to.")
    available_after = fields.Float(digits="Product Unit", compute="_compute_available_after", compute_sudo=True)
    move_id = fields.Many2one("stock.move", readonly=True, ondelete="set null", index="btree_not_null")
    reservation_id = fields.Many2one("oms.reservation", readonly=True, ondelete="set null", index="btree_not_null")
    order_id = fields.Many2one("sale.order", readonly=True, ondelete="set null", index="btree_not_null")
    channel_id = fields.Many2one("oms.channel", readonly=True, ondelete="set null", index="btree_not_null")
    document = fields.Char(readonly=True, help="The transfer, order or count as it was called.")
    user_id = fields.Many2one("res.users", string="By", readonly=True, ondelete="set null")
    note = fields.Char(readonly=True)

    _ledger_idx = models.Index("(product_id, warehouse_id, at, id)")
    # When the journal began is asked at every commit that moves goods.
    _opening_idx = models.Index("(at) WHERE kind = 'opening'")

    def _compute_available_after(self):
        """One query for all, and each product and place is read once: a running sum over what comes before."""
        self.env.flush_all()
        balances = {}
        if self.ids:
            self.env.cr.execute(
                SQL(
                    """
                    WITH this AS (SELECT id, product_id, warehouse_id FROM oms_stock_event WHERE id = ANY(%(ids)s)
                    ), balance AS (
                        SELECT event.id, SUM(event.on_hand - event.promised) OVER (
                                   PARTITION BY event.product_id, event.warehouse_id ORDER BY event.at, event.id
                               ) AS available
                          FROM oms_stock_event event
                          JOIN (SELECT DISTINCT product_id, warehouse_id FROM this) place
                            ON place.product_id = event.product_id AND place.warehouse_id = event.warehouse_id
                    )
                    SELECT balance.id, GREATEST(0, balance.available) FROM balance JOIN this ON this.id = balance.id
                    """,
                    ids=self.ids,
                )
            )
            balances = dict(self.env.cr.fetchall())
        for event in self:
            event.available_after = balances.get(event.id, 0.0)

    def write(self, vals):
        """Refuse: a journal is added to."""
        if self:
            raise UserError(self.env._("What happened to the stock is not rewritten. A correction is another event."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("What happened to the stock is not deleted. A correction is another event."))

    # ------------------------------------------------------------------------------------------------------- WRITING

    @api.model
    def _mark(self, moves):
        """Have what these moves do to the stock compared with the journal before the transaction is committed."""
        precommit = self.env.cr.precommit
        marked = precommit.data.get("oms.stock.event")
        if marked is None:
            marked = precommit.data["oms.stock.event"] = set()
            precommit.add(self.env(su=True)[self._name]._log_marked)  # su: what happened is told whoever did it
        marked.update(moves._ids)

    @api.model
    def _log_marked(self):
        """Journal the moves of :meth:`_mark`."""
        marked = self.env.cr.precommit.data.pop("oms.stock.event", None)
        if marked:
            self._log_moves([move for move in marked if isinstance(move, int)])

    @api.model
    def _log_moves(self, moves=None, kind=None):
        """Add what is not in the journal of what these moves did and still want.

        :param moves: their ids; absent: of all that still want something.
        :param kind: of the events; absent: told by the moves.
        """
        self.env.flush_all()
        now, user = fields.Datetime.now(), self.env.uid
        if moves and not kind and len(moves) <= MOVES_PLANNED_FOR:
            statement = SQL("SELECT oms_log_moves(%s, %s::timestamp, %s)", moves, now, user)
        else:
            which = SQL("move.state = ANY(%s)", list(OPEN_STATES)) if moves is None else SQL("move.id = ANY(%s)", moves)
            statement = self._get_statement(which, SQL("%s", now), SQL("%s", user), kind)
        self.env.cr.execute(statement)

    def init(self):
        """The statement as a function of the database, which plans what is in a function once for each connection: to plan it
        takes several times as long as to carry it out, and it is carried out at each confirmation."""
        body = self._get_statement(SQL("move.id = ANY(moves)"), SQL("moment"), SQL("who"))
        self.env.cr.execute(
            SQL(
                "CREATE OR REPLACE FUNCTION oms_log_moves(moves int[], moment timestamp, who int) RETURNS void "
                "LANGUAGE plpgsql AS %s",
                f"BEGIN {self.env.cr.mogrify(body).decode()}; END",
            )
        )

    @api.model
    def _get_statement(self, which, now, user, kind=None):
        """What adds to the journal what is not in it of some moves.

        :param SQL which: a condition on ``move``.
        :param kind: of the events; absent: told by the moves.
        """
        # What was done before the journal began is part of its opening. The steps are materialized because to plan them as
        # one takes the database longer than to carry them out.
        return SQL(
            """
            WITH chosen AS MATERIALIZED (
                SELECT move.id, move.product_id, move.state, move.product_qty, move.location_id, move.location_dest_id,
                       move.create_date, move.date, move.is_inventory, move.reference, move.picking_id, move.sale_line_id
                  FROM stock_move move
                  JOIN product_product product ON product.id = move.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id AND template.is_storable
                 WHERE %(which)s
            ), begun AS (SELECT MIN(at) AS at FROM oms_stock_event WHERE kind = 'opening'
            ), done AS (
                SELECT move.id, line.location_id, line.location_dest_id, line.quantity_product_uom AS quantity
                  FROM chosen move JOIN stock_move_line line ON line.move_id = move.id AND line.state = 'done'
                  CROSS JOIN begun
                 WHERE move.state = 'done' AND (
                       begun.at IS NULL OR move.create_date >= begun.at OR move.date >= begun.at
                       OR EXISTS (SELECT 1 FROM oms_stock_event known WHERE known.move_id = move.id))
            ), parts AS MATERIALIZED (
                SELECT move.id, move.location_id, 0.0 AS on_hand,
                       CASE WHEN move.state = 'assigned'
                            THEN (SELECT COALESCE(SUM(line.quantity_product_uom), 0)
                                    FROM stock_move_line line WHERE line.move_id = move.id)
                            ELSE move.product_qty END AS promised
                  FROM chosen move WHERE move.state = ANY(%(open)s)
                 UNION ALL SELECT id, location_id, -quantity, 0 FROM done
                 UNION ALL SELECT id, location_dest_id, quantity, 0 FROM done
            ), facts AS (
                SELECT part.id, wh.id AS warehouse_id, part.on_hand, part.promised
                  FROM parts part JOIN stock_location place ON place.id = part.location_id %(in_stock)s
                 UNION ALL
                SELECT event.move_id, event.warehouse_id, -event.on_hand, -event.promised
                  FROM oms_stock_event event JOIN chosen ON chosen.id = event.move_id
            ), news AS MATERIALIZED (
                SELECT id, warehouse_id, SUM(on_hand)::numeric AS on_hand, SUM(promised)::numeric AS promised
                  FROM facts GROUP BY id, warehouse_id
                HAVING ABS(SUM(on_hand)) > %(tolerance)s OR ABS(SUM(promised)) > %(tolerance)s
            )
            INSERT INTO oms_stock_event (at, kind, product_id, warehouse_id, company_id, on_hand, promised, move_id,
                                         order_id, channel_id, document, user_id)
            SELECT %(now)s,
                   COALESCE(%(kind)s, CASE
                       WHEN ABS(news.on_hand) <= %(tolerance)s
                            THEN CASE WHEN news.promised > 0 THEN 'demand' ELSE 'release' END
                       WHEN source.usage = 'inventory' THEN 'adjust'
                       WHEN target.usage = 'inventory' THEN CASE WHEN move.is_inventory THEN 'adjust' ELSE 'scrap' END
                       WHEN source.usage = 'customer' THEN 'return'
                       WHEN source.usage IN ('supplier', 'production') AND news.on_hand > 0 THEN 'receive'
                       WHEN target.usage = 'customer' THEN 'ship'
                       WHEN news.on_hand > 0 THEN 'transfer_in' ELSE 'transfer_out' END),
                   move.product_id, news.warehouse_id,
                   (SELECT wh.company_id FROM stock_warehouse wh WHERE wh.id = news.warehouse_id),
                   news.on_hand, news.promised, move.id, line.order_id,
                   (SELECT sale.oms_channel_id FROM sale_order sale WHERE sale.id = line.order_id),
                   COALESCE((SELECT picking.name FROM stock_picking picking WHERE picking.id = move.picking_id),
                            move.reference),
                   %(user)s
              FROM news
              JOIN chosen move ON move.id = news.id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target ON target.id = move.location_dest_id
         LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
             ORDER BY move.id, news.on_hand
            """,
            which=which,
            in_stock=IN_STOCK,
            open=list(OPEN_STATES),
            tolerance=LEDGER_TOLERANCE,
            now=now,
            kind=kind,
            user=user,
        )

    @api.model
    def _log_gone(self, moves):
        """Journal that these moves, which are about to be deleted, want nothing any more."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_stock_event (at, kind, product_id, warehouse_id, company_id, on_hand, promised, order_id,
                                             channel_id, document, user_id)
                SELECT %s, 'release', product_id, warehouse_id, company_id, 0, -SUM(promised), MAX(order_id), MAX(channel_id),
                       MAX(document), %s
                  FROM oms_stock_event
                 WHERE move_id = ANY(%s)
                 GROUP BY move_id, product_id, warehouse_id, company_id
                HAVING ABS(SUM(promised)) > %s
                """,
                fields.Datetime.now(),
                self.env.uid,
                moves.ids,
                LEDGER_TOLERANCE,
            )
        )

    @api.model
    def _log_reservations(self, reservations):
        """Journal reservations that were just made, or just closed."""
        now = fields.Datetime.now()
        self.sudo().create(  # sudo: what happened is told whoever did it
            [
                {
                    "at": now,
                    "kind": "set_aside" if reservation.state == "pending" else "let_go",
                    "product_id": reservation.product_id.id,
                    "warehouse_id": reservation.warehouse_id.id,
                    "company_id": reservation.company_id.id,
                    "promised": reservation.quantity if reservation.state == "pending" else -reservation.quantity,
                    "reservation_id": reservation.id,
                    "order_id": reservation.order_id.id,
                    "channel_id": reservation.channel_id.id,
                    "document": reservation.order_id.name,
                    "user_id": self.env.uid,
                    "note": False if reservation.state == "pending" else reservation.state,
                }
                for reservation in reservations
            ]
        )

    # -------------------------------------------------------------------------------------------------------- READING

    @api.model
    def _sums(self, product, warehouse, until):
        """(on hand, promised) of a product at a place after everything up to a moment."""
        self._settle()
        self.env.cr.execute(
            SQL(
                """SELECT COALESCE(SUM(on_hand), 0), COALESCE(SUM(promised), 0) FROM oms_stock_event
                    WHERE product_id = %s AND warehouse_id = %s AND at <= %s""",
                product.id,
                warehouse.id,
                until,
            )
        )
        return self.env.cr.fetchone()

    @api.model
    def _settle(self):
        """Have everything in the journal that this transaction did until now."""
        self.env.flush_all()
        self.sudo()._log_marked()  # sudo: what happened is told whoever asks

    # ------------------------------------------------------------------------------------------------------- CHECKING

    @api.model
    def _check(self, companies=None):
        """Compare the sums of the journal with the stock and the open demand that Odoo has now.

        :return: [{product_id, warehouse_id, company_id, on_hand, promised (what is missing in the journal), sentence}];
            empty when they are the same.
        """
        self._settle()
        self.env.cr.execute(
            SQL(
                """
                WITH facts AS (
                    SELECT quant.product_id, wh.id AS warehouse_id, quant.quantity::numeric AS on_hand,
                           quant.reserved_quantity::numeric AS promised, 0::numeric AS known_on_hand, 0::numeric AS known_promised
                      FROM stock_quant quant JOIN stock_location place ON place.id = quant.location_id %(in_stock)s
                     UNION ALL
                    SELECT move.product_id, wh.id, 0, move.product_qty, 0, 0
                      FROM stock_move move JOIN stock_location place ON place.id = move.location_id %(in_stock)s
                     WHERE move.state IN ('confirmed', 'partially_available')
                     UNION ALL
                    SELECT line.product_id, wh.id, 0, -line.quantity_product_uom, 0, 0
                      FROM stock_move move JOIN stock_move_line line ON line.move_id = move.id
                      JOIN stock_location place ON place.id = line.location_id %(in_stock)s
                     WHERE move.state IN ('confirmed', 'partially_available')
                     UNION ALL
                    SELECT product_id, warehouse_id, 0, quantity::numeric, 0, 0 FROM oms_reservation WHERE state = 'pending'
                     UNION ALL
                    SELECT product_id, warehouse_id, 0, 0, on_hand::numeric, promised::numeric FROM oms_stock_event
                )
                SELECT facts.product_id, facts.warehouse_id, wh.company_id, SUM(facts.on_hand), SUM(facts.promised),
                       SUM(facts.known_on_hand), SUM(facts.known_promised)
                  FROM facts
                  JOIN stock_warehouse wh ON wh.id = facts.warehouse_id
                  JOIN product_product product ON product.id = facts.product_id
                  JOIN product_template template ON template.id = product.product_tmpl_id AND template.is_storable
                 WHERE %(company)s
                 GROUP BY facts.product_id, facts.warehouse_id, wh.company_id
                HAVING ABS(SUM(facts.on_hand - facts.known_on_hand)) > %(tolerance)s
                    OR ABS(SUM(facts.promised - facts.known_promised)) > %(tolerance)s
                 ORDER BY facts.product_id, facts.warehouse_id
                """,
                in_stock=IN_STOCK,
                tolerance=LEDGER_TOLERANCE,
                company=SQL("wh.company_id = ANY(%s)", companies.ids) if companies is not None else SQL("TRUE"),
            )
        )
        return [self._difference(*row) for row in self.env.cr.fetchall()]

    @api.model
    def _difference(self, product_id, warehouse_id, company_id, on_hand, promised, known_on_hand, known_promised):
        sentence = self.env._(
            "%(product)s at %(warehouse)s: the stock has %(on_hand)s and promises %(promised)s of it, the journal says "
            "%(known_on_hand)s and %(known_promised)s.",
            product=self.env["product.product"].browse(product_id).display_name,
            warehouse=self.env["stock.warehouse"].browse(warehouse_id).name,
            **{
                name: f"{float(value):g}"
                for name, value in {
                    "on_hand": on_hand,
                    "promised": promised,
                    "known_on_hand": known_on_hand,
                    "known_promised": known_promised,
                }.items()
            },
        )
        return {
            "product_id": product_id,
            "warehouse_id": warehouse_id,
            "company_id": company_id,
            "on_hand": float(on_hand - known_on_hand),
            "promised": float(promised - known_promised),
            "sentence": sentence,
        }

    @api.model
    def _correct(self, kind="correction", companies=None):
        """Bring the journal to what the stock is now. Each correction keeps both numbers as its proof.

        :return: the differences that were found.
        """
        self._settle()
        # First what single moves explain, so that their ends find what their beginnings left.
        self._log_moves(kind=kind)
        differences = self._check(companies)
        now = fields.Datetime.now()
        self.sudo().create(  # sudo: the journal is written by the system alone
            [
                {
                    **{name: difference[name] for name in difference if name != "sentence"},
                    "at": now,
                    "kind": kind,
                    "note": difference["sentence"] if kind == "correction" else False,
                    "user_id": self.env.uid,
                }
                for difference in differences
            ]
        )
        return differences

    @api.model
    def _cron_check(self):
        """The daily audit: the stock is the truth, and where the journal differs, that is kept as a correction."""
        for difference in self._correct():
            _logger.warning("Stock journal corrected: %s", difference["sentence"])

    def action_check(self):
        """Compare now, correct, and show what was found. (A button of a list gives the rows that are ticked: none, or any.)"""
        if not self.env.user.has_group("oms_core.group_oms_manager"):
            raise AccessError(self.env._("Only a manager of order management can check the stock journal."))
        found = self._correct(companies=self.env.companies)
        if not found:
            return notice(self.env._("The journal says what the stock says."), "success")
        told = self.env._(
            "%(count)s differences, kept as corrections. %(first)s", count=len(found), first=found[0]["sentence"]
        )
        return notice(told, "warning", sticky=True)

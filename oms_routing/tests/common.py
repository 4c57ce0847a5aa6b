"""Three sites between the Channel and the Mediterranean, and customers in Paris: Lille is nearest, then Lyon, Marseille."""

from collections import defaultdict

from odoo.fields import Command

from odoo.addons.oms_core.tests.common import OmsCommon


class RoutingCommon(OmsCommon):
    """The merchant of ``OmsCommon`` with two more warehouses. Of chairs and lamps there are none until a test says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lyon = cls.warehouse
        cls.lyon.write({"name": "Lyon", "code": "LYO", "sequence": 1})
        cls.lyon.partner_id.write({"partner_latitude": 45.76, "partner_longitude": 4.86})
        cls.lille = cls._create_warehouse("Lille", "LIL", 50.64, 3.08)
        cls.marseille = cls._create_warehouse("Marseille", "MRS", 43.31, 5.37)
        cls.sites = cls.lyon | cls.lille | cls.marseille
        cls.chair = cls._create_product("CHAIR")
        cls.lamp = cls._create_product("LAMP")
        cls.customer = cls.env["res.partner"].create(
            {"name": "Ada", "street": "1 rue de Rivoli", "zip": "75001", "city": "Paris", "country_id": cls.country.id}
        )

    @classmethod
    def _create_warehouse(cls, name, code, latitude, longitude, **values):
        address = cls.env["res.partner"].create(
            {
                "name": name,
                "country_id": cls.country.id,
                "partner_latitude": latitude,
                "partner_longitude": longitude,
            }
        )
        return cls.env["stock.warehouse"].create(
            {
                "name": name,
                "code": code,
                "partner_id": address.id,
                "company_id": cls.company.id,
                "sequence": len(cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)])) + 1,
                **values,
            }
        )

    @classmethod
    def _create_improving_policy(cls):
        """Least cost, where a parcel costs 10 and a euro per kilometre; an order moves to save 20."""
        return cls.env["oms.sourcing.policy"].create(
            {
                "name": "Cheapest",
                "company_id": cls.company.id,
                "strategy": "least_cost",
                "cost_parcel": 10,
                "cost_per_km": 1,
                "cost_split": 5,
                "reoptimise": True,
                "saving_min": 20,
            }
        )

    def _put(self, product, **shelves):
        """Count so many pieces on the shelves of these sites: ``lyon=3, lille=0``."""
        for name, quantity in shelves.items():
            self._stock(product, getattr(self, name), quantity)

    def _order_in(self, uom, quantity, product=None, **values):
        """A confirmed order that a clerk entered for the channel by hand."""
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "oms_channel_id": self.channel.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or self.chair).id,
                            "product_uom_qty": quantity,
                            "product_uom_id": uom.id,
                            **values,
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        return order

    def _moves(self, order):
        """What Odoo was asked to take from the shelves for this order and has not given up."""
        return order.order_line.move_ids.filtered(
            lambda move: move.state != "cancel" and move.location_id in self.sites.lot_stock_id and move.product_qty
        )

    def _from(self, order, product=None):
        """{site: pieces} that the deliveries of an order bring or have brought."""
        pieces = defaultdict(float)
        for move in self._moves(order):
            if product in (None, move.product_id):
                pieces[move.warehouse_id.name] += move.product_qty
        return dict(pieces)

    def _delivery(self, order, warehouse):
        """The delivery of a site that has not left yet."""
        return order.picking_ids.filtered(
            lambda picking: (
                picking.picking_type_id.warehouse_id == warehouse and picking.state not in ("done", "cancel")
            )
        )

    def _decisions(self, order):
        """The decisions about an order, the first one first."""
        return order.oms_decision_ids.sorted("id")

    def _candidate(self, decision, warehouse):
        return decision.candidate_ids.filtered(lambda candidate: candidate.warehouse_id == warehouse)

    def _validate(self, transfer):
        """Do all that a transfer has reserved."""
        transfer.move_ids.picked = True
        self.assertIs(transfer.with_context(skip_backorder=True).button_validate(), True)

    def _send_back(self, delivery, quantity):
        """So much of each thing in a delivery comes back and is received, on Odoo's own return."""
        wizards = self.env["stock.return.picking"].with_context(active_id=delivery.id, active_model="stock.picking")
        wizard = wizards.create({"picking_id": delivery.id})
        wizard.product_return_moves.quantity = quantity
        self._validate(wizard._create_return())

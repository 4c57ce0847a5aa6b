from odoo import api, models

from ..const import FED_NODE_TYPES, NAMED_MAX
from ..domain.availability import EXCLUDED, unscaled
from .oms_availability import WANTING_STATES


class OmsAvailability(models.AbstractModel):
    """Why so much, and not more: the same numbers in sentences, with the documents that they come from."""

    _inherit = "oms.availability"

    @api.model
    def _explain(self, product, warehouse, channel):
        """Sentences that a clerk understands about what can be promised of a product from one place on one channel.

        :return: list of str; the last one says what is left.
        """
        snapshot = self._channel_snapshot(channel, product)
        if product.id in snapshot.components:
            return self._explain_kit(snapshot, product, warehouse, channel)
        key = warehouse.id, product.id
        sentences = [self._explain_on_hand(snapshot, product, warehouse)]
        if snapshot.reserved[key]:
            sentences.append(
                self.env._(
                    "%(quantity)s reserved for %(orders)s.",
                    quantity=self._say(snapshot.reserved[key]),
                    orders=self._name_orders(product, warehouse, ("assigned", "partially_available")),
                )
            )
        if snapshot.promised[key]:
            told = self._get_told(product, warehouse)
            sentences.append(
                self.env._(
                    "%(quantity)s asked for since then by %(orders)s.",
                    quantity=self._say(snapshot.promised[key]),
                    orders=self._name_orders(product, warehouse, None, told.told_at),
                )
                if told
                else self.env._(
                    "%(quantity)s promised to %(orders)s and not reserved yet.",
                    quantity=self._say(snapshot.promised[key]),
                    orders=self._name_orders(product, warehouse, WANTING_STATES),
                )
            )
        if snapshot.soft[key]:
            sentences.append(
                self.env._("%s set aside for orders that are not confirmed yet.", self._say(snapshot.soft[key]))
            )
        sentences += self._explain_safety(snapshot, product, warehouse, channel)
        left = self._say(snapshot.available(*key))
        sentences.append(self.env._("%(left)s available from %(place)s.", left=left, place=warehouse.name))
        return [*sentences, *self._explain_channel(snapshot, product, channel)]

    def _explain_on_hand(self, snapshot, product, warehouse):
        told = self._get_told(product, warehouse)
        on_hand = self._say(snapshot.on_hand[warehouse.id, product.id])
        if not told:
            return self.env._("%s on the shelf.", on_hand)
        values = {
            "quantity": self._say(told.quantity),
            "who": told.source or warehouse.name,
            "hours": self._say(round(told.age_hours, 1)),
            "counts": on_hand,
        }
        if told.freshness == "fresh":
            return self.env._("%(quantity)s told by %(who)s %(hours)s hours ago.", **values)
        return self.env._(
            "%(quantity)s told by %(who)s %(hours)s hours ago; the message is stale, so %(counts)s of it count. Ask for a "
            "new one.",
            **values,
        )

    def _explain_safety(self, snapshot, product, warehouse, channel):
        cell = snapshot.table.cell("safety", warehouse.id, product.id)
        rule = self._find_rule("safety", product, warehouse, channel) if cell else None
        if not rule:
            return []
        if cell >= EXCLUDED:
            return [self.env._("Not offered from %(place)s by the rule “%(rule)s”.", place=warehouse.name, rule=rule)]
        return [
            self.env._(
                "%(kept)s kept as safety stock by the rule “%(rule)s”.", kept=self._say(unscaled(cell)), rule=rule
            )
        ]

    def _explain_channel(self, snapshot, product, channel):
        threshold = snapshot.thresholds.get(product.id)
        everywhere = sum(snapshot.available(node, product.id) for node in snapshot.table.nodes)
        total = self._say(snapshot.total(product.id))
        if not threshold or (not threshold.exclude and not threshold.units and not threshold.percent):
            return [self.env._("%(total)s available on %(channel)s in all.", total=total, channel=channel.name)]
        rule = self._find_rule("threshold", product, channel, channel)
        if threshold.exclude:
            return [self.env._("Not offered on %(channel)s by the rule “%(rule)s”.", channel=channel.name, rule=rule)]
        return [
            self.env._(
                "%(total)s available on %(channel)s in all: %(sum)s from its places, less the threshold of the rule “%(rule)s”.",
                total=total,
                channel=channel.name,
                sum=self._say(everywhere),
                rule=rule,
            )
        ]

    def _explain_kit(self, snapshot, kit, warehouse, channel):
        parts = self.env["product.product"].browse([part for part, _needed in snapshot.components[kit.id]])
        needed = dict(snapshot.components[kit.id])
        sentences = [
            self.env._(
                "%(needed)s × %(part)s in each: %(free)s available.",
                needed=self._say(needed[part.id]),
                part=part.display_name,
                free=self._say(snapshot.available(warehouse.id, part.id)),
            )
            for part in parts
        ]
        sentences += self._explain_safety(snapshot, kit, warehouse, channel)
        left = self._say(snapshot.available(warehouse.id, kit.id))
        sentences.append(self.env._("%(left)s kits available from %(place)s.", left=left, place=warehouse.name))
        return [*sentences, *self._explain_channel(snapshot, kit, channel)]

    def _find_rule(self, kind, product, place, channel):
        """The name of the rule that keeps something back."""
        buffers = self.env["oms.stock.buffer"]
        company = channel.company_id
        book = buffers._get_safety(company) if kind == "safety" else buffers._get_thresholds(company)
        rule = book.find(product.id, self._get_lineages(product.ids)[product.id], place.id)
        # sudo: a clerk may know the name of a rule that keeps goods back
        return buffers.sudo().browse(rule.id).display_name if rule else None

    def _get_told(self, product, warehouse):
        feeds = self.env["oms.stock.feed"]
        if warehouse.oms_node_type not in FED_NODE_TYPES:
            return feeds
        # sudo: what is promised is explained to everybody who may ask
        return feeds.sudo().search([("warehouse_id", "=", warehouse.id), ("product_id", "=", product.id)])

    def _name_orders(self, product, warehouse, states, since=None):
        """The documents that want a product from a place: the first few by name, the others by number."""
        domain = [("product_id", "=", product.id), ("location_id", "child_of", warehouse.lot_stock_id.ids)]
        domain.append(("state", "in", states) if states else ("state", "not in", ("draft", "cancel")))
        if since:
            domain.append(("create_date", ">", since))
        # sudo: the names of the documents that want a thing are no secret to who sells it
        moves_sudo = self.env["stock.move"].sudo().search(domain, order="date, id")
        names = list(dict.fromkeys(move.sale_line_id.order_id.name or move.reference or "?" for move in moves_sudo))
        if len(names) > NAMED_MAX:
            more = self.env._("%s others", len(names) - NAMED_MAX)
            return ", ".join([*names[:NAMED_MAX], more])
        return ", ".join(names) or self.env._("nobody that can be named")

    def _say(self, quantity):
        """A quantity without zeros that say nothing."""
        return f"{float(quantity):,.6f}".rstrip("0").rstrip(".")

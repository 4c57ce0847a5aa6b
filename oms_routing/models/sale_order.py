from odoo import api, fields, models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_decision_ids = fields.One2many("oms.sourcing.decision", "order_id", string="Sourcing")
    oms_sourcing_sentence = fields.Char(
        string="Ships From", compute="_compute_oms_sourcing_sentence", compute_sudo=True
    )

    @api.depends("oms_decision_ids")
    def _compute_oms_sourcing_sentence(self):
        for order in self:
            order.oms_sourcing_sentence = order._oms_decisions()[:1].sentence

    @api.depends("oms_sourcing_sentence")
    def _compute_oms_explanation(self):
        """Override of ``oms_core``: an order that nothing holds is explained by where it is shipped from."""
        result = super()._compute_oms_explanation()
        for order in self:
            order.oms_explanation = order.oms_explanation or order.oms_sourcing_sentence
        return result

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_oms_source_again(self):
        """Look for another place for what these orders still want and no transfer will bring, all sites considered."""
        self.check_access("write")
        for order in self:
            missing = order._oms_missing() if order.state == "sale" and order.oms_channel_id else {}
            if not missing:
                raise UserError(self.env._("Nothing of %s is without a delivery.", order.display_name))
            order._oms_decide({order: missing}, "manual")
            order._oms_launch(missing)

    def action_oms_view_sourcing(self):
        """The latest decision, with every site that was looked at."""
        self.ensure_one()
        self.check_access("read")
        decision = self._oms_decisions()[:1]
        return decision._get_records_action(
            target="new",
            name=self.env._("Where %s Comes From", self.display_name),
            context={"dialog_size": "extra-large"},
        )

    def action_oms_try_sourcing(self):
        """See what would be decided if rules, stock or sites were others."""
        self.ensure_one()
        self.check_access("write")
        if not self.oms_channel_id:
            raise UserError(
                self.env._("%s is an order of no channel: Odoo ships it from its warehouse.", self.display_name)
            )
        wizard = self.env["oms.sourcing.try"].create({"order_id": self.id, "policy_id": self._oms_get_policy().id})
        return wizard._show()

    # ------------------------------------------------------------------------------------------------------- HOOKS

    def _oms_get_asked_lists(self):
        """Override of ``oms_core``: most orders are sourced once."""
        return [*super()._oms_get_asked_lists(), "oms_decision_ids"]

    def _oms_plan(self):
        """Override of ``oms_core``: decide for all goods of these orders where they come from."""
        self._oms_decide(
            {order: order.order_line._oms_to_source() for order in self if order.oms_channel_id}, "confirm"
        )
        return super()._oms_plan()

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_missing(self):
        """{sale line: quantity that is ordered and that no transfer has brought or will bring}"""
        self.ensure_one()
        asked = {line: line._oms_get_asked() for line in self.order_line._oms_to_source()}
        return {line: quantity for line, quantity in asked.items() if quantity > 0}

    def _oms_launch(self, lines):
        """Ask for the transfers that these lines miss; also on a locked order, which Odoo would skip without a word."""
        locked = self.filtered("locked")
        locked.action_unlock()
        self.env["sale.order.line"].union(*lines)._action_launch_stock_rule()
        locked.action_lock()

    def _oms_decisions(self):
        """The latest decision first, also while the transaction that made it is still going on."""
        return self.oms_decision_ids.sorted("id", reverse=True)

from datetime import timedelta

from odoo import fields

from odoo.addons.oms_core.tests.common import OmsCommon


class WaveCommon(OmsCommon):
    """Orders that are ready to be picked, in a warehouse without limits of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place = cls.warehouse._oms_get_wave_type()
        cls.planner = cls._create_user("planner", "oms_core.group_oms_warehouse")
        cls.post, cls.express = cls.env["delivery.carrier"].create(
            [
                {"name": name, "product_id": cls._create_product(name, is_storable=False, type="service").id}
                for name in ("Post", "Express")
            ]
        )

    def _delivery(self, *lines, hours=None, carrier=None, **values):
        """The delivery of an order of these lines (one piece of ``STD``).

        :param hours: from now on, until it has to leave.
        """
        order = self._order(*lines, **values)
        if hours is not None:
            order.oms_ship_by = fields.Datetime.now() + timedelta(hours=hours)
        picking = order.picking_ids
        picking.carrier_id = carrier or self.post
        return picking

    def _plan(self, user=None, warehouse=None):
        """Press Plan Waves.

        :return: ``(the new waves, the wizard that shows them)``
        """
        wizard = self.env["oms.wave.plan"].with_user(user or self.planner).create({})
        wizard.warehouse_id = warehouse or self.warehouse
        action = wizard.action_plan()
        self.assertEqual((action["res_model"], action["res_id"]), ("oms.wave.plan", wizard.id))
        return wizard.batch_ids.with_user(self.env.user).sorted("id"), wizard

    def _reasons(self, wizard):
        return {line.picking_id: line.reason for line in wizard.left_ids}

    def _in_order(self, wave):
        return wave.picking_ids.sorted("batch_sequence").ids

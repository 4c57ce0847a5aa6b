from odoo import models


class PaymentCaptureWizard(models.TransientModel):
    _inherit = "payment.capture.wizard"

    def _compute_support_partial_capture(self):
        """Override of ``payment``: of a channel's money, parts can be taken wherever the channel lets us."""
        result = super()._compute_support_partial_capture()
        for wizard in self:
            sources = wizard.transaction_ids.sudo()
            if all(tx._oms_is_of_channel() for tx in sources):
                wizard.support_partial_capture = all(tx._oms_get_times() != "full" for tx in sources)
        return result

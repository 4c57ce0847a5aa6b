import json
from base64 import b64decode, b64encode

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import BODY_MAX_BYTES, THIRD_PARTY_DOWNLOAD_MAX
from ..domain.third_party_files import write_messages
from ..models.oms_message_third_party import OUT_KINDS


class OmsThirdPartyExchange(models.TransientModel):
    """Files for and from a logistics partner, by hand: the same as through a folder of the server."""

    _name = "oms.third.party.exchange"
    _description = "Exchange Files"

    warehouse_id = fields.Many2one(
        "stock.warehouse",
        string="Place",
        required=True,
        domain="[('oms_node_type', '=', '3pl'), ('oms_3pl_exchange', '=', 'files')]",
        default=lambda self: self.env["stock.warehouse"].search(
            [("oms_node_type", "=", "3pl"), ("oms_3pl_exchange", "=", "files")], limit=1
        ),
    )
    file = fields.Binary(string="File from There", attachment=False)
    file_name = fields.Char()
    waiting_count = fields.Integer(string="Messages That Wait", compute="_compute_waiting_count")
    out_file = fields.Binary(string="File for There", readonly=True, attachment=False)
    out_name = fields.Char(readonly=True)

    @api.depends("warehouse_id", "out_file")
    def _compute_waiting_count(self):
        for wizard in self:
            wizard.waiting_count = len(wizard._get_waiting())

    def action_take_in(self):
        """Read the file, and show what became of it."""
        self.ensure_one()
        self.check_access("write")
        self.warehouse_id.check_access("read")
        if not self.file:
            raise UserError(self.env._("Choose the file first."))
        data = b64decode(self.with_context(bin_size=False).file)
        if len(data) > BODY_MAX_BYTES:
            raise UserError(self.env._("The file is larger than %s KiB. Split it.", BODY_MAX_BYTES // 1024))
        message = self.env["oms.message"]._oms_take_file(self.warehouse_id, self.file_name or "", data)
        return message.sudo(False)._get_records_action(name=self.env._("File"))

    def action_write(self):
        """Write what waits for this place into one file, and count it as sent. The file is kept in the channel's log."""
        self.ensure_one()
        self.check_access("write")
        self.warehouse_id.check_access("read")
        waiting = self._get_waiting().try_lock_for_update()
        if not waiting:
            raise UserError(self.env._("Nothing waits for %s.", self.warehouse_id.name))
        data = write_messages([json.loads(message._get_body()) for message in waiting])
        name = f"orders-{waiting[0].id}-{waiting[-1].id}.csv"
        text = self.env._("Downloaded by %(user)s in %(name)s.", user=self.env.user.name, name=name)
        pickings = self.env["stock.picking"]
        for message in waiting:
            message._finish(pickings.browse(message.res_id), "done", text)
        self.warehouse_id.oms_3pl_channel_id.message_post(body=text, attachments=[(name, data)])
        self.write({"out_file": b64encode(data), "out_name": name})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exchange Files"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_waiting(self):
        self.ensure_one()
        # sudo: which deliveries are of this place; the messages are read with the user's own rights
        pickings_sudo = self.env["stock.picking"].sudo()
        of_place = pickings_sudo._search([("picking_type_id", "=", self.warehouse_id.out_type_id.id)])
        return self.env["oms.message"].search(
            [
                ("channel_id", "=", self.warehouse_id.oms_3pl_channel_id.id),
                ("direction", "=", "out"),
                ("kind", "in", OUT_KINDS),
                ("state", "in", ("pending", "retry")),
                ("res_id", "in", of_place),
            ],
            order="id",
            limit=THIRD_PARTY_DOWNLOAD_MAX,
        )

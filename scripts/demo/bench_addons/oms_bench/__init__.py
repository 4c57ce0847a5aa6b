"""The least that a controller can do with what it is sent: keep it in a row."""

from odoo import fields, http, models
from odoo.http import request


class OmsBenchRow(models.Model):
    _name = "oms.bench.row"
    _description = "Bench: One Row"

    body = fields.Text()


class OmsBench(http.Controller):
    @http.route("/oms_bench/row", type="http", auth="public", methods=["POST"], csrf=False, save_session=False)
    def receive(self):
        request.env["oms.bench.row"].sudo().create({"body": request.httprequest.get_data(as_text=True)})
        return request.make_json_response({"status": "ok"})

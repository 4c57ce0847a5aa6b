from odoo.http import Controller, content_disposition, request, route

from .portal import IDS


class OmsCheckController(Controller):
    @route("/oms/check/<int:result_id>/<string:name>", type="http", auth="user", methods=["GET"], readonly=True)
    def download_test(self, result_id, name):
        """The shortest history of a difference in the books, as a test. Who may not read the difference gets nothing."""
        result = request.env["oms.check.result"].browse(result_id if result_id in IDS else None).exists()
        if not result or not result.has_access("read") or not result.has_test:
            raise request.not_found()
        headers = [("Content-Type", "text/x-python; charset=utf-8"), ("Content-Disposition", content_disposition(name))]
        return request.make_response(result._get_test(), headers)

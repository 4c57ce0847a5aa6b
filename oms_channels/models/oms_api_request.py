"""What an app asked with an idempotency key, and what it was answered: asked again, it is answered the same."""

import hashlib
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models

from odoo.addons.oms_core.quiet import quiet_sql

from ..const import API_KEY_MAX_CHARS, API_KEYS_BATCH_MAX, API_KEYS_KEEP_DAYS
from ..domain.problem import ApiProblem


class OmsApiRequest(models.Model):
    """One request of an app, by the key that the app gave it. The row is made before anything is done, and keeps a second
    request with the same key out until the first is answered."""

    _name = "oms.api.request"
    _description = "API Request"
    _order = "id desc"
    _rec_name = "key"

    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    key = fields.Char(string="Idempotency Key", required=True, readonly=True)
    path = fields.Char(readonly=True)
    digest = fields.Char(required=True, readonly=True, help="Of path and content: another content needs another key.")
    status = fields.Integer(string="Answered With", readonly=True)
    answer = fields.Json(readonly=True)

    _key_uniq = models.Constraint("UNIQUE(channel_id, key)", "This request is known already.")

    @api.model
    def _answer_once(self, channel, key, path, body, work):
        """Do something for a request, unless it was done for the same key before.

        :param key: empty where the app gave none; then it is done.
        :param work: ``() → (HTTP status, answer)``; what it raises frees the key.
        :return: (status, answer, whether it is the answer from before)
        """
        if not key:
            return (*work(), False)
        if len(key) > API_KEY_MAX_CHARS or not key.isprintable():
            raise ApiProblem(
                400, "bad_key", f"An Idempotency-Key has at most {API_KEY_MAX_CHARS} printable characters."
            )
        digest = hashlib.sha256(path.encode("utf-8", "replace") + b"\n" + body).hexdigest()
        known = self.search([("channel_id", "=", channel.id), ("key", "=", key)])
        if known:
            if known.digest != digest:
                raise ApiProblem(
                    422,
                    "key_reused",
                    "This Idempotency-Key came with another request before. Give every new request a key of its own, and "
                    "repeat the old one only with the same content.",
                )
            return known.status, known.answer, True
        try:
            with quiet_sql(), self.env.cr.savepoint():
                row = self.create({"channel_id": channel.id, "key": key, "path": path, "digest": digest})
        except psycopg2.errors.UniqueViolation:
            raise ApiProblem(
                409,
                "in_progress",
                "A request with this Idempotency-Key is being worked on. Ask again in a second.",
                retry_after=1,
            ) from None
        try:
            status, answer = work()
        except ApiProblem:
            row.unlink()
            raise
        row.write({"status": status, "answer": answer})
        return status, answer, False

    @api.autovacuum
    def _gc_keys(self):
        """Keys are good for some days; who repeats a request later has given it up in between."""
        old = self.search(
            [("create_date", "<", fields.Datetime.now() - timedelta(days=API_KEYS_KEEP_DAYS))],
            order="id",
            limit=API_KEYS_BATCH_MAX,
        )
        count = len(old)
        old.unlink()
        return count, count == API_KEYS_BATCH_MAX

"""Messages with third-party warehouses in the envelope of files.

A file that comes in is one message (``3pl_file``); each statement in it becomes the message that the same statement would be
over HTTP, and is worked by the same code. What goes out is the same message as over HTTP, written as a file.
"""

import hashlib
import json
import logging

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import (
    BODY_MAX_BYTES,
    ERROR_MAX_CHARS,
    THIRD_PARTY_FILE_QUIET_S,
    THIRD_PARTY_FILES_MAX,
    THIRD_PARTY_ROWS_SHOWN,
)
from ..domain.third_party import Unreadable
from ..domain.third_party_files import BadRow, kind_of, read_file, write_bad_rows, write_messages
from ..exceptions import MessageRejected, MessageRetry
from ..exchange import FolderProblem

_logger = logging.getLogger(__name__)

FILE_KIND = "3pl_file"


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _parse(self, message):
        """Override: a file is read where it is worked, row by row."""
        return message if message.kind == FILE_KIND else super()._parse(message)


class OmsMessage(models.Model):
    _inherit = "oms.message"

    # ------------------------------------------------------------------------------------------------------ INCOMING

    @api.model
    def _oms_take_file(self, warehouse, name, data):
        """Take in a file of a place, from a folder or from the hands of a user, and work it off. The same one twice is one.

        :return: its message, new or known.
        """
        if not warehouse.oms_3pl_channel_id:
            raise MessageRejected(self.env._("%s has no channel for its messages: set one first.", warehouse.name))
        try:
            kind = kind_of(name)
        except Unreadable:
            kind = "unknown"
        digest = hashlib.sha256(data).hexdigest()
        # A stock list that has not changed still says something new on another day.
        day = f":{fields.Date.today()}" if kind == "stock" else ""
        key = f"3pl:{warehouse.id}:file:{kind}:{digest}{day}"
        # sudo: whoever may hand in a file of a place may have it read, and cannot write messages otherwise
        messages_sudo = self.sudo()
        channel_sudo = warehouse.sudo().oms_3pl_channel_id  # sudo: as above
        message_sudo = messages_sudo._receive(
            channel_sudo, FILE_KIND, key, data, {"warehouse_id": warehouse.id, "name": name[:200]}
        )
        if message_sudo:
            message_sudo._process()
            return message_sudo
        return messages_sudo.search([("channel_id", "=", channel_sudo.id), ("event_key", "=", key)], limit=1)

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            FILE_KIND: lambda channel, files: [self.browse(file.id)._oms_apply_file() for file in files],
        }

    def _oms_apply_file(self):
        """Store and work each statement of a file; those that are known do nothing, dead ones are tried again."""
        warehouse, file = self._oms_read_file()
        known = self._oms_get_statements(file)
        worked = self.browse()
        for statement in file.statements:
            if message := known.get(statement.key):
                if message.state != "dead":
                    continue
                message._queue_again()
            else:
                message = self._receive(
                    self.channel_id,
                    f"3pl_{file.kind}",
                    self._oms_get_statement_key(file, statement),
                    statement.body,
                    {"warehouse_id": warehouse.id, "file": self.headers["name"], "reference": statement.reference},
                )
            worked |= message
        worked._process()
        worked._oms_dismiss_replaced()
        bad = self._oms_get_bad_rows()
        if not bad:
            self._oms_dismiss_earlier_files()
            said = [self.env._("%s statements.", len(file.statements))]
            said += dict.fromkeys(message.error for message in worked if message.state == "done" and message.error)
            return warehouse, "done", "\n".join(said[:THIRD_PARTY_ROWS_SHOWN])
        shown = [self._oms_say_row(item) for item in bad[:THIRD_PARTY_ROWS_SHOWN]]
        text = self.env._(
            "%(bad)s rows of %(name)s were not taken; all others were. Correct the file and send it again, in whole, or "
            "correct it here and try again.\n%(rows)s",
            bad=len(bad),
            name=self.headers["name"],
            rows="\n".join(shown),
        )
        return warehouse, "dead", text

    def _oms_say_row(self, item):
        return self.env._("Row %(row)s: %(reason)s", row=item.row, reason=item.reason) if item.row else item.reason

    def _oms_read_file(self):
        self.ensure_one()
        warehouse = self.env["stock.warehouse"].browse(self.headers["warehouse_id"]).exists()
        if not warehouse:
            raise MessageRejected(self.env._("The place that wrote this is gone."))
        return warehouse, read_file(self.headers["name"], self._get_body(), self.create_date.date())

    def _oms_get_statement_key(self, file, statement):
        return f"3pl:{self.headers['warehouse_id']}:{file.kind}:{statement.key}"

    def _oms_get_statements(self, file):
        """{key of a statement: its message} of those that are stored."""
        keys = {self._oms_get_statement_key(file, statement): statement.key for statement in file.statements}
        found = self.search(
            [("channel_id", "=", self.channel_id.id), ("direction", "=", "in"), ("event_key", "in", list(keys))]
        )
        return {keys[message.event_key]: message for message in found}

    def _oms_get_bad_rows(self):
        """What of a file was not taken: rows that cannot be read, and statements that were refused."""
        _warehouse, file = self._oms_read_file()
        known = self._oms_get_statements(file)
        bad = list(file.bad)
        for statement in file.statements:
            message = known.get(statement.key)
            if message and message.state == "dead":
                bad += [BadRow(row, message.error or "") for row in statement.rows]
        return sorted(bad, key=lambda item: item.row)

    def _oms_dismiss_replaced(self):
        """What an earlier file said wrongly about a reference is settled once a later one was understood."""
        good = self.filtered(lambda message: message.state == "done" and message.headers.get("reference"))
        said = {(message.headers["warehouse_id"], message.kind, message.headers["reference"]) for message in good}
        dead = self.search(
            [
                ("channel_id", "in", good.channel_id.ids),
                ("kind", "in", list(set(good.mapped("kind")))),
                ("state", "=", "dead"),
            ]
        )
        dead.filtered(
            lambda message: (
                message.headers.get("file")
                and (message.headers["warehouse_id"], message.kind, message.headers.get("reference")) in said
            )
        )._set_state("dismissed", processed_at=fields.Datetime.now())

    def _oms_dismiss_earlier_files(self):
        """A file that was understood in whole settles bad ones of the same name."""
        dead = self.search(
            [
                ("channel_id", "=", self.channel_id.id),
                ("kind", "=", FILE_KIND),
                ("state", "=", "dead"),
                ("id", "<", self.id),
            ]
        )
        dead.filtered(lambda message: message.headers == self.headers)._set_state(
            "dismissed", processed_at=fields.Datetime.now()
        )

    # ------------------------------------------------------------------------------------------------------- FOLDERS

    @api.model
    def _cron_oms_third_party(self):
        """Override: also take in what lies in the folders."""
        result = super()._cron_oms_third_party()
        places = self.env["stock.warehouse"].search(
            [("oms_node_type", "=", "3pl"), ("oms_3pl_exchange", "=", "files"), ("oms_3pl_channel_id", "!=", False)]
        )
        for place in places._oms_by_folder():
            try:
                self._oms_take_folder(place)
                problem = False
            except (FolderProblem, OSError) as error:
                _logger.warning("The files of warehouse %s cannot be read: %s", place.id, error)
                problem = str(error)
            if place.oms_3pl_problem != problem:
                place.oms_3pl_problem = problem
            self.env["ir.cron"]._commit_progress()
        return result

    @api.model
    def _oms_take_folder(self, warehouse):
        """Take in what is complete. A file is moved once its message is stored for good: a crash between the two repeats it,
        and a repeat does nothing."""
        folder = warehouse._oms_get_folder()
        problems = []
        # More than are taken: files that stay because they cannot be read must not keep newer ones out.
        names = folder.list_complete(THIRD_PARTY_FILE_QUIET_S, 20 * THIRD_PARTY_FILES_MAX)
        for number, name in enumerate(names):
            if number - len(problems) >= THIRD_PARTY_FILES_MAX:
                break
            try:
                self._oms_take_from_folder(warehouse, folder, name)
            except Exception as error:  # one that cannot be read or moved must not keep the others waiting
                self.env.cr.rollback()
                _logger.warning("The file %s of warehouse %s cannot be read", name, warehouse.id, exc_info=True)
                problems.append(f"{name}: {getattr(error, 'strerror', None) or error}")
        if problems:
            raise FolderProblem("\n".join(problems)[:ERROR_MAX_CHARS])

    @api.model
    def _oms_take_from_folder(self, warehouse, folder, name):
        data = folder.get(name, BODY_MAX_BYTES)
        if data is None:
            reason = BadRow(0, f"The file is larger than {BODY_MAX_BYTES // 1024} KiB. Split it.")
            folder.finish(name, "too-large", write_bad_rows([reason]))
            return
        message = self._oms_take_file(warehouse, name, data)
        bad = message._oms_get_bad_rows() if message.state == "dead" else ()
        self.env["ir.cron"]._commit_progress(1)
        folder.finish(name, hashlib.sha256(data).hexdigest()[:8], write_bad_rows(bad) if bad else None)

    # ------------------------------------------------------------------------------------------------------ OUTGOING

    @api.model
    def _oms_get_sendable_domain(self):
        """Override: what is for places without a folder waits until somebody downloads it."""
        places = self.env["stock.warehouse"].search([("oms_3pl_exchange", "=", "files")])
        by_hand = places - places._oms_by_folder()
        waiting = self.env["stock.picking"]._search([("picking_type_id", "in", by_hand.out_type_id.ids)])
        return super()._oms_get_sendable_domain() & Domain("res_id", "not in", waiting)

    def _oms_deliver_third_party(self, warehouse):
        """Override: into the folder of a place that wants files."""
        if warehouse.oms_3pl_exchange != "files":
            return super()._oms_deliver_third_party(warehouse)
        content = json.loads(self._get_body())
        name = f"{content['message_id']}.csv"
        try:
            warehouse._oms_get_folder().put("out", name, write_messages([content]))
        except (FolderProblem, OSError) as error:
            raise MessageRetry(
                self.env._("The file cannot be written: %s Tell your administrator.", str(error))
            ) from error
        return self.env._("Written as %s.", name)

"""Files of orders in the inbox: a file is one message, each order in it becomes another; and what is answered.

The file is kept as it came. Its orders are taken in portions, each a transaction, so that a file of thousands keeps nobody
waiting and a killed job repeats one portion; what is known already is recognised by its key.
"""

import hashlib
import logging
from base64 import b64encode
from collections import defaultdict
from dataclasses import replace
from datetime import timezone
from decimal import Decimal

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import ERROR_MAX_CHARS
from odoo.addons.oms_core.domain.documents import AddressDoc, OrderDoc
from odoo.addons.oms_core.domain.third_party_files import BadRow, write_bad_rows
from odoo.addons.oms_core.quiet import quiet_sql
from odoo.addons.oms_core.text import as_html

from ..const import FILE_PORTION_MAX, FILE_QUIET_S, FILES_MAX
from ..domain.adapter import Auth, Reject, Retry
from ..domain.envelope import open_sealed
from ..domain.outgoing import Acknowledgement
from ..platforms.files import acks, parse, split
from ..platforms.files import const as files
from ..platforms.files.client import Hand
from ..platforms.files.facts import Bad
from ..platforms.files.render import About, Line

_logger = logging.getLogger(__name__)

FILE_KIND = "file"


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _parse(self, message):
        """Override: a file is read where it is worked; and what partners call by numbers alone is looked up."""
        if message.kind == FILE_KIND:
            return message
        document = super()._parse(message)
        if self.platform == files.CODE and isinstance(document, OrderDoc):
            document = self._complete_from_numbers(document, parse.load(message._get_body()))
        return document

    def _complete_from_numbers(self, doc, facts):
        """An order whose places and articles are only numbers: contacts by their reference (GLN), products by barcode."""
        told = {
            key: str((facts.get(key) or {}).get("ref") or "") if isinstance(facts.get(key), dict) else ""
            for key in ("shipping", "billing")
        }
        wanted = {ref for ref in (*told.values(), doc.customer_ref) if ref}
        partners = {}
        if wanted:
            found = self.env["res.partner"].search(
                [("ref", "in", list(wanted)), ("company_id", "in", [False, self.company_id.id])], order="id desc"
            )
            partners = {partner.ref: partner for partner in found}
        changes = {}
        for key in ("shipping", "billing"):
            address = getattr(doc, key)
            partner = partners.get(told[key]) or (
                partners.get(doc.customer_ref) if address.is_empty() or not told[key] else None
            )
            if partner and not address.is_postal():
                changes[key] = _address_of(partner)
        if doc.customer_ref in partners:
            self._remember_customer(doc.customer_ref, partners[doc.customer_ref])
        codes = {line.product_ref for line in doc.lines if line.kind == "product" and line.product_ref and not line.sku}
        if codes:
            products = self.env["product.product"].search([("barcode", "in", list(codes))])
            skus = {product.barcode: product.default_code for product in products if product.default_code}
            changes["lines"] = tuple(
                line if line.sku else replace(line, sku=skus.get(line.product_ref, "")) for line in doc.lines
            )
        return replace(doc, **changes) if changes else doc

    def _remember_customer(self, number, partner):
        """That this number of the partner's is this contact: somebody wrote it on the contact as its reference."""
        refs_sudo = self.env["oms.customer.ref"].sudo()  # sudo: as the customers of other channels are remembered
        if not refs_sudo.search_count([("channel_id", "=", self.id), ("external_id", "=", number)], limit=1):
            refs_sudo.create(
                {"channel_id": self.id, "external_id": number, "partner_id": partner.commercial_partner_id.id}
            )


def _address_of(partner):
    return AddressDoc(
        name=partner.name or "",
        street=partner.street or "",
        street2=partner.street2 or "",
        city=partner.city or "",
        zip=partner.zip or "",
        state_code=partner.state_id.code or "",
        country_code=partner.country_id.code or "",
        email=partner.email or "",
        phone=partner.phone or "",
    )


class OmsMessage(models.Model):
    _inherit = "oms.message"

    file_id = fields.Many2one(
        "oms.message", string="Out of the File", readonly=True, index="btree_not_null", ondelete="set null"
    )
    file_name = fields.Char(string="File", readonly=True)
    file_rows = fields.Integer(string="Rows", readonly=True)
    file_orders = fields.Integer(string="Orders in the File", readonly=True)
    file_bad = fields.Json(string="Bad Rows", readonly=True, help="[row, order, reason] of each that was not taken.")
    file_bad_count = fields.Integer(string="Not Taken", compute="_compute_file_progress")
    file_worked = fields.Integer(string="Orders Worked Off", compute="_compute_file_progress")
    control_number = fields.Integer(readonly=True, copy=False)
    partner_answer = fields.Char(string="The Partner Answers", readonly=True, copy=False)

    _control_uniq = models.UniqueIndex(
        "(channel_id, control_number) WHERE control_number IS NOT NULL AND control_number > 0",
        "A control number is used once.",
    )

    @api.depends("file_bad", "file_orders")
    def _compute_file_progress(self):
        """From the messages of the orders: a file has no state of its own beside theirs."""
        counts = defaultdict(lambda: defaultdict(int))
        of_files = self.filtered(lambda message: message.kind == FILE_KIND)
        if of_files:
            groups = self._read_group([("file_id", "in", of_files.ids)], ["file_id", "state"], ["__count"])
            for file, state, count in groups:
                counts[file.id][state] += count
        for message in self:
            by_state = counts[message.id]
            message.file_worked = sum(
                count for state, count in by_state.items() if state not in ("pending", "retry", "dead")
            )
            message.file_bad_count = len(message.file_bad or ()) + by_state.get("dead", 0)

    @api.depends("kind")
    def _compute_body_text(self):
        """Override: an Excel file is no text."""
        excel = self.filtered(
            lambda message: message.kind == FILE_KIND and not message.corrected_body and message._is_excel()
        )
        excel.body_text = self.env._("An Excel file. Download it to look at it.")
        return super(OmsMessage, self - excel)._compute_body_text()

    def _is_excel(self):
        return self._get_body()[:4] == b"PK\x03\x04"

    # ------------------------------------------------------------------------------------------------------- TAKING

    @api.model
    def _take_file(self, channel, name, data, columns=None):
        """Store a file of orders; the same one twice is one.

        :param columns: what its columns mean, as somebody chose: {name: field}.
        :return: its message, new or known.
        """
        told = repr(sorted((columns or {}).items())).encode() if columns else b""
        key = f"{FILE_KIND}:{hashlib.sha256(data + told).hexdigest()}"
        messages_sudo = (
            self.sudo()
        )  # sudo: whoever may hand in a file may have it read, and cannot write messages otherwise
        message_sudo = messages_sudo._receive(channel, FILE_KIND, key, data, {"columns": columns or {}})
        if message_sudo:
            message_sudo.file_name = (name or "")[:200]
        else:
            domain = [("channel_id", "=", channel.id), ("direction", "=", "in"), ("event_key", "=", key)]
            message_sudo = messages_sudo.search(domain, limit=1)
        return message_sudo

    @api.model
    def _take_from_store(self, channel, store):
        """Take in what lies in a store. A file is moved away once its message is stored for good: a crash between the two
        repeats it, and a repeat does nothing.

        :return: what could not be taken, as text; ``False`` when all could.
        """
        problems, taken = [], 0
        # More than are taken: files that stay because they cannot be read must not keep newer ones out.
        for name in store.list_complete(FILE_QUIET_S, 20 * FILES_MAX, files.SUFFIXES):
            if taken >= FILES_MAX:
                break
            try:
                self._take_one(channel, store, name)
                taken += 1
            except (Retry, Auth):
                self.env.cr.rollback()
                raise  # says nothing about this file: all wait
            except Exception as error:  # one that cannot be read or moved must not keep the others waiting
                self.env.cr.rollback()
                _logger.warning("The file %s of channel %s cannot be taken", name, channel.id, exc_info=True)
                problems.append(f"{name}: {getattr(error, 'strerror', None) or error}")
        return "\n".join(problems)[:ERROR_MAX_CHARS] or False

    @api.model
    def _take_one(self, channel, store, name):
        data = store.get(name, files.FILE_MAX_BYTES)
        if data is None:
            size = files.FILE_MAX_BYTES // 1024 // 1024
            store.finish(
                name, "too-large", write_bad_rows([BadRow(0, f"The file is larger than {size} MiB. Split it.")])
            )
            return
        message = self._take_file(channel, name, data)
        if message.state in ("pending", "retry"):
            message._process()
        bad = message._get_file_bad() if message.state == "dead" else ()
        self.env["ir.cron"]._commit_progress()
        report = write_bad_rows([BadRow(item.row, item.reason) for item in bad]) if bad else None
        store.finish(name, hashlib.sha256(data).hexdigest()[:8], report)

    # ------------------------------------------------------------------------------------------------------ WORKING

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            FILE_KIND: lambda channel, messages: [self.browse(message.id)._apply_file() for message in messages],
        }

    def _read_file(self):
        """The orders of this file, as they are read now."""
        self.ensure_one()
        columns = (self.headers or {}).get("columns")
        settings = self.channel_id._get_file_settings(self.file_name, self.create_date, columns)
        return split.read(self._get_body(), settings)

    def _apply_file(self):
        """Make messages of the next orders of this file."""
        file = self._read_file()
        known = self._get_known_pieces(file.pieces)
        new = [piece for piece in file.pieces if piece.key not in known]
        self._store_pieces(new[:FILE_PORTION_MAX])
        self.write(
            {
                "file_rows": file.rows,
                "file_orders": len(file.pieces),
                "file_bad": [[bad.row, bad.number, bad.reason] for bad in file.bad],
            }
        )
        if len(new) > FILE_PORTION_MAX:
            left = len(new) - FILE_PORTION_MAX
            self.next_attempt_at = fields.Datetime.now()
            self._wake_workers()
            return None, "retry", self.env._("%s orders are still to be taken.", left)
        self._answer_file(file)
        self._ask_for_changes(file)
        if not file.bad:
            self._settle_earlier_files(file)
            return (
                None,
                "done",
                self.env._("%(all)s orders, of which %(new)s are new or changed.", all=len(file.pieces), new=len(new)),
            )
        shown = [self._say_bad(bad) for bad in file.bad[: files.SHOWN_MAX]]
        text = self.env._(
            "%(good)s orders were taken, %(bad)s rows or messages were not. Download them, correct them, and import them "
            "again.\n%(rows)s",
            good=len(file.pieces),
            bad=len(file.bad),
            rows="\n".join(shown),
        )
        return None, "dead", text

    def _ask_for_changes(self, file):
        """A task on each order that the partner wants changed in a way that is not read."""
        orders = self.env["sale.order"]._oms_find(self.channel_id, {bad.number for bad in file.bad if bad.is_change})
        subject = self._change_subject()
        for bad in file.bad:
            order = orders.get(bad.number) if bad.is_change else None
            if order and subject not in order.activity_ids.mapped("oms_subject"):
                # sudo: the task is for whoever works the channel, whoever has the file read
                order.sudo().activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=self.channel_id._get_responsible().id,
                    summary=self.env._("%s wants this order changed", self.channel_id.name),
                    oms_subject=subject,
                    note=self.env._(
                        "%(why)s The message is in the file “%(file)s”.", why=bad.reason, file=self.file_name
                    ),
                )

    def _change_subject(self):
        """What tasks about changes in this file are known by."""
        return f"change:{self.id}"

    def _say_bad(self, bad):
        return self.env._("Row %(row)s: %(reason)s", row=bad.row, reason=bad.reason) if bad.row else bad.reason

    def _get_known_pieces(self, pieces):
        """Keys of those that are stored already."""
        keys = [piece.key for piece in pieces]
        domain = [("channel_id", "=", self.channel_id.id), ("direction", "=", "in"), ("event_key", "in", keys)]
        return set(self.search_fetch(domain, ["event_key"]).mapped("event_key"))

    def _store_pieces(self, pieces):
        """New messages, all in one go; where another worker stores some of them at this moment, one by one."""
        unique = {piece.key: piece for piece in pieces}
        try:
            with quiet_sql(), self.env.cr.savepoint():
                self.create([self._prepare_piece(piece) for piece in unique.values()])
        except psycopg2.errors.UniqueViolation:
            for piece in unique.values():
                message = self._receive(self.channel_id, piece.kind, piece.key, piece.body)
                message.file_id = self
        self._wake_workers()

    def _prepare_piece(self, piece):
        return {
            "channel_id": self.channel_id.id,
            "direction": "in",
            "kind": piece.kind,
            "event_key": piece.key,
            "body": b64encode(piece.body),
            "headers": {},
            "state": "pending",
            "file_id": self.id,
        }

    def _get_file_bad(self):
        """All of this file that was not taken: rows that cannot be read, and orders that were refused.

        :return: list of :class:`~..platforms.files.facts.Bad`.
        """
        self.ensure_one()
        bad = [Bad(row, reason, number) for row, number, reason in self.file_bad or ()]
        dead = self.search([("file_id", "=", self.id), ("state", "=", "dead")])
        if dead:
            rows = {piece.key: piece for piece in self._read_file().pieces}
            for message in dead:
                piece = rows.get(message.event_key)
                for row in (piece and piece.rows) or (0,):
                    bad.append(Bad(row, message.error or "", piece.number if piece else ""))
        return sorted(bad, key=lambda item: item.row)

    def _settle_earlier_files(self, file):
        """Bad files of which everything that was bad has come since, and bad ones of the same name, are settled."""
        domain = [
            ("channel_id", "=", self.channel_id.id),
            ("kind", "=", FILE_KIND),
            ("state", "=", "dead"),
            ("id", "<", self.id),
        ]
        numbers = {piece.number for piece in file.pieces}
        for earlier in self.search(domain, limit=100):
            wanted = {number for _row, number, _reason in earlier.file_bad or ()}
            if earlier.file_name == self.file_name or (wanted and wanted <= numbers):
                earlier._set_state("dismissed", processed_at=fields.Datetime.now())
                # sudo: tasks may be of others
                tasks_sudo = self.env["mail.activity"].sudo().search([("oms_subject", "=", earlier._change_subject())])
                tasks_sudo.action_feedback(
                    feedback=self.env._("The whole order came in the file “%s”.", self.file_name)
                )

    # ---------------------------------------------------------------------------------------------------- ANSWERING

    def _answer_file(self, file):
        """Acknowledge what came, and note what partners say about what they got."""
        for interchange, refused in file.interchanges:
            for answer in acks.answers(interchange):
                self._note_answer(answer)
            if self.channel_id.file_acknowledge and not acks.is_acknowledgement(interchange):
                document = Acknowledgement(
                    key=f"{split.interchange_key(interchange)}:{self.id}",
                    standard=interchange.standard,
                    told=acks.answer(interchange, refused),
                )
                self._queue_out(self.channel_id, "acknowledgement", document, self)

    def _note_answer(self, answer):
        """What the partner says about a file of ours; what it refused is a task."""
        if answer.control <= 0:
            return
        # sudo: what became of what we sent is written by nobody else
        domain = [("channel_id", "=", self.channel_id.id), ("control_number", "=", answer.control)]
        sent_sudo = self.sudo().search(domain, limit=1)
        sent_sudo.partner_answer = answer.text
        record = self.env[sent_sudo.res_model].browse(sent_sudo.res_id).exists() if sent_sudo.res_model else None
        if not answer.is_accepted and record and hasattr(record, "activity_schedule"):
            record.sudo().activity_schedule(  # sudo: the task is the channel's, whoever may see the record
                "mail.mail_activity_data_todo",
                summary=self.env._("%s could not read what it was sent", self.channel_id.name),
                note=as_html(
                    self.env._(
                        "File %(control)s was refused (%(text)s). Ask the partner what is wrong with it.",
                        control=answer.control,
                        text=answer.text,
                    )
                ),
                user_id=self.channel_id.user_id.id,
            )

    # ------------------------------------------------------------------------------------------------------ SENDING

    def _prepare_sending(self):
        """Override: a file gets its control number, committed before it is written and kept when it is written again."""
        result = super()._prepare_sending()
        if self.channel_id.platform == files.CODE and not self.control_number:
            # sudo: the number is counted on the channel, which only managers write
            self.control_number = self.channel_id.sudo()._next_control_number()
        return result

    def _tell(self, client, is_repeat):
        """Override: a partner's client is told about what, and under which number."""
        if self.channel_id.platform != files.CODE:
            return super()._tell(client, is_repeat)
        client.telling(self.control_number, self.sent_at.replace(tzinfo=timezone.utc), self._get_about())
        try:
            result = super()._tell(client, is_repeat)
        finally:
            client.store.close()
        if isinstance(client.store, Hand) and client.store.written:
            names = ", ".join(name for name, _data in client.store.written)
            self.channel_id.message_post(
                body=self.env._("For the partner: %s", names), attachments=client.store.written
            )
        return result

    def _get_about(self):
        """The order that this is about, in the words in which the partner placed it."""
        record = self.env[self.res_model].browse(self.res_id).exists() if self.res_model else None
        order = record and (record if record._name == "sale.order" else "sale_id" in record._fields and record.sale_id)
        if not order:
            return About()
        facts = self._get_facts(order)
        told = {
            str(line.get("id")): line for line in facts.get("lines") or () if isinstance(line, dict) and line.get("id")
        }
        lines = {}
        for line in order.order_line.filtered("oms_external_id"):
            said = told.get(line.oms_external_id, {})
            lines[line.oms_external_id] = Line(
                line_id=line.oms_external_id,
                sku=said.get("sku") or line.oms_sku or line.product_id.default_code or "",
                barcode=said.get("barcode") or line.product_id.barcode or "",
                buyer_code=said.get("buyer_code") or "",
                name=line.product_id.name or "",
                ordered=Decimal(repr(line.product_uom_qty)),
                unit=said.get("unit") or "",
            )
        reply = facts.get("reply") if isinstance(facts.get("reply"), dict) else {}
        return About(
            number=order.oms_number or order.oms_external_id,
            ordered_at=reply.get("date") or "",
            buyer=reply.get("buyer") or "",
            place=reply.get("place") or "",
            lines=lines,
            again=self.kind == "parcel" and self._is_told_again(),
        )

    def _is_told_again(self):
        """Whether the same parcel was told before, without the number that it has now."""
        parcel = f"parcel:{open_sealed(self.kind, self._get_body()).key}:"
        domain = [
            ("channel_id", "=", self.channel_id.id),
            ("direction", "=", "out"),
            ("event_key", "=like", f"{parcel}%"),
            ("state", "=", "done"),
            ("id", "<", self.id),
        ]
        return bool(self.search_count(domain, limit=1))

    def _get_facts(self, order):
        """What the partner said when it ordered; empty when that is not kept any more."""
        domain = [
            ("channel_id", "=", self.channel_id.id),
            ("kind", "=", "order"),
            ("res_model", "=", "sale.order"),
            ("res_id", "=", order.id),
        ]
        # sudo: what a partner is told follows from its order, whoever ships it
        message_sudo = self.sudo().search(domain, order="id desc", limit=1)
        try:
            return parse.load(message_sudo._get_body()) if message_sudo else {}
        except Reject:
            return {}

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_open_file(self):
        """What became of this file, with its bad rows to download."""
        self.ensure_one()
        if self.kind != FILE_KIND:
            raise UserError(self.env._("This message is no file."))
        return self.env["oms.file.import"]._open(self)

    def action_view_file_orders(self):
        """The orders of this file."""
        self.ensure_one()
        orders = self.search([("file_id", "=", self.id), ("res_model", "=", "sale.order")]).mapped("res_id")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        action["domain"] = [("id", "in", orders)]
        return action

"""One task on a channel for each subject, however much there is to do about it; and orders that are checked again."""

from odoo import api, fields, models

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.text import as_html

from ..const import CHECK_AGAIN_MAX


class MailActivity(models.Model):
    _inherit = "mail.activity"

    oms_subject = fields.Char(
        readonly=True, help="What a task of a channel is about: there is one for each subject, and it goes by itself."
    )


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _keep_task(self, subject, summary, lines):
        """Have one task about a subject on this channel, or none.

        :param summary: empty when there is nothing to do any more.
        :param lines: of its note.
        """
        self.ensure_one()
        # sudo: whoever causes the work need not be the one who does it
        channel_sudo = self.sudo()
        tasks_sudo = channel_sudo.activity_ids.filtered(lambda task: task.oms_subject == subject and task.active)
        if not summary:
            tasks_sudo.action_feedback(feedback=self.env._("Nothing is left to do."))
            return
        task_sudo = tasks_sudo[:1]
        (tasks_sudo - task_sudo).unlink()  # two jobs found the first one at the same moment
        values = {"summary": summary, "note": as_html("\n".join(lines))}
        if not task_sudo:
            channel_sudo.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=channel_sudo._get_responsible().id,
                oms_subject=subject,
                **values,
            )
        elif task_sudo.summary != summary or task_sudo.note != values["note"]:
            task_sudo.write(values)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_check_again = fields.Boolean(
        readonly=True, copy=False, help="What it waited for was decided; a job checks it again."
    )

    _oms_check_again_idx = models.Index("(id) WHERE oms_check_again")

    def _oms_check_again_soon(self):
        """Have the job check these orders again."""
        if not self:
            return
        self.with_context(oms_by_job=INSIDE).oms_check_again = True
        if cron := self.env.ref("oms_channels.cron_check_again", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: whoever decides what a code means has its orders go on, and no more

    @api.model
    def _cron_check_again(self):
        """Check the orders again whose listing or code was decided, each on its own."""
        cron = self.env["ir.cron"]
        domain = [("oms_check_again", "=", True)]
        cron._commit_progress(remaining=self.search_count(domain, limit=10_000))
        for order in self.search(domain, order="id", limit=CHECK_AGAIN_MAX):
            if order.try_lock_for_update(allow_referencing=True):
                order._oms_check_alone()
            if not cron._commit_progress(1):
                break

    def _oms_check_alone(self):
        """Check this one; what cannot be checked keeps its holds, which say why it waits."""
        self.ensure_one()
        with on_its_own(self, self._oms_tell_unchecked):
            self.with_context(oms_by_job=INSIDE).oms_check_again = False
            if self.state in ("draft", "sent"):
                self.action_oms_check_again()

    def _oms_tell_unchecked(self, error):
        self.with_context(oms_by_job=INSIDE).oms_check_again = False
        self.message_post(body=self.env._("It could not be checked again: %s", error))

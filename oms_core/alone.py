"""One record of many that a job works on: what goes wrong with it is undone, told, and spoils no other."""

import logging
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg2.errors

from odoo import fields
from odoo.tools import html2plaintext

from .exceptions import CONCURRENCY_ERRORS
from .quiet import quiet_sql
from .text import as_html

_logger = logging.getLogger(__name__)

#: For so long after it was asked for, a wake-up serves those who come later too.
WAKE_SHARED_S = 1


@contextmanager
def on_its_own(record, tell):
    """Work on a record inside of a savepoint.

    Somebody else who works on the same rows is no failure: the job leaves the record to its next run, whose transaction
    sees what the other one did.

    :param tell: called with any other exception; leaves a trace where people look.
    """
    name = f"{record._name} {record.ids}"
    try:
        with quiet_sql(), record.env.cr.savepoint():
            yield
            record.env.flush_all()
    except CONCURRENCY_ERRORS as error:
        _logger.info("%s is being worked on elsewhere, the next run looks again: %s", name, error)
    except Exception as error:
        _logger.warning("%s could not be worked on: %s", name, error, exc_info=True)
        tell(error)


def leave_task(record, summary, text, user, retell=True):
    """A warning for a person on a record, once: a job that fails again does not add another, it says why it fails now.

    :param user: who is to look; without anybody the system's user, in whose name jobs run.
    :param retell: ``False`` where what is told under one summary is about different things: the first one stays.
    """
    # sudo: the system leaves tasks to those who have the rights
    record = record.sudo()
    note = as_html(text)
    standing = record.activity_ids.filtered(lambda activity: activity.summary == summary)
    if not standing:
        record.activity_schedule(
            "mail.mail_activity_data_warning", summary=summary, note=note, user_id=(user or record.env.user).id
        )
    elif retell and html2plaintext(standing[-1].note) != html2plaintext(note):
        standing[-1].note = note


def wake(cron):
    """Have a job run as soon as this transaction is committed. Of a thousand callers that come before it begins, one is enough.

    Odoo takes a wake-up away when the job begins. One that is there and not taken yet is held fast until the caller has
    committed: the job cannot begin before, and so sees what the caller has left for it. For short transactions only. One that
    is older than a moment is left alone: callers that never cease would hold it fast, one after the other, and the job with it.
    """
    cr, now = cron.env.cr, fields.Datetime.now()
    # A serialization failure: the job has begun since this transaction did.
    with suppress(psycopg2.errors.SerializationFailure):
        with quiet_sql(), cr.savepoint(flush=False):
            cr.execute(
                "SELECT 1 FROM ir_cron_trigger WHERE cron_id = %s AND call_at BETWEEN %s AND %s LIMIT 1 "
                "FOR KEY SHARE SKIP LOCKED",
                [cron.id, now - timedelta(seconds=WAKE_SHARED_S), now],
            )
            if cr.fetchone():
                return
    cron._trigger()

"""Tests of what happens at once need rows that other connections see: made, committed, and gone afterwards."""

from threading import Barrier, Thread
from unittest.mock import patch

import psycopg2

from odoo import api
from odoo.exceptions import UserError
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import get_db_name
from odoo.tools import SQL, mute_logger

from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS

#: How often a request that lost is begun anew, as Odoo does it.
ATTEMPTS = 5

TABLES = """
    SELECT c.table_name FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.column_name = 'id' AND c.data_type = 'integer'
"""
#: (table, column) of what may point to something and need not.
LOOSE = """
    SELECT k.conrelid::regclass::text, a.attname
      FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
     WHERE k.contype = 'f' AND NOT a.attnotnull
"""


class Committed:
    """Mixin, before a ``TransactionCase``: call :meth:`_commit` at the end of ``setUpClass``.

    Whatever rows came since are deleted after the class, past Odoo: neither the books nor a ledger would let go of them.
    """

    @classmethod
    def setUpClass(cls):
        with Registry(get_db_name()).cursor() as cr:
            first = cls._read_last_ids(cr)
        cls.addClassCleanup(cls._forget, first)  # begins when the test's own cursor is closed
        super().setUpClass()

    @classmethod
    def _commit(cls):
        """Let other connections see what was made. From then on the class's own cursor is not to be used."""
        cls.env.flush_all()
        cls.cr.flush()
        cls.cr._cnx.commit()

    @classmethod
    def _read_last_ids(cls, cr):
        cr.execute(TABLES)
        tables = [table for (table,) in cr.fetchall()]
        each = [SQL("SELECT %s, COALESCE(MAX(id), 0) FROM %s", table, SQL.identifier(table)) for table in tables]
        cr.execute(SQL(" UNION ALL ").join(each))
        return dict(cr.fetchall())

    @classmethod
    def _forget(cls, first):
        with Registry(get_db_name()).cursor() as cr:
            now = cls._read_last_ids(cr)
            left = {table for table, last in now.items() if last > first.get(table, last)}
            loosened = False
            while left:
                gone = {table for table in left if cls._try(cr, "DELETE FROM %s WHERE id > %s", table, first)}
                left -= gone
                if left and not gone:
                    if loosened:
                        raise AssertionError(f"rows of a test are still there: {', '.join(sorted(left))}")
                    cls._loosen(cr, left, first)
                    loosened = True

    @classmethod
    def _loosen(cls, cr, tables, first):
        """Rows that point to each other let go."""
        cr.execute(LOOSE)
        for table, column in cr.fetchall():
            if table in tables:
                cls._try(cr, f'UPDATE %s SET "{column}" = NULL WHERE id > %s', table, first)

    @staticmethod
    def _try(cr, statement, table, first):
        try:
            with mute_logger("odoo.sql_db"), cr.savepoint(flush=False):
                cr.execute(SQL(statement, SQL.identifier(table), first[table]))
        except psycopg2.IntegrityError:
            return False
        return True


class AtOnce:
    """Mixin: what two people do at the same moment, each on a connection of his own."""

    def _at_once(self, *presses, user_id=api.SUPERUSER_ID, look=None):
        """Each does his own at the same moment; a request that loses is repeated as Odoo does it.

        :param presses: a function of an environment for each.
        :param look: what each has read before, a function of an environment.
        :return: what each ended with, sorted: what the function told, or the sentence of an error.
        """
        barrier, outcome = Barrier(len(presses)), []
        registry = Registry(get_db_name())
        context = {"tracking_disable": True, "mail_create_nolog": True, "mail_notrack": True}

        def window(press):
            waiting = True
            for _attempt in range(ATTEMPTS):
                try:
                    with registry.cursor() as cr:
                        env = api.Environment(cr, user_id, context)
                        if look:
                            look(env)
                        if waiting:
                            waiting = False
                            barrier.wait(timeout=30)
                        told = press(env)
                    outcome.append(told)
                    return
                except CONCURRENCY_ERRORS:
                    continue
                except UserError as error:
                    outcome.append(str(error))
                    return
            outcome.append("gave up")

        windows = [Thread(target=window, args=[press]) for press in presses]
        with mute_logger("odoo.sql_db"), patch.object(Registry, "_lock", DummyRLock()):
            for thread in windows:
                thread.start()
            for thread in windows:
                thread.join(timeout=120)
        return sorted(outcome, key=lambda words: words != "done")

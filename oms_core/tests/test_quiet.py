import logging
import threading

from odoo.tests import BaseCase

from ..quiet import quiet_sql


class TestQuiet(BaseCase):
    """Expected failures stay out of the log, and only those."""

    def test_only_the_thread_that_asked_for_it_is_quiet(self):
        logger = logging.getLogger("odoo.sql_db")
        record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "bad query", (), None)
        heard = []

        def listen():
            heard.append(bool(logger.filter(record)))

        other = threading.Thread(target=listen)
        with quiet_sql():
            with quiet_sql():
                self.assertFalse(logger.filter(record))
            self.assertFalse(logger.filter(record))
            other.start()
            other.join()
        self.assertEqual(heard, [True])
        self.assertTrue(logger.filter(record))

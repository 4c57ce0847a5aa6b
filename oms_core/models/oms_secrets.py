from odoo import api, models
from odoo.tools import SQL

from ..sealing import Unreadable, is_current, keys, open_sealed, seal
from ..secret_field import sealed_columns


class OmsSecrets(models.AbstractModel):
    """The state of all keys in this database: whether they are encrypted, and with the key that is used now."""

    _name = "oms.secrets"
    _description = "Keys at Rest"

    @api.model
    def _get_outdated(self):
        """{(table, column): {id: stored value}} of what is not encrypted, or with another key than the one used now."""
        found = {}
        for model, names in sealed_columns(self.env.registry):
            record = self.env[model]
            record.flush_model(names)
            for name in names:
                rows = self.env.execute_query(
                    SQL(
                        "SELECT id, %s FROM %s WHERE %s > ''",
                        SQL.identifier(name),
                        SQL.identifier(record._table),
                        SQL.identifier(name),
                    )
                )
                if outdated := {row_id: value for row_id, value in rows if not is_current(value)}:
                    found[record._table, name] = outdated
        return found

    @api.model
    def _count_unreadable(self):
        """How many stored keys none of the server's keys opens."""
        count = 0
        for values in self._get_outdated().values():
            for value in values.values():
                try:
                    open_sealed(value)
                except Unreadable:
                    count += 1
        return count

    @api.autovacuum
    def _seal_anew(self):
        """Encrypt with the first key whatever is not: what was stored before there was one, and after it was changed.

        What cannot be opened stays as it is, for the day when its key is set again.
        """
        if not keys():
            return 0
        count = 0
        for (table, column), values in self._get_outdated().items():
            for row_id, value in values.items():
                try:
                    sealed = seal(open_sealed(value))
                except Unreadable:
                    continue
                # In SQL, and only where nobody has written meanwhile: nothing else about the record changes.
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s AND %s = %s",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        sealed,
                        row_id,
                        SQL.identifier(column),
                        value,
                    )
                )
                count += self.env.cr.rowcount
        self.env.invalidate_all()
        return count

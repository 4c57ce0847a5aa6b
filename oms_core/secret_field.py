"""A field that programs can read and people can only write."""

from odoo import fields
from odoo.exceptions import UserError

from .sealing import PREFIX, Unreadable, open_sealed, seal

DOT = "•"
#: Shorter secrets show nothing of themselves.
SHOWN_CHARS = 4
SHOWN_FROM_CHARS = 12


class Secret(fields.Char):
    """Text that is encrypted in the database (:mod:`.sealing`), and shown to nobody once it is saved.

    ``record.field`` is the text itself, for programs. Whatever goes to a user (``read``, forms, exports, names) is dots and the
    last characters. Writing those dots back changes nothing. It cannot be searched for, but for whether there is one.

    A model may give values from outside of the database: ``_get_secret_override(name) -> str``.
    """

    exportable = False

    def _setup_attrs__(self, model_class, name):
        result = super()._setup_attrs__(model_class, name)
        self.copy = False
        return result

    # ---- Into the database ----

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        return super().convert_to_column_insert(
            self.convert_to_cache(value, record, validate), record, values, validate
        )

    def convert_to_cache(self, value, record, validate=True):
        value = super().convert_to_cache(value, record, validate)
        # Dots are what a form gives back for a secret that nobody has touched.
        return seal(value) if value and DOT not in value else value

    def write(self, records, value):
        if isinstance(value, str) and DOT in value:
            untouched = all(self.convert_to_read(record[self.name], record) == value for record in records)
            if not untouched and any(records._ids):
                raise UserError(records.env._("Enter the whole key anew; part of it cannot be changed."))
            if untouched:
                return
        super().write(records, value)

    # ---- Out of it ----

    def convert_to_record(self, value, record):
        if len(record) == 1 and (override := self._get_override(record)):
            return override
        if not value or not value.startswith(PREFIX):
            return super().convert_to_record(value, record)
        try:
            return open_sealed(value)
        except Unreadable:
            return False

    def convert_to_read(self, value, record, use_display_name=True):
        if not value or DOT in value:
            return value or False
        shown = DOT * 8 + (value[-SHOWN_CHARS:] if len(value) >= SHOWN_FROM_CHARS else "")
        if len(record) == 1 and self._get_override(record):
            shown = record.env._("%s (from the server's environment)", shown)
        return shown

    def convert_to_export(self, value, record):
        return self.convert_to_read(value, record) or ""

    def convert_to_display_name(self, value, record):
        return self.convert_to_read(value, record)

    def _get_override(self, record):
        get = getattr(record, "_get_secret_override", None)
        return get(self.name) if get and not self.related else ""

    # ---- Searching ----

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        self._check_searched(operator, value, model)
        return super().condition_to_sql(field_expr, operator, value, model, alias, query)

    def filter_function(self, records, field_expr, operator, value):
        self._check_searched(operator, value, records)
        return super().filter_function(records, field_expr, operator, value)

    def _check_searched(self, operator, value, model):
        """Only whether there is one may be asked: else a key could be found out letter by letter."""
        asked = value if hasattr(value, "__iter__") else [value]
        if isinstance(value, str):
            asked = [value]
        if operator not in ("in", "not in", "=", "!=") or any(asked):
            raise UserError(model.env._("Nobody can search for keys and secrets."))


def sealed_columns(registry):
    """(model, names of stored secrets) of each model that has some."""
    for name, model in registry.items():
        if model._abstract or not model._auto:
            continue
        names = [field.name for field in model._fields.values() if isinstance(field, Secret) and field.store]
        if names:
            yield name, names

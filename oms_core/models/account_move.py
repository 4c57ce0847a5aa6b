from odoo import api, fields, models
from odoo.exceptions import AccessError

#: What names the event that an entry or a payment books, and what the entry was then. With the name of another event, a draft
#: would keep that one out of the books; without its own, its event would be booked a second time; and the auditor holds the
#: entry against what it was.
NAMES_OF_EVENTS = ("oms_key", "oms_fingerprint", "oms_booked")


def refuse_name_by_hand(records, names):
    """An event is named by the method that books it and by nobody else, in drafts too.

    :param records: entries, items or payments; none where one is to be created.
    :param names: of the fields that are written.
    :raise AccessError: when the name of an event is among them, and it is no method of ours that writes it as superuser.
    """
    told = [name for name in NAMES_OF_EVENTS if name in names and name in records._fields]
    if told and not records.env.su:
        raise AccessError(
            records.env._(
                "“%(field)s” names the event that an entry books, and is given by the system. Leave it as it is; to book "
                "something by hand, make an entry without it.",
                field=records._fields[told[0]]._description_string(records.env),
            )
        )


def refuse_by_hand(records, vals, state):
    """What an entry in the books says of the event that it books is nobody's to change, over whatever way.

    :param records: entries, items or payments.
    :param state: the path to the state of their entry.
    :raise AccessError: when ``vals`` has a stored field of ours, one of them is posted, and it is no method of ours that writes
        it as superuser; and as :func:`refuse_name_by_hand`.
    """
    if records.env.su:
        return
    refuse_name_by_hand(records, vals)
    fields_of = records._fields
    told = [name for name in vals if name.startswith("oms_") and name in fields_of and fields_of[name].store]
    if told and (booked := records.filtered_domain([(state, "=", "posted")])):
        raise AccessError(
            records.env._(
                "%(entry)s is in the books, and “%(field)s” says what it books: that is not changed by hand. Reverse the entry, "
                "or undo what made it.",
                entry=booked[0].display_name,
                field=fields_of[told[0]]._description_string(records.env),
            )
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_key = fields.Char(
        string="Posting Key",
        readonly=True,
        copy=False,
        help="Names the business event that this entry books; no event is booked twice.",
    )
    oms_channel_id = fields.Many2one("oms.channel", string="Channel", compute="_compute_oms_channel_id", store=True)

    _oms_key_uniq = models.UniqueIndex("(oms_key) WHERE oms_key IS NOT NULL", "This event has been booked already.")

    @api.depends("line_ids.sale_line_ids", "origin_payment_id.payment_transaction_id")
    def _compute_oms_channel_id(self):
        """The channel whose order this entry books: by its lines, or by the payment that it belongs to."""
        for move in self:
            orders = (
                move.line_ids.sale_line_ids.order_id or move.origin_payment_id.payment_transaction_id.sale_order_ids
            )
            move.oms_channel_id = orders.oms_channel_id[:1]

    @api.model_create_multi
    def create(self, vals_list):
        """Override: which event an entry books, the system says."""
        refuse_name_by_hand(self, {name for vals in vals_list for name in vals if vals[name]})
        return super().create(vals_list)

    def write(self, vals):
        """Override: what a posted entry says of its event stays."""
        refuse_by_hand(self, vals, "state")
        return super().write(vals)

    def _oms_get_channel_return_ref(self):
        """Hook: the channel's id of the return that this credit note pays for; empty for none, or several."""
        self.ensure_one()
        return ""


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        """Override: as for its entry."""
        refuse_by_hand(self, vals, "parent_state")
        return super().write(vals)

    def _oms_get_sale_lines(self):
        """Hook: the order lines that this line charges, or gives back to whoever paid for them."""
        return self.sale_line_ids

"""Which entries book what tills sold."""

from odoo.tools import SQL


def till_entries():
    """(entry_id, sale_id, config_id): entries that book single sales of tills, or take back what was booked.

    They are the invoices of sales, what takes an order out of the entry of its session because it was invoiced later, and what
    reverses an invoice or the entry of a session by hand (of no sale, then). The entries of sessions are not among them.
    """
    return SQL(
        """SELECT sale.account_move AS entry_id, sale.id AS sale_id, session.config_id
             FROM pos_order sale
             JOIN pos_session session ON session.id = sale.session_id
            WHERE sale.account_move IS NOT NULL
            UNION ALL
           SELECT entry.id, sale.id, session.config_id
             FROM account_move entry
             JOIN pos_order sale ON sale.id = entry.reversed_pos_order_id
             JOIN pos_session session ON session.id = sale.session_id
            UNION ALL
           SELECT entry.id, sale.id, session.config_id
             FROM account_move entry
             JOIN pos_order sale ON sale.account_move = entry.reversed_entry_id
             JOIN pos_session session ON session.id = sale.session_id
            WHERE NOT EXISTS (SELECT FROM pos_order own WHERE own.account_move = entry.id)
            UNION ALL
           SELECT entry.id, NULL, session.config_id
             FROM account_move entry
             JOIN pos_session session ON session.move_id = entry.reversed_entry_id"""
    )


def is_rounding(item):
    """Whether an item of a session rounds what was paid in cash: Odoo gives it this name in every language."""
    return SQL("(%(item)s.display_type = 'rounding' OR %(item)s.name IS NOT DISTINCT FROM 'Rounding line')", item=item)

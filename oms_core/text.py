"""Text that becomes a part of a page."""

from markupsafe import Markup


def as_html(text):
    """A text of somebody else for an HTML field: as it was written, and nothing of it markup or a link.

    Odoo's ``plaintext2html`` makes whatever looks like an address a link that a clerk may click.

    >>> as_html("1 < 2\\nnow")
    Markup('<p>1 &lt; 2<br>now</p>')
    """
    return Markup("<p>%s</p>") % Markup("<br>").join((text or "").splitlines())

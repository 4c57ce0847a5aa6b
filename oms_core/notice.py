"""A message on the screen of whoever pressed a button."""

RELOAD = {"type": "ir.actions.client", "tag": "soft_reload"}
CLOSE = {"type": "ir.actions.act_window_close"}


def notice(message, kind="info", *, title=None, sticky=False, then=None):
    """The action that shows a message in a corner of the screen.

    :param kind: ``info``, ``success``, ``warning`` or ``danger``.
    :param sticky: it stays until it is closed.
    :param then: the action that follows, :data:`RELOAD` where what is shown has changed.
    """
    params = {"message": message, "type": kind, "sticky": sticky, "title": title, "next": then}
    told = {name: value for name, value in params.items() if value}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": told}

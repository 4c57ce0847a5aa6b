def post_init_hook(env):
    """Websites that are there have a channel from the start; what they sold before stays where it is."""
    for website in env["website"].search([]):
        website._oms_get_channel()


def uninstall_hook(env):
    """The websites' channels stay with their orders, as channels that are worked by hand; those without any go."""
    carts = env["sale.order"].search([("state", "=", "draft"), ("website_id", "!=", False)])
    carts._oms_pending()._transition("voided")
    channels = env["oms.channel"].with_context(active_test=False).search([("platform", "=", "website")])
    used = env["sale.order"].search([("oms_channel_id", "in", channels.ids)]).oms_channel_id
    used |= env["oms.reservation"].search([("channel_id", "in", channels.ids)]).channel_id
    used.platform = "manual"
    (channels - used).unlink()

def post_init_hook(env):
    """Tills that are there have a channel from the start; what they sold before stays where it is."""
    for config in env["pos.config"].with_context(active_test=False).search([]):
        config._oms_get_channel()


def uninstall_hook(env):
    """The tills' channels stay with their orders, as channels that are worked by hand; those without any go."""
    # What is set aside for sales of sessions that are still open would never be let go.
    env["oms.reservation"].search([("oms_pos_order_id", "!=", False)])._transition("voided")
    channels = env["oms.channel"].with_context(active_test=False).search([("platform", "=", "pos")])
    used = env["sale.order"].search([("oms_channel_id", "in", channels.ids)]).oms_channel_id
    used |= env["oms.reservation"].search([("channel_id", "in", channels.ids)]).channel_id
    used.platform = "manual"
    (channels - used).unlink()

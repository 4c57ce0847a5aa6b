from odoo.addons.oms_core.hooks import forget_models

from .platforms import PLATFORMS


def uninstall_hook(env):
    """Channels that nobody can talk to any more are worked by hand."""
    channels = env["oms.channel"].with_context(active_test=False)
    channels.search([("platform", "in", list(PLATFORMS))]).platform = "manual"
    forget_models(env, "oms.settlement")

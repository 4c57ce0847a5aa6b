from odoo.addons.oms_core.hooks import forget_models


def uninstall_hook(env):
    forget_models(env, "oms.return", "oms.return.signal")

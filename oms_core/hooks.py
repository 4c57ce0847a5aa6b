"""Begin with what is there, leave nothing behind."""


def forget_models(env, *models):
    """Remove the external ids that other modules keep about models that are about to go.

    Odoo removes those of the module that is uninstalled; what ``mail`` and others registered when our models inherited
    from theirs would stay and point to nothing.
    """
    external_ids = env["ir.model.data"].sudo()  # sudo: uninstalling is the administrator's, whatever their other rights
    for model in models:
        table = model.replace(".", "_")
        for kind in ("model_inherit", "selection"):
            external_ids |= external_ids.search([("name", "=like", rf"{kind}__{table}__%".replace("_", r"\_"))])
    external_ids.unlink()


def post_init_hook(env):
    """The stock journal begins with the stock as it is."""
    env["oms.stock.event"]._correct(kind="opening")


def uninstall_hook(env):
    """What stands for channels on payments goes with them, unless a payment still needs it."""
    providers = env["oms.channel"].with_context(active_test=False).search([]).payment_provider_id
    used = env["payment.transaction"].search([("provider_id", "in", providers.ids)]).provider_id
    (providers - used).unlink()
    # An activity type in use cannot be removed; what is to be done for customers stays, as plain tasks.
    case = env.ref("oms_core.mail_activity_type_case", raise_if_not_found=False)
    task = env.ref("mail.mail_activity_data_todo", raise_if_not_found=False)
    if case and task:
        activities = env["mail.activity"].with_context(active_test=False)
        activities.search([("activity_type_id", "=", case.id)]).activity_type_id = task
    # They stand on analytic accounts that go, and cannot be without one.
    costs = env["account.analytic.line"].with_context(skip_analytic_sync=True)
    costs.search([("oms_cost_key", "!=", False)]).unlink()
    env.cr.execute("DROP FUNCTION IF EXISTS oms_log_moves")
    forget_models(env, "oms.channel", "oms.check.result", "oms.subscription", "oms.device")

"""Databases by name: what `postgres.sql` runs with the environment's Python.

Speaks JSON; an error is one sentence on stderr.
"""

import json
import os
import sys

import psycopg2
from psycopg2 import sql

CONNECT_TIMEOUT_S = 10


def connect(database=None):
    names = [database] if database else [os.environ.get("PGDATABASE") or "postgres", "template1"]
    for name in names:
        try:
            connection = psycopg2.connect(dbname=name, connect_timeout=CONNECT_TIMEOUT_S)
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError as error:
            reason = " ".join(str(error).split())
    sys.exit(f"the PostgreSQL server that PGHOST and its kin name cannot be used ({reason})")


def query(statement, *values, database=None):
    connection = connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)  # None: a % in the text is then just a %
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def check():
    """Whether Odoo can work with this server and role."""
    [(role, may_create, version)] = query(
        "SELECT rolname, rolcreatedb OR rolsuper, current_setting('server_version_num')::int"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if role == "postgres":
        sys.exit("Odoo refuses the PostgreSQL role `postgres`: set PGUSER to another role that may create databases")
    if not may_create:
        sys.exit(f"the PostgreSQL role `{role}` may not create databases: grant it CREATEDB, or set PGUSER to another")
    if version < 130000:
        sys.exit(
            f"Odoo 19 needs PostgreSQL 13 or newer and this server is {version // 10000}: set PGHOST to a newer one"
        )


def names(prefix):
    """The databases whose name begins with `prefix`."""
    return [
        name for (name,) in query("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1", prefix)
    ]


def create(name, template):
    """Copy a database. PostgreSQL only copies one that nobody is connected to."""
    disconnect(template)
    query(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def rename(name, new_name):
    disconnect(name)
    query(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new_name)))


def drop(name):
    query(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def disconnect(name):
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", name)


def inventory(database):
    """Everything an add-on can leave behind in a database, as sorted strings; see `residue.py`."""
    public = "'public'::regnamespace"
    parts = {
        "table": f"SELECT relname FROM pg_class WHERE relkind NOT IN ('t', 'c') AND relnamespace = {public}",
        "column": "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema='public'",
        "constraint": f"SELECT conrelid::regclass || ':' || conname FROM pg_constraint WHERE connamespace = {public}",
        "function": f"SELECT proname FROM pg_proc WHERE pronamespace = {public}",
        "trigger": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
        "external id": "SELECT module || '.' || name FROM ir_model_data",
        "model": "SELECT model FROM ir_model",
        "field": "SELECT model || '.' || name FROM ir_model_fields",
    }
    # Records of Odoo's own models, unless another add-on than ours brought them.
    records = {
        "ir.ui.view": "name || ' of ' || coalesce(model, '-')",
        "ir.ui.menu": "name::text",
        "ir.cron": "cron_name",
        "ir.actions.server": "name::text",
        "ir.actions.act_window": "name::text",
        "ir.actions.report": "name::text",
        "ir.model.access": "name",
        "ir.rule": "name",
        "ir.sequence": "name",
        "ir.config_parameter": "key",
        "ir.filters": "name",
        "ir.asset": "name",
        "res.groups": "name::text",
        "mail.template": "name::text",
        "mail.activity.type": "name::text",
        "mail.message.subtype": "name::text",
    }
    tables = {
        "ir.actions.server": "ir_act_server",
        "ir.actions.act_window": "ir_act_window",
        "ir.actions.report": "ir_act_report_xml",
    }
    for model, label in records.items():
        parts[model] = f"""
            SELECT {label} FROM {tables.get(model, model.replace(".", "_"))} record
            WHERE NOT EXISTS (
                SELECT 1 FROM ir_model_data WHERE model = '{model}' AND res_id = record.id AND module NOT LIKE 'oms%'
            )"""
    return sorted(
        f"{kind} {name}" for kind, statement in parts.items() for (name,) in query(statement, database=database)
    )


if __name__ == "__main__":
    try:
        print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
    except psycopg2.Error as error:
        full = "No space left on device" in str(error)
        text = " ".join(str(error).split())
        sys.exit(
            "the disk that holds PostgreSQL's data is full: free some space there"
            if full
            else f"PostgreSQL refused: {text}"
        )

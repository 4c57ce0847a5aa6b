"""Run in ``odoo shell``: make the demonstration shop, and tell the token of its channel through a file."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.build import build
from demo.life import rules

channel = build(env)  # noqa: F821 - odoo shell provides env
rules(env)  # noqa: F821
env.cr.commit()  # noqa: F821 pylint: disable=invalid-commit
Path(os.environ["TOKEN_FILE"]).write_text(channel.token)

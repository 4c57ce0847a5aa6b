"""What docs/api.md shows is run as it stands, against a server that verifies every signature."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from odoo.addons.oms_channels.platforms.rest_api import const, openapi, parse, verify
from odoo.addons.oms_channels.platforms.rest_api.render import EVENTS
from odoo.addons.oms_channels.tests.servers.base import PlatformServer, Reply

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SECRET = "correct horse & 'battery'"


class Door(PlatformServer):
    """Lets in who signs as documented."""

    def handle(self, asked):
        query = "?" + "&".join(f"{name}={value}" for name, value in asked.query) if asked.query else ""
        headers = {**asked.headers, const.PSEUDO_METHOD: asked.method, const.PSEUDO_PATH: asked.path + query}
        if asked.headers["x-oms-key"] != "key-1" or not verify.verify(headers, asked.raw, SECRET):
            return Reply(401, {"code": "bad_signature"})
        return Reply(202, {"receipt": len(self.asked)})


def block(language):
    return re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)[1]


def run(door, command):
    environment = {
        **os.environ,
        "OMS_BASE": door.url,
        "OMS_KEY": "key-1",
        "OMS_SECRET": SECRET,
        "no_proxy": "127.0.0.1",
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_python_sample_is_let_in_and_sends_an_order():
    with Door() as door:
        assert run(door, [sys.executable, "-c", block("python")]).count("receipt") == 2
        assert parse.body("order", door.asked[0].raw).problems() == []
        assert door.asked[0].headers["idempotency-key"] == "A-1001-created"


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="needs curl and openssl")
def test_the_shell_sample_is_let_in_and_sends_an_order():
    with Door() as door:
        assert json.loads(run(door, ["sh", "-c", block("sh")]))["receipt"] == 1
        assert parse.body("order", door.asked[0].raw).external_id == "A-1002"


def test_all_paths_events_and_headers_are_told():
    for path in openapi.document()["paths"]:
        assert path in TEXT
    for name in EVENTS:
        assert f"`{name}`" in TEXT
    for header in (const.HEADER_KEY, const.HEADER_TIMESTAMP, const.HEADER_SIGNATURE, const.HEADER_IDEMPOTENCY):
        assert header in TEXT

"""Golden payloads of all platforms, each as a test of its own.

Real samples are not part of the project. Whoever has some names their folder (``<platform>/*.json``) in the environment
variable OMS_REAL_PAYLOADS: orders, and captured webhooks (``headers``, ``raw_body``, ``secret``). The rest is skipped.
"""

import json
import os
from pathlib import Path

import pytest

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.contract import EXPECTED_SUFFIX, PAYLOADS, expected, parsed, payloads

REAL = os.environ.get("OMS_REAL_PAYLOADS")
CASES = [path for platform in PLATFORMS for path in payloads(platform)]
SAMPLES = [path for platform in PLATFORMS for path in sorted(Path(REAL).glob(f"{platform}/*.json"))] if REAL else []


def name(path):
    return f"{path.parent.parent.name}-{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", CASES, ids=name)
def test_a_payload_becomes_the_expected_document(path):
    assert parsed(path) == expected(path)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_payload_has_a_line_in_the_readme_and_every_expectation_a_payload(platform):
    readme = (PAYLOADS / platform / "README.md").read_text(encoding="utf-8")
    cases = {path.stem for path in payloads(platform)}
    assert [case for case in sorted(cases) if f"| `{case}` |" not in readme] == []
    expectations = {
        path.name.removesuffix(EXPECTED_SUFFIX) for path in PAYLOADS.glob(f"{platform}/*/*{EXPECTED_SUFFIX}")
    }
    assert expectations == cases


if REAL:  # whoever has real samples beside the repository can check them too

    @pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
    def test_a_real_order_adds_up_or_says_why_not(path):
        adapter = PLATFORMS[path.parent.name]
        body = path.read_bytes()
        sample = json.loads(body)
        if isinstance(sample, dict) and "secret" in sample:
            body = sample["raw_body"].encode()
            assert adapter.verify(sample["headers"], body, sample["secret"])
        elif not (isinstance(sample, dict) and "line_items" in sample):
            pytest.skip("not an order")
        document = adapter.parse("order", body)
        assert document.computed_total() == document.total or document.problems()

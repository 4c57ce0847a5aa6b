import pytest

from odoo.addons.oms_channels.domain.signature import sign_base64, sign_hex, verify_base64, verify_hex

# RFC 4231, test case 2.
SECRET, MESSAGE = "Jefe", b"what do ya want for nothing?"
HEX = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
BASE64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="


def test_signatures_are_those_of_the_rfc():
    assert sign_hex(SECRET, MESSAGE) == HEX
    assert sign_base64(SECRET, MESSAGE) == BASE64


@pytest.mark.parametrize(("verify", "right"), [(verify_hex, HEX), (verify_base64, BASE64), (verify_hex, HEX.upper())])
def test_only_the_right_signature_of_the_right_message_is_accepted(verify, right):
    assert verify(SECRET, MESSAGE, right)
    assert not verify(SECRET, MESSAGE + b"!", right)
    assert not verify("jefe", MESSAGE, right)
    assert not verify(SECRET, MESSAGE, right[:-1])
    assert not verify(SECRET, MESSAGE, "")


@pytest.mark.parametrize(("verify", "sign"), [(verify_hex, sign_hex), (verify_base64, sign_base64)])
def test_an_empty_secret_signs_nothing(verify, sign):
    assert not verify("", MESSAGE, sign("", MESSAGE))


@pytest.mark.parametrize("odd", ["ü", "\ud800", "\0", "日本"])
def test_odd_signatures_are_refused_and_not_raised_about(odd):
    assert not verify_hex(SECRET, MESSAGE, odd)
    assert not verify_base64(SECRET, MESSAGE, odd)


def test_a_secret_may_hold_any_letter():
    assert verify_base64("pâté & thé", MESSAGE, sign_base64("pâté & thé", MESSAGE))

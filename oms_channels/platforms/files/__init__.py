"""Files of orders: CSV and Excel, EDIFACT and X12, handed in by people, through a folder or by SFTP.

A file is one message, each order in it another one: its *facts* (``parse.py``). Readers: ``csv_orders``, ``edifact_orders``,
``x12_orders``, chosen by ``split``; writers: ``render``, ``acks``.
"""

from ...domain.adapter import Adapter, Capabilities, Credential

from . import client, const, parse, verify

ADAPTER = Adapter(
    code=const.CODE,
    label=const.LABEL,
    source_type="file",
    credentials=(
        Credential(
            "api_url", "SFTP server", required=False, help="sftp://server.example:22/folder; empty without SFTP"
        ),
        Credential("api_key", "SFTP user", required=False),
        Credential("api_secret", "SFTP password", required=False, help="or the password of the key"),
        Credential("api_token", "SFTP private key", required=False, help="in OpenSSH or PEM format"),
        Credential(
            "account_ref",
            "Identifier of the partner",
            required=False,
            help="GLN or ISA id, with its qualifier: 4000001000005:14",
        ),
        Credential("site_ref", "Our identifier", required=False, help="as the partner knows us: 4000001000012:14"),
    ),
    capabilities=Capabilities(
        no_captures="A file tells what was paid; nobody can be asked to take money through files. Whoever sends them takes it.",
        files=True,
        fulfilment=True,
        partial_fulfilment=True,
        refunds=True,
        partial_refunds=True,
        cancel=True,
    ),
    verify=verify.verify,
    read_event=verify.read_event,
    parse=parse.body,
    client=client.Client,
)

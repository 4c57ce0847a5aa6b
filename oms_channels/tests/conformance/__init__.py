"""The conformance kit: every platform's production client and parser against a local server that misbehaves.

``stories`` knows how each platform's shop is worked, ``inbox`` is a small model of what the add-on keeps (pure, without Odoo),
``behaviours`` are what must hold whatever happens, ``matrix`` runs them all and prints what passed (``scripts/conformance``).
"""

"""Receipts: signed statements of an exchange or of a consent, verifiable offline by anybody with a public key.

The one idea: a receipt says what was decided, and names the ledger's commitment to the same event, its salt and the
time by which the log will include it. With the key alone it is "signed, inclusion promised"; with a proof "included".
Its claims name nobody: no subject, no identifier, no value of a record. They are listed in `docs/receipts.md`, which
`tests/receipts/test_docs.py` holds to the code; attacks on verification stand in `tests/receipts/test_verify.py`.
"""

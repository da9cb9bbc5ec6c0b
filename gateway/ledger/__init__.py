"""The ledger: an append-only Merkle log of every decision. It knows no HTTP.

The one idea: an entry is made in two steps. With the state that it tells of, in the same transaction, goes a 32-byte
commitment, SHA-256(salt ‖ RFC 8785 event); later one sequencer at a time gives numbers to those without, extends the
RFC 6962 tree and signs a checkpoint, all in one transaction of its own. So an entry is as durable as its decision,
the hot path waits for no tree, and a crash leaves either nothing or something that the next run finishes.

Salt and event (the opening) live apart and can be deleted: the commitment then tells nobody anything, and every proof
still verifies. Security: a changed, missing, moved or added entry changes the root that a signed checkpoint names
(`tests/ledger/test_verify.py` tampers with each position); a fork cannot be consistent with a checkpoint that
somebody remembers (`tests/ledger/test_merkle.py`); the sequencer recomputes the root that it signed last before it
signs another, and stops if the tiles beneath it were changed (`tests/ledger/test_sequencer.py`).
"""

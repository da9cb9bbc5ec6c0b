"""Adapters: how a dataset's records come out of an agency's own system.

The one idea: an adapter is a class with one required method, `fetch(query) -> Record | None`, and it says in the type
of its error what the gateway should do (`errors.py`). All else is the gateway's: deadlines, retries, breakers, the
check of the record against its type, minimising, the ledger. So an adapter needs to know nothing of agreements or
consents, and no fault of one makes the gateway release more fields than were permitted.

Start with `base.py`, the contract. Before writing one, see whether a kind with a YAML mapping will do: `sql.py`,
`rest.py`, `csv_file.py`, all of them over `mapping.py`. `conformance/` holds the contract as tests to inherit.
"""

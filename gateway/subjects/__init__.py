"""People, known by keyed hashes of their identifiers only.

The one idea: an agency's word never links two identifiers; only a person's verified token does. A request whose
identifiers belong to different subjects is refused. The index from a subject to the exchanges about them can be
deleted, and with it the last thread from a ledger entry to a person.
"""

"""Data-sharing agreements: what two agencies have both signed, version by version.

The one idea: a version's text never changes. What turns a permit into a refusal (status, version in force) stands
in one lockable row; the terms are read once from the immutable text. An acceptance is a signature over agreement,
version and the hash of the text as served, by a key of a client of that agency that may accept and may not exchange.
"""

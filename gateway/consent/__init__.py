"""The person's key: asked for by an agency, granted or declined by the person alone, revoked at any time.

The one idea: a consent is one lockable row, and a revocation that was acknowledged stands before every release that
commits after it. An agency's token never grants; whose consent it is follows from the identifiers in the person's
own verified token. Attacked by `tests/consent/` and raced by `tests/journeys/test_revocation_race.py`.
"""

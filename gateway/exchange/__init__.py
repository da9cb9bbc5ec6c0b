"""The heart: one brokered request for one record. Decide, fetch, minimise, commit, reply.

The one idea: the policy is asked twice, by the same function. Once before the fetch, so that nothing is read without
a right to it; once inside the transaction that enters the exchange, on facts read under lock, so that a revocation
acknowledged before that commit always wins. Only what stands in both permits leaves. `service.py` reads from top to
bottom. Attacked by `tests/exchange/`, raced by `tests/journeys/`.
"""

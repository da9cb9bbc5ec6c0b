"""`make bench`: the full exchange beside nginx `proxy_pass`, carrying the same POST to the same upstream.

The one idea: a ratio. Rounds of nginx and of the gateway alternate in one run, so that a noisy machine is noisy to
both, and the medians are compared. Everything is real: the gateway is a process of its own as `threekeys serve` runs
it, proofs are distinct, replay is refused, every exchange is durable before its reply, and afterwards the ledger must
hold at least as many entries as there were answers. What is switched off in one variant is switched off by
`Unsafe…` doubles that live here and nowhere else.
"""

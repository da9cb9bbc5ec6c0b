"""The store: one committer that writes, readers that read, SQLite or PostgreSQL beneath.

The one idea: whatever the ledger tells of is written by an *intent*, a frozen value that says which rows it
locks and what it applies. One committer a process owns the writing connection; intents that arrive together share a
transaction, one alone waits for nobody. A caller's await returns only once its transaction is durable, and
a caller who hangs up cancels nothing. Rows that can turn a permit into a refusal are locked in one fixed order for
the whole batch before its first decision, so a revocation is either wholly before or wholly after it.
"""

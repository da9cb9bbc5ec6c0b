"""Agencies on the exchange and their clients, each client known by public keys alone.

The one idea: whether a client may act is a fact of two lockable rows, its own and its agency's, so that a
suspension and an exchange are always one wholly before the other. A client holds no secret that the gateway knows.
"""

"""Signing keys and their rotation: who may say what in the gateway's name, and how others check it.

The one idea: a key is a file, made once, never changed and never named by a person. `<purpose>-0001.pem` is followed
by `<purpose>-0002.pem`; the highest number signs, all of them verify, so a rotation is one new file and every gateway
that shares the directory sees it. A key has one purpose: what a receipt key signed is no token. Algorithms are fixed
by the purpose (allow-list), never taken from what is being verified.
"""

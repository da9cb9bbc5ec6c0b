"""The caller's side: holds a client's signing key, gets tokens, signs each request, forwards.

The one idea: a system that can speak plain HTTP can use the gateway. `threekeys connect` listens on loopback only,
wants a loopback Host and refuses whatever a browser sends (Origin, Sec-Fetch-Site), so that no web page can use the
key through somebody's browser. Attacks: `tests/connector/test_local.py`.
"""

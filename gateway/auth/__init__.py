"""Who calls: an agency's client by a DPoP-bound token, or a person by the token of an issuer that is trusted.

The security argument. A client proves a private key twice: once for a token (`private_key_jwt`, RFC 7523, whose `aud`
is our issuer and nothing else), once a request (DPoP, RFC 9449). So a stolen token is worth nothing without the key,
a recorded request cannot be sent again, and there is no secret of a client here to be stolen. Algorithms come from
allow-lists by the kind of key, never from what is being verified. `htu` is compared with the configured base URL,
never with a request's Host. Whether client and agency may act at all is no part of a token: it is read in the commit.
Attacks: `tests/auth/test_attacks_on_the_token_endpoint.py`, `tests/auth/test_attacks_on_requests.py`,
`tests/auth/test_people.py`.
"""

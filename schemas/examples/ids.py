"""Ids, hashes and times that the examples share, so that one example leads to the next."""

from typing import Final

NINO: Final = "ZZ112648B"
"""Of Amara in the sandbox, who has consented: what is shown can be tried there."""
LICENCES: Final = "sandbox.licensing/driving-licence/v1"
AWARDS: Final = "sandbox.benefits/benefit-award/v1"
EXCHANGE: Final = "019ac7d2-5c1e-7b40-9a63-2f0d8c51e7a4"
REFUSED: Final = "019ac7d2-63f8-7d11-8e0b-71c5a9f2d360"
REQUEST: Final = "019ac7d2-5c1c-7f3a-b1d4-60e29a7c58f1"
AGREEMENT: Final = "019ac640-0a2d-7c35-94f2-b8e61d07a953"
CONSENT: Final = "019ac7c0-418b-7e06-a5d9-3c72f0b4681e"
NOTICE: Final = "019ac7c4-907a-7a52-8b3f-d15e06c7294a"
ENTRY: Final = "019ac7d2-5c33-7519-bd80-4ea7f1926c05"
COMMITMENT: Final = "7c0e4f0b7a3b1f6f0a5d6c2be49d18f3524ab7d98e60c3f1a27d50b9e81643fa"
SALT: Final = "b39d02f5c8614ea7903b6df1254c87aef06812d9a4bc537e1d40c9f6a82b75e3"
SHA256: Final = "e2a90c4d7f16b83559d0c1fa4e7b2863a5d81f0c9647be32d07a5f18c3964be1"
CHECKPOINT: Final = (
    "127.0.0.1/threekeys\n1204\nQmFzZTY0IG9mIHRoaXJ0eS10d28gYnl0ZXMuLi4uLi4=\n\n"
    "— 127.0.0.1/threekeys 8fZk2Q3nQx0mB1v6yVJ5c3c2l4m9sU7dW0aEoRkTqHfXbPzNtLgYjCiDuVwMxS+eKrA7O5h4G1pZ8BqvT6nFYw==\n"
)
JWS: Final = "eyJ0eXAiOiJ0aHJlZWtleXMtYWNjZXB0YW5jZStqd3QiLCJhbGciOiJFUzI1NiJ9.eyJ2ZXJzaW9uIjoxfQ.c2lnbmF0dXJl"
RECEIPT: Final = (
    "eyJ0eXAiOiJ0aHJlZWtleXMtcmVjZWlwdCtqd3QiLCJhbGciOiJFUzI1NiJ9.eyJvdXRjb21lIjoicmVsZWFzZWQifQ.c2lnbmF0dXJl"
)

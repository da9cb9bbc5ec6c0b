"""Why a caller is not believed. Each says how to authenticate in WWW-Authenticate (RFC 9449, section 7.1)."""

from gateway.errors import InvalidRequest, NotAllowed, Unauthenticated

ALGORITHMS = ("ES256", "Ed25519", "EdDSA")
_ALGS = f'algs="{" ".join(ALGORITHMS)}"'


class NoCredentials(Unauthenticated):
    """No token was sent, or in a form that is not taken."""

    def __init__(self, detail: str = "send Authorization: DPoP <token> and a DPoP proof") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": f"DPoP {_ALGS}"})


class TokenInvalid(Unauthenticated):
    """The access token is expired, not ours, not for us, or bound to another key."""

    code = "invalid-token"
    title = "The access token is not accepted"
    explanation = (
        "Get a new token from /oauth/token with the key that signs the DPoP proofs, and use it within its life."
    )

    def __init__(self, detail: str, *, scheme: str = "DPoP") -> None:
        challenge = f'{scheme} error="invalid_token", error_description="{detail}"'
        if scheme == "DPoP":
            challenge += f", {_ALGS}"
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class ProofInvalid(Unauthenticated):
    """The DPoP proof is missing, malformed, not for this request, or was seen before."""

    code = "invalid-dpop-proof"
    title = "The DPoP proof is not accepted"
    explanation = (
        "Make a fresh proof for each request: its own jti, iat of now, htm and htu of this request, ath of this "
        "token, signed by the key that the token is bound to (RFC 9449)."
    )

    def __init__(self, detail: str) -> None:
        challenge = f'DPoP error="invalid_dpop_proof", error_description="{detail}", {_ALGS}'
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class ClientSuspended(Unauthenticated):
    """The client or its agency is suspended; its tokens are worth nothing until it is reactivated."""

    code = "client-suspended"
    title = "The client or its agency is suspended"
    explanation = "Ask the operator of the gateway why, and to reactivate it."

    def __init__(self) -> None:
        challenge = f'DPoP error="invalid_token", error_description="the client is suspended", {_ALGS}'
        super().__init__(None, headers={"WWW-Authenticate": challenge})


class ScopeMissing(NotAllowed):
    """The token lacks a scope that this call needs."""

    def __init__(self, scope: str) -> None:
        challenge = f'DPoP error="insufficient_scope", scope="{scope}", {_ALGS}'
        super().__init__(f"this call needs the scope {scope}", headers={"WWW-Authenticate": challenge}, scope=scope)


class PersonTokenRefused(InvalidRequest):
    """The token by which a person is said to have asked for an exchange proves nothing of the kind."""

    code = "person-token-not-accepted"
    title = "The person's token in explicitRequest is not accepted"
    explanation = (
        "It must come from an issuer that the gateway trusts, be made out to the gateway's /explicit-requests alone "
        "(`aud`) and to the calling client (`azp` or `client_id`), carry a jti, and be ten minutes old at most. A "
        "token by which a person signs in is refused: never ask a person for one."
    )

    def __init__(self, why: str) -> None:
        super().__init__(errors=[{"pointer": "/explicitRequest/personToken", "detail": why}])


class WrongKindOfCaller(NotAllowed):
    """A client's token where a person is needed, or a person's where a client is."""

    code = "wrong-kind-of-caller"
    title = "This call is not for this kind of caller"
    explanation = (
        "Only the person decides about a consent: send their token of a trusted issuer, as Bearer. Only an agency's "
        "client may use an agency's verbs: send its DPoP-bound token of /oauth/token."
    )

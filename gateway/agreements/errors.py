"""What the room refuses."""

from gateway.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class NoSuchAgreement(NotFound):
    """Not there, or between other agencies."""

    code = "no-such-agreement"
    title = "There is no such agreement, or your agency is no party to it"
    explanation = "GET /v1/agreements lists those of your agency; GET /v1/register all that are in force."


class NotAParty(NotAllowed):
    """The caller drafts an agreement between two others."""

    code = "not-a-party"
    title = "Your agency is neither consumer nor provider of this agreement"
    explanation = "Name your own agency as consumer or as provider: an agreement is drafted by one of its two."


class PartiesFixed(Conflict):
    """A version would change who, or which dataset."""

    code = "agreement-parties-fixed"
    title = "A new version keeps consumer, provider and dataset"
    explanation = "Draft another agreement for other agencies or another dataset: POST /v1/agreements."


class NotThisVersion(Conflict):
    """Only the newest version can be accepted, and only while it is open."""

    code = "agreement-version-closed"
    title = "This version is not open for acceptance"
    explanation = "Read the agreement again: accept its newest version, while the agreement has not ended."


class AlreadyAccepted(Conflict):
    """This agency has signed this version."""

    code = "agreement-already-accepted"
    title = "Your agency has accepted this version already"
    explanation = "Nothing is left to do; the other agency may still have to accept."


class AgreementStateForbids(Conflict):
    """Suspended already, or by the other alone; ended, or not in force."""

    code = "agreement-state-forbids"
    title = "The agreement's state does not allow this"
    explanation = (
        "Read the agreement again. Each agency resumes what it suspended itself, and suspends once; an ended "
        "agreement stays ended."
    )


class AnotherSignal(Conflict):
    """The agreement rests on another signal than what is brought. `signal`: what it rests on; None where this gateway
    cannot read the stored text."""

    def __init__(self, signal: str | None = None) -> None:
        if signal is None:
            super().__init__()
        else:
            super().__init__(f"for this purpose the agreement rests on the signal {signal}", signal=signal)


class TooManyDrafts(Conflict):
    """This agency has drafted enough for this consumer and dataset that is not yet in force."""

    code = "too-many-drafts"
    title = "Too many drafts of your agency are open for this consumer and dataset"
    explanation = "End drafts that are not wanted any more, or draft a new version of one of them."


class AcceptanceInvalid(InvalidRequest):
    """The signature does not hold."""

    code = "acceptance-invalid"
    title = "The acceptance's signature does not hold"
    explanation = (
        "Send a compact JWS (typ threekeys-acceptance+jwt; ES256, PS256 or Ed25519; kid of a key of one of your "
        "clients that holds agreements:accept) over the RFC 8785 JSON of {agreement, version, sha256}."
    )


class AgreementInvalid(InvalidRequest):
    """The text contradicts itself or the catalogue."""

    code = "agreement-invalid"
    title = "The agreement's text cannot be taken"
    explanation = "Each entry of `errors` says which part to mend."

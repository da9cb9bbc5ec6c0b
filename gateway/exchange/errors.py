"""What can go wrong with an exchange besides a refusal: the source, and the caller's own headers."""

from gateway.errors import Conflict, GatewayError, InvalidRequest, NotFound, SourceFault


class NoSuchExchange(NotFound):
    """Not there, or between other agencies."""

    code = "no-such-exchange"
    title = "There is no such exchange, or your agency is no party to it"
    explanation = "The exchangeId stands in the answer and in the problem of each exchange."


class SourceTimeout(SourceFault):
    """The source did not answer before the deadline."""

    code = "source-timeout"
    status = 504
    title = "The agency's own system did not answer in time"


class SourceBusy(SourceFault):
    """As many fetches are under way as the source is allowed."""

    code = "source-busy"
    title = "The agency's own system has as many requests as it can take"
    asked = False


class SourceResting(SourceFault):
    """The circuit is open: the source failed several times in a row and is left alone for some seconds."""

    code = "source-resting"
    title = "The agency's own system failed repeatedly and is left alone for a moment"
    asked = False


class SourceMalformed(SourceFault):
    """The source answered something that cannot be read."""

    code = "source-malformed"
    status = 502
    title = "The agency's own system answered something that cannot be read"
    explanation = (
        "Nothing was released, and asking again will not help: give the exchangeId to the dataset's contact, whom "
        "GET /v1/datasets names."
    )


class SourceWrongSchema(SourceFault):
    """The source's record does not fit its record type."""

    code = "source-wrong-schema"
    status = 502
    title = "The agency's record does not fit its record type"
    explanation = (
        "Nothing was released. The agency has to mend its data or its mapping: give the exchangeId to the dataset's "
        "contact, whom GET /v1/datasets names."
    )


class SourceWrongPerson(SourceFault):
    """The source answered about another person, or does not say about whom."""

    code = "source-wrong-person"
    status = 502
    title = "The agency's own system answered about another person, or does not say about whom"
    explanation = (
        "Nothing was released. Check the identifiers that you sent; if they are right, give the exchangeId, which "
        "traces the read and finds the log line that says which it was, to the dataset's contact, whom GET "
        "/v1/datasets names."
    )


class SourceMisconfigured(SourceFault):
    """The gateway is not set up to reach the source."""

    code = "source-misconfigured"
    status = 502
    title = "The gateway cannot use the agency's own system as it is configured"
    explanation = (
        "Nothing was released. The operator of the gateway has to mend the adapter's settings: give them the "
        "exchangeId, which finds the log line."
    )


class NoSuchSource(SourceMisconfigured):
    """The gateway's configuration names no such adapter."""

    asked = False


class ConfirmationNeeded(InvalidRequest):
    """The dataset wants the person confirmed."""

    code = "confirmation-needed"
    title = "This dataset wants the person confirmed"
    explanation = "Send in subject.confirm what GET /v1/datasets/{id} names under `confirm`."


class IdempotencyKeyReused(InvalidRequest):
    """The same key with another body."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another body"
    explanation = "Use a new key for another request; repeat the same body to repeat the request."


class InFlight(Conflict):
    """The first request with this key is not done."""

    code = "idempotency-in-flight"
    title = "A request with this Idempotency-Key is under way"
    explanation = "Wait for Retry-After and repeat it."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class ShuttingDown(GatewayError):
    """The gateway drains: what is in flight finishes, nothing new begins."""

    code = "shutting-down"
    status = 503
    title = "This gateway is shutting down"
    explanation = "Repeat the request; another gateway will answer."

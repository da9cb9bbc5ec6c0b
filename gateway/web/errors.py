"""What is wrong with a request before any room sees it."""

from gateway.errors import GatewayError, InvalidRequest, NotFound


class MalformedRequest(InvalidRequest):
    """Not HTTP, or HTTP that two readers could read differently."""

    code = "malformed-request"
    status = 400
    title = "This is not an HTTP request that can be taken"
    explanation = (
        "Send HTTP/1.1 as RFC 9112 says, with one Host field and no fields after the body (trailers). Nothing of it "
        "was done, and the connection is closed: what was to follow has to be sent again."
    )


class HeadTooLarge(InvalidRequest):
    """More than is taken beside a body."""

    code = "head-too-large"
    status = 431
    title = "The head of the request is too large"
    explanation = (
        "Send at most 16 KB of request line, header fields, framing of chunks and trailers. Nothing of it was done, "
        "and the connection is closed."
    )


class TooManyConnections(GatewayError):
    """More connections, or requests under way, than the gateway takes at a time."""

    code = "too-many-connections"
    status = 503
    title = "This gateway has as many connections as it takes"
    explanation = (
        "Nothing of the request was done. Repeat it after Retry-After; keep connections open and use them again, "
        "rather than opening one for each request."
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1", "Connection": "close"})


class MalformedJson(InvalidRequest):
    """Not JSON, or JSON with duplicate names, NaN or too much nesting."""

    code = "malformed-json"
    status = 400
    title = "The body is not JSON that can be taken"
    explanation = "Send one JSON value (RFC 8259): each name once in an object, no NaN or Infinity, shallow nesting."


class BodyTooLarge(InvalidRequest):
    """Larger than the configured limit."""

    code = "body-too-large"
    status = 413
    title = "The body is too large"
    explanation = "Send at most 256 KB, one record a call: no call of this API needs a larger body."


class WrongContentType(InvalidRequest):
    """Not application/json, not in UTF-8, or packed."""

    code = "wrong-content-type"
    status = 415
    title = "The body's content type or encoding is not taken"
    explanation = "Send Content-Type: application/json."


class NoSuchRoute(GatewayError):
    """No route of this path."""

    code = "no-such-route"
    status = 404
    title = "There is no such route"
    explanation = "See /docs for the routes there are."


class NoSuchProblemType(NotFound):
    """No problem type of this code; `nearest` is the one that was meant, if any is near."""

    code = "no-such-problem-type"
    title = "There is no such problem type"
    explanation = "GET /problems lists them all."

    def __init__(self, nearest: str | None = None) -> None:
        super().__init__(f"the nearest is {nearest}; GET /problems lists them all" if nearest else None)
        self.nearest = nearest


class WrongMethod(GatewayError):
    """The path is there, the method is not."""

    code = "method-not-allowed"
    status = 405
    title = "This route does not know this method"
    explanation = "The Allow header names the methods; /docs describes them."

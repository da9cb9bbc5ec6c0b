"""The body of a token request: form-encoded, each parameter once (RFC 6749, sections 3.2 and 5.2)."""

from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError

LARGEST = 32 * 1024
_MOST_FIELDS = 20


def parse_form(content_type: str, query: str, body: bytes) -> dict[str, str]:
    """The parameters, those without a value left out. Raises Authlib's `InvalidRequestError`."""
    media, _, parameter = content_type.partition(";")
    if media.strip().lower() != "application/x-www-form-urlencoded":
        raise InvalidRequestError("send the parameters as application/x-www-form-urlencoded")
    if parameter.strip() and parameter.replace(" ", "").replace("'", "").lower() != "charset=utf-8":
        raise InvalidRequestError("the only charset is UTF-8")
    if query:
        raise InvalidRequestError("send the parameters in the body, never in the URL")
    if len(body) > LARGEST:
        raise InvalidRequestError("the body is too large")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise InvalidRequestError("the body is not a readable form") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidRequestError("a parameter is sent twice")
    return {name: value for name, value in pairs if value}

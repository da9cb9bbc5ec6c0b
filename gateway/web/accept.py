"""Which of two forms a caller would rather have, by the field Accept (RFC 9110, section 12.5.1)."""

from collections.abc import Iterable


def prefers_html(fields: Iterable[str]) -> bool:
    """Whether a page is wanted rather than JSON: browsers say so; who says nothing, or `*/*`, is a program."""
    ranges = [part for field in fields for part in field.split(",")]
    weights = dict(_weighed(part) for part in ranges[:_MOST])
    return _of("text/html", weights) > max(_of("application/problem+json", weights), _of("application/json", weights))


_MOST = 50


def _weighed(part: str) -> tuple[str, float]:
    """A media range and its weight; a weight that is none is 0."""
    kind, *parameters = (word.strip().lower() for word in part.split(";"))
    weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0


def _of(kind: str, weights: dict[str, float]) -> float:
    """The weight of a media type: that of the range that fits it most closely."""
    general = f"{kind.partition('/')[0]}/*"
    return next((weights[one] for one in (kind, general, "*/*") if one in weights), 0.0)

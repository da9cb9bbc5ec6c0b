"""What the shape of a body alone cannot show: rules (`gateway.web.faults`)."""

from collections.abc import Iterator

from gateway.catalogue.naming import unknown_dataset, unknown_fields
from gateway.catalogue.repository import DatasetRow
from gateway.policy import covered
from gateway.subjects.identifiers import schemes_twice
from gateway.web.faults import Fault, Rules, fault
from schemas.api.consents import ConsentRequest


def consent_rules(body: ConsentRequest, dataset: DatasetRow | None) -> Rules:
    """Of a request for consent."""
    yield unknown_dataset(body, dataset)
    yield schemes_twice(body)
    yield _required_already(body)
    if dataset is not None:
        yield unknown_fields(dataset.record_type, body, "fields", "fields")
        yield unknown_fields(dataset.record_type, body, "optional_fields", "optionalFields")


def _required_already(body: ConsentRequest) -> Iterator[Fault]:
    required = frozenset(body.fields)
    for n, name in enumerate(body.optional_fields):
        if covered(name, required):
            yield fault(("optionalFields", n), "it is required already")

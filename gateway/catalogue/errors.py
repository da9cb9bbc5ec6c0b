"""What the room refuses."""

from gateway.errors import Conflict, InvalidRequest, NotFound


class NoSuchDataset(NotFound):
    """No dataset of this id."""

    code = "no-such-dataset"
    title = "There is no such dataset"
    explanation = "Search the catalogue: GET /v1/datasets?q=…"


class NoSuchRecordType(NotFound):
    """No record type of this name and version."""

    code = "no-such-record-type"
    title = "There is no such record type"
    explanation = "GET /v1/record-types lists them; the catalogue names that of each dataset: GET /v1/datasets."


class DatasetExists(Conflict):
    """The id is taken."""

    code = "dataset-exists"
    title = "A dataset of this id is registered already"
    explanation = "Choose another id, or a new version."


class DatasetInvalid(InvalidRequest):
    """A registration that cannot be taken."""

    code = "dataset-invalid"
    title = "The dataset's registration is not valid"
    explanation = "The detail says which part to mend."

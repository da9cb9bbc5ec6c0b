"""Record types: the shared definitions of what agencies hold, one file each, and how to keep a part of one."""

from schemas.records.json_schema import json_schema
from schemas.records.model import Code, RecordModel, Word, confirmed_by
from schemas.records.paths import UnknownFields, field_paths
from schemas.records.projection import Projection, RecordInvalid, project, projection
from schemas.records.registry import RecordTypesUnusable, UnknownRecordType, record_model, record_types
from schemas.records.soundness import faults_of

__all__ = [
    "Code",
    "Projection",
    "RecordInvalid",
    "RecordModel",
    "RecordTypesUnusable",
    "UnknownFields",
    "UnknownRecordType",
    "Word",
    "confirmed_by",
    "faults_of",
    "field_paths",
    "json_schema",
    "project",
    "projection",
    "record_model",
    "record_types",
]

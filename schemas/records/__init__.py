"""Record types: the shared definitions of what agencies hold, one file each, and how to keep a part of one."""

from schemas.records.json_schema import json_schema
from schemas.records.model import RecordModel
from schemas.records.paths import UnknownFields, field_paths
from schemas.records.projection import Projection, RecordInvalid, project, projection
from schemas.records.registry import RECORD_TYPES, UnknownRecordType, record_model

__all__ = [
    "RECORD_TYPES",
    "Projection",
    "RecordInvalid",
    "RecordModel",
    "UnknownFields",
    "UnknownRecordType",
    "field_paths",
    "json_schema",
    "project",
    "projection",
    "record_model",
]

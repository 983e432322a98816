"""Client of the Enerclo cloud (atess-server-openapi, v1); imports nothing of Home Assistant."""

from .address import DEFAULT_BASE_URL, normalize_base_url
from .caller import Terms
from .client import EnercloClient
from .endpoints import ENDPOINTS, Candidate, Endpoint, Grade, Operation, endpoint
from .errors import (
    AuthenticationError,
    EnercloError,
    ForeignAnswerError,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    PacedError,
    RefusedError,
    TemporaryError,
    UnreachableError,
)
from .identify import Search
from .intervals import DEFAULT_INTERVAL, MAXIMUM_INTERVAL, MINIMUM_INTERVAL
from .model import Json, Kind, Sample
from .pacing import Pacer, Priority
from .paths import normalize_overrides
from .secrets import scrubber
from .shapes import find_member, serial_of, whole_number
from .token import Token

__all__ = [
    "DEFAULT_BASE_URL",
    "DEFAULT_INTERVAL",
    "ENDPOINTS",
    "MAXIMUM_INTERVAL",
    "MINIMUM_INTERVAL",
    "AuthenticationError",
    "Candidate",
    "Endpoint",
    "EnercloClient",
    "EnercloError",
    "ForeignAnswerError",
    "Grade",
    "Json",
    "Kind",
    "LimitedError",
    "MalformedAnswerError",
    "NoDataError",
    "NotFoundError",
    "Operation",
    "PacedError",
    "Pacer",
    "Priority",
    "RefusedError",
    "Sample",
    "Search",
    "TemporaryError",
    "Terms",
    "Token",
    "UnreachableError",
    "endpoint",
    "find_member",
    "normalize_base_url",
    "normalize_overrides",
    "scrubber",
    "serial_of",
    "whole_number",
]

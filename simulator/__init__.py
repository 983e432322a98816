"""A stand-in for the Enerclo cloud with the physics of ATESS plants behind it, written from the specification alone."""

from .cloud import RequestRecord
from .plant import Device, PlantError
from .simulator import Simulator

__all__ = ["Device", "PlantError", "RequestRecord", "Simulator"]

"""Models by the vendor's device type code, and what base info tells of a device's model and nominal power."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..enerclo.model import Json, Kind


@dataclass(frozen=True, slots=True)
class Model:
    """A model: type code (documented for Modbus, not seen in the cloud), name, kind and nominal power in kW."""

    code: int
    name: str
    kind: Kind
    nominal_power: float


MODELS: tuple[Model, ...] = (
    Model(21016, "PCS50", Kind.PCS, 50),
    Model(21017, "PCS50TL", Kind.PCS, 50),
    Model(21018, "PCS50U", Kind.PCS, 50),
    Model(21019, "PCS100", Kind.PCS, 100),
    Model(21020, "PCS100TL", Kind.PCS, 100),
    Model(21021, "PCS100U", Kind.PCS, 100),
    Model(21022, "PCS250", Kind.PCS, 250),
    Model(21023, "PCS250TL", Kind.PCS, 250),
    Model(21024, "PCS250U", Kind.PCS, 250),
    Model(21025, "PCS500", Kind.PCS, 500),
    Model(21026, "PCS500TL", Kind.PCS, 500),
    Model(21027, "PCS500U", Kind.PCS, 500),
    Model(21028, "PCS50", Kind.PCS, 50),
    Model(21029, "PCS50TL", Kind.PCS, 50),
    Model(21030, "PCS50U", Kind.PCS, 50),
    Model(21031, "PCS100", Kind.PCS, 100),
    Model(21032, "PCS100TL", Kind.PCS, 100),
    Model(21033, "PCS100U", Kind.PCS, 100),
    Model(21034, "PCS250", Kind.PCS, 250),
    Model(21035, "PCS250TL", Kind.PCS, 250),
    Model(21036, "PCS250U", Kind.PCS, 250),
    Model(21037, "PCS500", Kind.PCS, 500),
    Model(21038, "PCS500TL", Kind.PCS, 500),
    Model(21039, "PCS500U", Kind.PCS, 500),
    Model(21040, "PCS630", Kind.PCS, 630),
    Model(22001, "HPS30", Kind.HPS_CENTRAL, 30),
    Model(22002, "HPS50", Kind.HPS_CENTRAL, 50),
    Model(22003, "HPS100", Kind.HPS_CENTRAL, 100),
    Model(22004, "HPS120", Kind.HPS_CENTRAL, 120),
    Model(22005, "HPS150", Kind.HPS_CENTRAL, 150),
    Model(22006, "HPS250", Kind.HPS_CENTRAL, 250),
    Model(22007, "HPS7500TL", Kind.HPS_STRING, 7.5),
    Model(22008, "HPS20KTL", Kind.HPS_STRING, 20),
    Model(22009, "HPS10KTL", Kind.HPS_STRING, 10),
    Model(22010, "HPS10KTLS", Kind.HPS_STRING, 10),
    Model(22011, "HPS7500TLS", Kind.HPS_STRING, 7.5),
    Model(22012, "HPS5KTLS", Kind.HPS_STRING, 5),
    Model(22013, "HPS3500TLS", Kind.HPS_STRING, 3.5),
    Model(22014, "HPS20KTLS", Kind.HPS_STRING, 20),
    Model(22015, "HPS15KTL", Kind.HPS_STRING, 15),
    Model(22016, "HPS30KTL", Kind.HPS_STRING, 30),
    Model(22017, "HPS40KTL", Kind.HPS_STRING, 40),
    Model(23001, "PBD350", Kind.PBD, 350),
    Model(23002, "PBD350", Kind.PBD, 350),
    Model(23003, "PBD250", Kind.PBD, 250),
)

# Members of base info, folded: nominal power in W (the first is the sibling API's spelling), and texts with a model.
_POWERS = ("normalpower", "nominalpower", "ratedpower")
_NAMES = ("model", "devicemodel", "modeltext", "treename")
# kW; what lies outside is no nominal power of these machines.
_LEAST, _GREATEST = 1.0, 10_000.0
_NUMBER = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*", re.ASCII)
_MODEL = re.compile(r"(?:HPS|PCS|PBD)[ _-]?[0-9]{1,5}[A-Z]{0,6}", re.ASCII)

MODELS_BY_CODE: Mapping[int, Model] = {model.code: model for model in MODELS}


def nominal_power(model: str) -> float | None:
    """Return the nominal power in kW that a model's name tells: `HPS7500TL` -> 7.5, `HPS100HV` -> 100; None if none."""
    match = re.search(r"\b(HPS|PCS|PBD)[ _-]?(\d{1,5})(?!\d)", model.upper(), re.ASCII)
    if match is None or not (number := int(match[2])):
        return None
    watts = match[1] == "HPS" and number >= 1000
    return number / 1000 if watts else float(number)


def nominal_power_in(info: Mapping[str, Json]) -> float | None:
    """Return the nominal power in kW that base info tells, in W or by the model; None if it does not."""
    members = {name.casefold(): value for name, value in info.items()}
    for name in _POWERS:
        watts = _number(members.get(name))
        if watts is not None and _LEAST <= watts / 1000 <= _GREATEST:
            return watts / 1000
    for name in _NAMES:
        if (model := _model_by_code(members.get(name))) is not None:
            return model.nominal_power
        value = members.get(name)
        if isinstance(value, str) and (power := nominal_power(value)) is not None and _LEAST <= power <= _GREATEST:
            return power
    return None


def model_in(info: Mapping[str, Json]) -> str | None:
    """Return the name of the model that base info tells; None if it does not.

    A text that may be something else, such as `treeName`, counts only if it is the name of a model.
    """
    members = {name.casefold(): value for name, value in info.items()}
    for name in _NAMES:
        value = members.get(name)
        if (model := _model_by_code(value)) is not None:
            return model.name
        text = value.strip() if isinstance(value, str) else ""
        certain = name in {"model", "devicemodel"} and _number(text) is None
        if text and (certain or _MODEL.fullmatch(text.upper())):
            return text
    return None


def _model_by_code(value: Json) -> Model | None:
    code = _number(value)
    return None if code is None or not code.is_integer() else MODELS_BY_CODE.get(int(code))


def _number(value: Json) -> float | None:
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value)) is not None:
        return float(found[1])
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return float(value)

"""Model and nominal power from base info, whatever the members are called."""

from typing import Any

import pytest

from custom_components.atess.catalogue import model_in, nominal_power_in


@pytest.mark.parametrize(
    ("info", "power", "model"),
    [
        ({"model": 0, "modelText": "A0B0D0T0P0U0M0S0", "normalPower": 10000, "treeName": "INVENTED01"}, 10, None),
        ({"model": 0, "modelText": "A0B0D0T0P0U0M0S0", "normalPower": 500000, "treeName": "INVENTED02"}, 500, None),
        ({"model": 1, "modelText": "A0B0D0T0P0U0M0S1", "normalPower": 250000, "treeName": "PBD250"}, 250, "PBD250"),
        ({"nominalPower": "7500"}, 7.5, None),
        ({"NominalPower": 20000.0}, 20, None),
        ({"ratedPower": 30000}, 30, None),
        ({"normalPower": 0, "ratedPower": 30000}, 30, None),
        ({"normalPower": -10000, "model": "HPS20KTL"}, 20, "HPS20KTL"),
        ({"normalPower": None, "model": 22009}, 10, "HPS10KTL"),
        ({"model": "22009"}, 10, "HPS10KTL"),
        ({"deviceModel": "HPS7500TL"}, 7.5, "HPS7500TL"),
        ({"modelText": "HPS100HV"}, 100, "HPS100HV"),
        ({"treeName": "hps10ktls"}, 10, "hps10ktls"),
        ({"treeName": "My cellar"}, None, None),
        ({"model": "Box"}, None, "Box"),
        ({"normalPower": True, "nominalPower": [1], "ratedPower": {"a": 1}}, None, None),
        ({"normalPower": 1e300}, None, None),
        ({"normalPower": "9" * 400}, None, None),
        ({"normalPower": 3}, None, None),
        ({}, None, None),
    ],
)
def test_base_info(info: dict[str, Any], power: float | None, model: str | None) -> None:
    assert nominal_power_in(info) == power
    assert model_in(info) == model

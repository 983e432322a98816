"""A member that a device usually sends counts as unknown when a sample leaves it out, until it is forgotten."""

from datetime import timedelta

from .common import NOON, Device


def test_a_member_left_out_is_unknown_for_a_week() -> None:
    """No part is shown as the total meanwhile; then the input is none of the device any more. Counters stay."""
    device = Device()
    for _ in range(3):
        values = device.read(ppv1=2.0, ppv2=1.5, echargeTotal=40.0).values
    assert values["pv_power"] == 3.5
    values = device.read(ppv1=2.0).values
    assert (values["pv2_power"], values["pv_power"]) == (None, None)
    device.local = NOON + timedelta(days=8)
    values = device.read(ppv1=2.0).values
    assert "pv2_power" not in values
    assert values["pv_power"] == 2.0
    assert "battery_charge_energy_total" in values

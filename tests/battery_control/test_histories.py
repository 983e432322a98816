"""Random histories of verbs, changes by people, failures and restarts: nothing forced is ever forgotten."""

import random
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, restart
from ..control.common import CENTRAL, device_id, shown
from .common import CHARGE_CUT_OFF, CUT_OFF, ECONOMY, MODE, Told, call, control_of, set_up_pair

pytestmark = pytest.mark.campaign

HISTORIES, SEEDS = 50, range(16, 20)
# What people change, by our key: the simulator's name, and the cloud's key. They never set what a verb sets.
PEOPLES = {
    "mode": ("mode", MODE),
    "discharge_cut_off_soc": ("discharge_cutoff_soc", CUT_OFF),
    "charge_cut_off_soc": ("charge_cutoff_soc", CHARGE_CUT_OFF),
}
MODES = {"battery_first": 1, "economy": ECONOMY, "peak_shaving": 3}
VERBS = ("force_charge", "force_discharge", "hold", "resume")
FAULTS = ("refuse", "ignore", "late", "vanish", "unreadable", "unreachable")
LONGEST_DELAY = 3000
PATIENCE = 12 * 3600


class History:
    """One history: what was done, and what people want."""

    def __init__(self, hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, chance: random.Random) -> None:
        """Begin with what the device holds."""
        self.hass, self.cloud, self.entry, self.chance = hass, cloud, entry, chance
        self.before = shown(cloud, CENTRAL)
        self.wishes: dict[str, list[Any]] = {key: [self.before[key]] for _, key in PEOPLES.values()}
        self.sides: dict[str, set[str]] = {}
        self.faults = self.restarts = 0
        self.late = False
        self.done: list[str] = []

    async def step(self, advance: Advance) -> None:
        """Do something, and let some time pass."""
        [kind] = self.chance.choices(("verb", "ours", "theirs", "fault", "restart"), (6, 2, 2, 3, 1))
        await getattr(self, kind)()
        await advance(self.chance.choice((1, 3, 20, 70, 300, 1500)), step=100)

    async def verb(self) -> None:
        """Call an action of the battery."""
        name = self.chance.choice(VERBS)
        data: dict[str, Any] = {}
        if name != "resume":
            data["duration"] = 60 * self.chance.randint(1, 40)
        if name.startswith("force"):
            data["power"] = 1000 * self.chance.randint(1, 40)
            if self.chance.random() < 0.5:
                data["soc"] = self.chance.randint(40, 90)
        await self._try(f"{name} {data}", call(self.hass, self.entry, name, **data))

    async def ours(self) -> None:
        """Change a setting in Home Assistant."""
        key, value, held = self._wish()
        device = device_id(self.hass, self.entry, CENTRAL)
        data = {"device_id": device, "settings": {key: value}, "wait": 0}
        action = self.hass.services.async_call("atess", "set_settings", data, blocking=True)
        if await self._try(f"ours {key} {value}", action):
            self._note(PEOPLES[key][1], held, "ours")

    async def theirs(self) -> None:
        """Change a setting on the display."""
        key, _, held = self._wish()
        name, cloud_key = PEOPLES[key]
        self.done.append(f"theirs {key} {held}")
        self.cloud.change_settings(CENTRAL, **{name: held})
        self._note(cloud_key, held, "theirs")

    async def fault(self) -> None:
        """Let the cloud fail from now on, or not any more."""
        self.heal()
        fault = self.chance.choice(FAULTS)
        self.done.append(fault)
        self.faults += 1
        match fault:
            case "unreadable":
                self.cloud.inject(kind="http_status", status=503, operation="settings")
            case "unreachable":
                self.cloud.inject(kind="disconnect", operation="modify_settings")
            case _:
                self.late |= fault == "late"
                self.cloud.configure(write=fault, write_delay=self.chance.randint(100, LONGEST_DELAY))

    async def restart(self) -> None:
        """Restart Home Assistant."""
        self.done.append("restart")
        self.restarts += 1
        await restart(self.hass, self.entry)

    def heal(self) -> None:
        """Let the cloud do as it should."""
        self.done.append("healed")
        self.cloud.cloud.faults.clear()
        self.cloud.configure(write="replace")

    async def settle(self, advance: Advance) -> None:
        """Wait until nothing is under way; fails if that does not end."""
        if self.late:
            await advance(LONGEST_DELAY, step=300)
        waited = 0
        while self.under_way and waited < PATIENCE:
            step = 30 if self.under_way == "now" else 900
            await advance(step, step=step)
            waited += step
        assert not self.under_way, self.done

    @property
    def under_way(self) -> str:
        """Whether something is done now, or is only watched for."""
        control = control_of(self.entry)
        if control.settings.writer.upcoming or control.current is not None:
            return "now"
        return "" if control.diagnostics() is None else "later"

    def check(self) -> None:
        """Assert that the device holds what it held, or what people wanted."""
        held = shown(self.cloud, CENTRAL)
        text = "; ".join(self.done)
        for key, value in held.items():
            wishes = self.wishes.get(key, [self.before[key]])
            # While the cloud fails or Home Assistant stops, people are told that something was not done; and of two
            # who change the same, one comes too late.
            certain = not self.faults and not self.restarts and len(self.sides.get(key, ())) <= 1
            assert value in (wishes[-1:] if certain else wishes), (key, value, wishes, text)

    def _note(self, cloud_key: str, held: Any, side: str) -> None:
        self.wishes[cloud_key].append(held)
        self.sides.setdefault(cloud_key, set()).add(side)

    def _wish(self) -> tuple[str, Any, Any]:
        key = self.chance.choice(list(PEOPLES))
        if key == "mode":
            mode = self.chance.choice(list(MODES))
            return key, mode, MODES[mode]
        value = self.chance.randint(1, 14) if key == "discharge_cut_off_soc" else self.chance.randint(95, 100)
        return key, value, value

    async def _try(self, text: str, action: Any) -> bool:
        self.done.append(text)
        try:
            await action
        except HomeAssistantError as err:
            self.done.append(f"no: {err}")
            return False
        return True


@pytest.mark.parametrize("seed", SEEDS)
async def test_histories(hass: HomeAssistant, cloud: Simulator, advance: Advance, seed: int) -> None:
    """Each ends with the device as it was, or as people want it."""
    chance = random.Random(seed)
    entry = await set_up_pair(hass, cloud)
    told = Told(hass)
    for _ in range(HISTORIES):
        history = History(hass, cloud, entry, chance)
        history.heal()
        for _ in range(chance.randint(2, 6)):
            await history.step(advance)
        history.heal()
        await history.settle(advance)
        history.check()
    counts = [told.types.count(event) for event in ("started", "ended", "ended_by_change", "failed")]
    assert min(counts) > 1

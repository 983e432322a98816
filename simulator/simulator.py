"""The simulator as tests and the command line use it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .clock import Clock, wall_clock
from .cloud import Cloud, RequestRecord
from .faults import WORLD, parse_fault
from .operations import Operations, Write
from .options import Options
from .plant import Device, load_plant
from .server import BASE_PATH, Server
from .settings import Json, RefusedError, SettingsTable
from .variants import parse_variant
from .world import World


class Simulator:
    """A simulated cloud with a plant behind it.

    Args:
        plant: Name of an example, path of a plant file, or its content.
        seed: Everything random follows from it.
        now: Unix seconds, read on every request.
        speed: How many times faster than `now` the plant's time runs.
        history_days: Days of history before the start; default: the plant file's.
        upload_interval: Seconds between uploads, then regular and quick; default: as in the plant file.
        past_interval: Seconds between the samples of the history before the start; default: as between uploads.
        cloud: Options that override the plant file's (see `Options`).
        paths: Where operations answer, overriding the plant file's.

    Raises:
        PlantError: The plant cannot be used.
        ValueError: An option or a path's operation is not known.
    """

    def __init__(  # noqa: PLR0913  # each is an option of its own
        self,
        plant: str | Path | Mapping[str, Any] = "demo",
        seed: int = 1,
        now: Callable[[], float] = wall_clock,
        speed: float = 1.0,
        *,
        history_days: float | None = None,
        upload_interval: float | None = None,
        past_interval: float | None = None,
        cloud: Mapping[str, Any] | None = None,
        paths: Mapping[str, str | None] | None = None,
    ) -> None:
        self._plant = load_plant(
            plant,
            history_days=history_days,
            upload_interval=upload_interval,
            past_interval=past_interval,
            cloud=cloud,
            paths=paths,
        )
        self._seed = seed
        self._clock = Clock(now, speed)
        self._server = Server(self)
        self._base_url = ""
        self._build()

    def _build(self) -> None:
        options = Options()
        options.change(self._plant.cloud)
        self._world = World(self._plant, seed=self._seed, now=self._clock.now())
        self._operations = Operations(self._world, options)
        self.cloud = Cloud(self._operations, self._clock, options, seed=self._seed)

    # life

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The address cannot be used.
        """
        bound = await self._server.start(host, port)
        shown = f"[{host}]" if ":" in host else host
        self._base_url = f"http://{shown}:{bound}{BASE_PATH}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    # what there is

    @property
    def base_url(self) -> str:
        """Return the address, ending in /api/v1/."""
        return self._base_url

    @property
    def token(self) -> str:
        """Return the value of the Authorization header."""
        return self.cloud.token

    @property
    def devices(self) -> tuple[Device, ...]:
        """Return all devices of the plant."""
        return self._plant.devices

    @property
    def data_logs(self) -> tuple[str, ...]:
        """Return the serial numbers of the data loggers."""
        return tuple(spec.sn for spec in self._plant.loggers)

    @property
    def time(self) -> float:
        """Return the simulated time in unix seconds."""
        return self._clock.now()

    @property
    def requests(self) -> list[RequestRecord]:
        """Return the requests so far."""
        return self.cloud.requests

    @property
    def violations(self) -> int:
        """Return how many requests came before the frequency limit allowed them."""
        return self.cloud.violations

    @property
    def most_in_flight(self) -> int:
        """Return how many requests were being answered at once at most."""
        return self._server.most_in_flight

    @property
    def writes(self) -> list[Write]:
        """Return the writes that were applied."""
        return self._operations.writes

    def truth(self) -> dict[str, Any]:
        """Return true powers and energies at this moment."""
        return self._world.truth(self._clock.now())

    def uploads(self, sn: str, begin: float, end: float) -> list[tuple[float, str]]:
        """Return when the samples of a device become visible, with the time they carry; oldest first."""
        return self._world.uploads(sn, begin, end)

    # what can be done to it

    def jump(self, seconds: float) -> None:
        """Set the time forward; the frequency limit sees it too."""
        self._clock.jump(seconds)

    def inject(self, **fault: Json) -> None:
        """Inject a fault: `kind` and its parameters, see README.md.

        Raises:
            ValueError: The fault or one of its parameters is not known.
        """
        rule = parse_fault(fault)
        if rule.kind not in WORLD:
            self.cloud.faults.add(rule)
            return
        values, now = rule.parameters, self._clock.now()
        if rule.kind == "limit":
            seconds = float(values["seconds"])
            options = self.cloud.options
            if rule.path is None:
                options.limit = seconds
            else:
                options.limits = {**options.limits, rule.path: seconds}
            return
        if rule.kind == "variant":
            own = {name: value for name, value in values.items() if name != "name"}
            if rule.device is not None and rule.device not in self._world.devices:
                raise ValueError("no such device")
            for sn in self._world.devices if rule.device is None else [rule.device]:
                self._world.add_variant(sn, parse_variant(values.get("name"), own, begin=now))
            return
        if rule.kind == "grid" and (rule.device is None or rule.device in self._world.devices):
            self._world.set_grid(rule.device, now, lost=bool(values.get("lost", True)))
            return
        if rule.device not in self._world.devices:
            raise ValueError("no such device")
        if rule.kind == "offline":
            self._world.set_offline(rule.device, now, lost=bool(values.get("lost", True)))
            return
        word, mask = int(values.get("word", 1)), int(values.get("mask", 1))
        self._world.set_fault_word(rule.device, now, word, mask, stop=bool(values.get("stop", True)))

    def clear(self) -> None:
        """End all faults; the limit and other options return to the plant file's."""
        self.cloud.faults.clear()
        self._world.clear_faults(self._clock.now())
        self.cloud.options.restore(self._plant.cloud)
        self._server.release()

    def configure(self, **options: Json) -> None:
        """Change how the cloud answers (see `Options`).

        Raises:
            ValueError: An option or its value is not known.
        """
        self.cloud.options.change(options)

    def change_settings(self, sn: str, ago: float = 0.0, **values: Json) -> None:
        """Change settings of a device as on its display, now or some seconds ago, by the simulator's own names.

        Raises:
            ValueError: There is no such device or setting, or it cannot have the value.
        """
        if (device := self._world.devices.get(sn)) is None:
            raise ValueError("no such device")
        table = SettingsTable(device.kind, hv=device.hv)
        if unknown := set(values) - set(table.by_name):
            raise ValueError(f"{sn} has no setting {', '.join(sorted(unknown))}")
        try:
            changes = {name: table.by_name[name].check(name, value) for name, value in values.items()}
        except RefusedError as error:
            raise ValueError(str(error)) from error
        self._world.system(sn).change_settings(self._clock.now() - ago, sn, changes)

    def reset(self) -> None:
        """Begin anew at the present time: plant, settings, faults, limits, records. The clock goes on."""
        self._server.release()
        self._build()

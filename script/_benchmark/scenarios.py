"""What the benchmark simulates: loggers, the cloud's limit, and what happens to Home Assistant meanwhile."""

from dataclasses import dataclass, field, replace
from typing import Any

DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A plant of `devices` behind `loggers` data loggers that all behave alike; seconds unless said otherwise."""

    name: str
    title: str
    logger: dict[str, Any] = field(default_factory=dict)
    limit: float = 300.0
    devices: int = 1
    loggers: int = 1
    latency: tuple[float, float] = (0.0, 0.0)

    @property
    def period(self) -> float:
        """Seconds between two samples, by a clock that is right."""
        interval = float(self.logger.get("interval", 300))
        return interval / (1.0 + float(self.logger.get("drift", 0.0)) / DAY)

    def plant(self) -> dict[str, Any]:
        """Return the plant for the simulator."""
        logger = {"interval": 300, "jitter": 2, "delay": [5, 10], **self.logger}
        return {
            "name": "benchmark",
            "latitude": 48.14,
            "longitude": 11.58,
            "zone": "UTC",
            "history_days": 1,
            "loggers": [{"sn": f"SIMLOG{number:04}", **logger} for number in range(self.loggers)],
            "systems": [
                {
                    "name": f"system {number}",
                    "logger": f"SIMLOG{number % self.loggers:04}",
                    "machine": {"nominal_kw": 10},
                    "pv": [{"kwp": 5, "tilt": 30, "azimuth": 180}],
                    "load": {"profile": "home", "kwh_per_day": 10},
                    "devices": [{"sn": f"SIMHPS{number:04}", "kind": "hps_string", "model": "HPS10KTL"}],
                }
                for number in range(self.devices)
            ],
            "cloud": {"limit": self.limit},
        }


_JITTER = {"jitter": 20, "delay": [5, 60]}
SCENARIOS = {
    item.name: item
    for item in (
        Scenario(name="steady", title="steady 5-minute logger"),
        Scenario(name="slow", title="the same, requests take 0.1 to 0.3 s", latency=(0.1, 0.3)),
        Scenario(name="jitter", title="jitter ±20 s, delay 5 to 60 s", logger=_JITTER),
        Scenario(name="3min", title="3-minute logger", logger={"interval": 180}),
        Scenario(name="10min", title="10-minute logger", logger={"interval": 600}),
        Scenario(name="lost0.3", title="0.3 % of the uploads lost", logger={"lost": 0.003}),
        Scenario(name="lost1", title="1 % of the uploads lost", logger={"lost": 0.01}),
        Scenario(name="lost3", title="3 % of the uploads lost", logger={"lost": 0.03}),
        Scenario(name="lost10", title="10 % of the uploads lost", logger={"lost": 0.1}),
        Scenario(name="lost", title="30 % of the uploads lost", logger={"lost": 0.3}),
        Scenario(name="fast", title="logger's clock gains 1.7 s a day", logger={"drift": 1.7}),
        Scenario(name="late", title="logger's clock loses 1.7 s a day", logger={"drift": -1.7}),
        Scenario(name="night", title="no uploads from 0 to 7 o'clock (UTC)", logger={"rest": [0, 7]}),
        Scenario(name="limit1", title="limit and interval 1 minute", limit=60.0),
        Scenario(name="limit6", title="limit and interval 6 minutes", limit=360.0),
        Scenario(name="ten", title="10 devices, 2 loggers", devices=10, loggers=2, latency=(0.1, 0.3)),
        Scenario(name="fifty", title="50 devices, 5 loggers", devices=50, loggers=5, latency=(0.1, 0.3)),
    )
}


def scenario(name: str, devices: int | None = None) -> Scenario:
    """Return a scenario by name, with another number of devices if one is given; KeyError if there is none."""
    found = SCENARIOS[name]
    return found if devices is None else replace(found, devices=devices, loggers=max(1, devices // 10))

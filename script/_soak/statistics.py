"""Long-term statistics of a counter, by the rules of Home Assistant's recorder for `total_increasing`."""

from dataclasses import dataclass, field

RESET = 0.9  # a fall below this share of the last state begins a new cycle


@dataclass(slots=True)
class Statistics:
    """The sum of one sensor and the sum at the end of each hour; energies in kWh."""

    state: float | None = None
    sum: float = 0.0
    hours: dict[int, float] = field(default_factory=dict)

    def add(self, at: float, state: float) -> float:
        """Take a state at a moment (unix seconds) and return by how much the sum rises."""
        if self.state is None:
            rise = 0.0
        elif state < RESET * self.state:
            rise = state
        else:
            rise = state - self.state
        self.state = state
        self.sum += rise
        self.hours[int(at // 3600)] = self.sum
        return rise

    def hourly(self) -> list[tuple[int, float]]:
        """Return the rise of the sum in each hour that has one."""
        rises, before = [], None
        for hour in sorted(self.hours):
            if before is not None:
                rises.append((hour, self.hours[hour] - before))
            before = self.hours[hour]
        return rises

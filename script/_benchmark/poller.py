"""The poller alone in virtual time: it polls the simulator's loggers without Home Assistant, in a second per month."""

import json
import random
from bisect import bisect_left, bisect_right

from custom_components.atess.polling import Rhythm
from simulator.plant import LoggerSpec
from simulator.uploads import Logger

from .measure import Lateness, Observed, lateness, oracle
from .scenarios import DAY, Scenario


def live(scenario: Scenario, days: int, seed: int = 1) -> tuple[Lateness, Lateness, Lateness]:
    """Return the lateness of the first day, of the other days, and the oracle's.

    As in the full benchmark Home Assistant is restarted every other day, with what was learnt.
    """
    chance = random.Random(seed)  # a simulation
    samples = _samples(scenario, days, seed)
    visible = [moment for moment, _ in samples]
    restarts = sorted(chance.uniform(0.3, days) * DAY for _ in range(days // 2))
    rhythm, limit = Rhythm(), scenario.limit
    polls, asked = [], chance.uniform(0.0, limit)
    down: list[tuple[float, float]] = []
    while asked < days * DAY:
        answered = asked + chance.uniform(*scenario.latency)
        polls.append((asked + answered) / 2)
        number = bisect_right(visible, polls[-1])
        if number:
            rhythm.take(max(label for _, label in samples[max(0, number - 3) : number]), answered)
        permitted = answered + limit
        asked = rhythm.next_poll(permitted, limit)
        if asked < permitted:
            raise AssertionError("the limit is broken")
        while restarts and restarts[0] < asked:
            down.append((restarts[0], restarts.pop(0) + chance.uniform(20.0, 90.0)))
            rhythm = Rhythm(json.loads(json.dumps(rhythm.dump())))
            now = max(answered, down[-1][1])
            asked = rhythm.next_poll(max(permitted, now), limit, late=permitted > now)
    # The last poll may come before the last sample.
    shown = [(moment, polls[place]) for moment in visible if (place := bisect_left(polls, moment)) < len(polls)]
    observed = Observed(uploads={"": [(moment, "") for moment in visible]}, down=down)
    return (
        lateness([at - moment for moment, at in shown if moment < DAY], sum(at < DAY for at in polls)),
        lateness([at - moment for moment, at in shown if moment >= DAY], sum(at >= DAY for at in polls) / (days - 1)),
        oracle(scenario, observed, days, ""),
    )


def _samples(scenario: Scenario, days: int, seed: int) -> list[tuple[float, float]]:
    """Return what is uploaded: when it is visible, and its label; oldest first."""
    logger = Logger(LoggerSpec(**scenario.plant()["loggers"][0]), seed=seed)
    numbers = range(-2, int(days * DAY / scenario.period) + 2)
    found = [(logger.visible(k), float(int(logger.shown(k, 0.0)))) for k in numbers if logger.uploaded(k)]
    return sorted(item for item in found if 0.0 <= item[0] < days * DAY)

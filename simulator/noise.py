"""Random numbers as pure functions of a seed and a place, so that any moment can be computed in any order."""

from zlib import crc32

_MASK = (1 << 64) - 1


def stream(seed: int, *names: str | int) -> int:
    """Derive the seed of a named stream of random numbers."""
    value = seed & _MASK
    for name in names:
        value = _mix(value ^ (crc32(str(name).encode()) * 0x9E3779B97F4A7C15 & _MASK))
    return value


def _mix(value: int) -> int:
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def unit(seed: int, index: int) -> float:
    """Return the number at an index of a stream, from 0 to below 1."""
    return (_mix(seed ^ (index & _MASK) * 0xD1342543DE82EF95 & _MASK) >> 11) / (1 << 53)


def signed(seed: int, index: int) -> float:
    """Return the number at an index of a stream, from -1 to below 1."""
    return 2.0 * unit(seed, index) - 1.0


def smooth(seed: int, place: float) -> float:
    """Return continuous noise from -1 to 1 that has one knot per whole place."""
    index = int(place // 1)
    part = place - index
    return signed(seed, index) * (1.0 - part) + signed(seed, index + 1) * part


def smooth_series(seed: int, start: float, step: float, count: int) -> list[float]:
    """Return `count` values of `smooth` from `start` on, `step` apart, computing each knot once."""
    values: list[float] = []
    index = int(start // 1)
    left, right = signed(seed, index), signed(seed, index + 1)
    for number in range(count):
        place = start + number * step
        while place >= index + 1:
            index += 1
            left, right = right, signed(seed, index + 1)
        part = place - index
        values.append(left + (right - left) * part)
    return values

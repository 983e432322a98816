"""How much memory an object takes with all that only it holds."""

import sys
from enum import Enum


def size(root: object) -> int:
    """Return the bytes of an object and of all that it refers to, but for classes, functions and constants."""
    seen: set[int] = set()
    total = 0
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type | Enum | bool | None) or callable(item):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list | tuple | set):
            waiting += item
        else:
            waiting += vars(item).values() if hasattr(item, "__dict__") else ()
            waiting += [getattr(item, name) for name in getattr(item, "__slots__", ())]
    return total

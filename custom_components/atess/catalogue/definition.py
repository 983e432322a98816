"""The words in which the catalogue is written: one line per field or derived value."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from functools import partial
from typing import Literal

from ..enerclo.model import Kind
from .quantities import ENERGY_TOTAL, STATE, TIME_TOTAL, Quantity

type Platform = Literal["sensor", "binary_sensor"]
type Category = Literal["diagnostic"]


class Presence(StrEnum):
    """How well it is known that a device sends a member."""

    DOCUMENTED = "documented"
    CANDIDATE = "candidate"


class Meaning(StrEnum):
    """How well the meaning of a member is known."""

    DOCUMENTED = "documented"
    STRONG = "strong"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Show(Enum):
    """Where an entity stands on the device page: category, and whether it is enabled by default."""

    MAIN = (None, True)
    HIDDEN = (None, False)
    DIAGNOSTIC = ("diagnostic", True)
    DETAIL = ("diagnostic", False)
    NO_ENTITY = (None, None)

    @property
    def category(self) -> Category | None:
        """Home Assistant's entity category."""
        return "diagnostic" if self.value[0] else None

    @property
    def enabled(self) -> bool:
        """Whether the entity is enabled by default."""
        return self.value[1] is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One state of an enumeration: the cloud's code, the translation key and the English label."""

    code: int
    key: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """The codes of a member and their meaning."""

    name: str
    choices: tuple[Option, ...]
    default: str | None = None
    high_byte: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """Every state once, in the order of the codes."""
        return tuple(dict.fromkeys(choice.key for choice in self.choices))

    def key(self, code: int) -> str | None:
        """Return the state for a code, None for a code that the table does not hold.

        With `high_byte` a code above 255 is a whole register that carries the code in its high byte.
        """
        if self.high_byte and code > 0xFF:
            code >>= 8
        return next((choice.key for choice in self.choices if choice.code == code), self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One entity: what it is called, what it measures and where it is shown."""

    key: str
    name: str
    quantity: Quantity
    platform: Platform
    show: Show
    precision: int | None
    options: tuple[str, ...] | None = None

    @property
    def category(self) -> Category | None:
        """Home Assistant's entity category."""
        return self.show.category

    @property
    def enabled(self) -> bool:
        """Whether the entity is enabled by default."""
        return self.show.enabled

    @property
    def lifetime(self) -> bool:
        """Whether the value counts over the life of the device, and so holds however old it is."""
        return self.quantity in {ENERGY_TOTAL, TIME_TOTAL}

    @property
    def daily(self) -> bool:
        """Whether the value belongs to a day, and so holds until the plant's midnight."""
        return self.key.endswith("_today")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Definition):
    """A member of a latest-data answer. With `has_entity` False it is known, but makes no entity."""

    member: str
    presence: Presence
    meaning: Meaning
    aliases: tuple[str, ...] = ()
    enumeration: Enumeration | None = None
    inverted: bool = False

    @property
    def has_entity(self) -> bool:
        """Whether the member makes an entity."""
        return self.show is not Show.NO_ENTITY

    @property
    def phase(self) -> int | None:
        """The mains phase (1 to 3) that a name ending in L1 or L1-L2 belongs to."""
        found = re.search(r" L([123])(-L[123])?$", self.name)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Definition):
    """A value computed from others; `kinds` is empty for values of the whole plant or the account."""

    kinds: frozenset[Kind]
    shown: Mapping[Kind, Show]

    def of(self, kind: Kind) -> Derived:
        """Return the definition as this kind of device shows it."""
        return replace(self, show=self.shown.get(kind, self.show))


def slug(name: str) -> str:
    """Return the entity key of an English name: `PV energy today` -> `pv_energy_today`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _platform(quantity: Quantity) -> Platform:
    return "binary_sensor" if quantity.binary else "sensor"


def _field(  # noqa: PLR0913
    presence: Presence,
    member: str,
    name: str,
    what: Quantity | Enumeration,
    show: Show = Show.MAIN,
    *,
    meaning: Meaning = Meaning.STRONG,
    precision: int | None = None,
    key: str | None = None,
    alias: str | None = None,
    inverted: bool = False,
) -> Field:
    """Return the field of a member; without a key of its own its entity is named after the field."""
    quantity, enumeration = (STATE, what) if isinstance(what, Enumeration) else (what, None)
    return Field(
        member=member,
        key=key or slug(name),
        name=name,
        quantity=quantity,
        platform=_platform(quantity),
        show=show,
        precision=quantity.precision if precision is None else precision,
        options=enumeration.options if enumeration else None,
        presence=presence,
        meaning=meaning,
        aliases=(alias,) if alias else (),
        enumeration=enumeration,
        inverted=inverted,
    )


documented = partial(_field, Presence.DOCUMENTED)
candidate = partial(_field, Presence.CANDIDATE)


def derived(
    name: str,
    quantity: Quantity,
    kinds: Collection[Kind] = (),
    show: Show = Show.MAIN,
    *,
    precision: int | None = None,
    shown: Mapping[Kind, Show] | None = None,
    key: str | None = None,
) -> Derived:
    """Return a derived value; `shown` holds the kinds that show it elsewhere than the rest."""
    return Derived(
        key=key or slug(name),
        name=name,
        quantity=quantity,
        platform=_platform(quantity),
        show=show,
        precision=quantity.precision if precision is None else precision,
        kinds=frozenset(kinds),
        shown=shown or {},
    )

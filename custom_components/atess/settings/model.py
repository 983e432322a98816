"""The settings of one device as it last reported them: what is known of them, and what a change of them would send."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..catalogue.settings import RELATIONS, REPORT_ONLY, Danger, SettingType, settings_of
from ..enerclo.model import Json, Kind
from .matching import Known, Match, match, words_of
from .plan import same
from .problems import SettingError
from .values import Limits, SettingValue, check, decode, encode, like, limits_of

# A member of unknown meaning with one of these words in its key is taken for a safety limit.
_PROTECTED = frozenset(
    {
        *("calibrate", "calibration", "cell", "factory", "fault", "firmware", "freq", "frequency", "fuse", "gfci"),
        *("gfdi", "grounding", "insulation", "island", "lvrt", "protect", "protection", "regulation", "reset"),
        *("restore", "safety", "temp", "temperature", "upgrade", "voltage", "warning"),
    }
)


class DeviceSettings:
    """Data of one "get setting" response."""

    def __init__(
        self,
        kind: Kind,
        members: Mapping[str, Json],
        confirmed: Mapping[str, str | None],
        nominal_power: float | None,
    ) -> None:
        """Take an answer, the user's word about keys, and the nominal power in kW if it is known."""
        self.kind = kind
        self.members = dict(members)
        self.matches: Mapping[str, Match] = match(kind, members, confirmed)
        self._by_cloud_key = {item.cloud_key: item for item in self.matches.values()}
        self._nominal_power = nominal_power

    @property
    def unknown(self) -> dict[str, Json]:
        """The scalar members that no setting of the catalogue fits."""
        return {
            key: value
            for key, value in self.members.items()
            if key not in self._by_cloud_key and key not in REPORT_ONLY and not isinstance(value, dict | list)
        }

    def limits(self, key: str) -> Limits:
        """Return the range of a number on this device; KeyError if the device has no such setting."""
        return limits_of(self.matches[key].setting, self._nominal_power)

    def value(self, key: str, members: Mapping[str, Json] | None = None) -> SettingValue | None:
        """Return the value of a setting, now or with other members; None if there is none that can be read."""
        if (found := self.matches.get(key)) is None:
            return None
        return decode(found.setting, (self.members if members is None else members).get(found.cloud_key))

    def writable(self, key: str) -> bool:
        """Return whether a setting may be changed: its key known for certain, no safety limit, its value understood."""
        found = self.matches.get(key)
        if found is None or found.known is Known.GUESSED or found.setting.danger is Danger.SAFETY:
            return False
        if found.setting.type is SettingType.NUMBER and (found.setting.low is None or found.setting.high is None):
            return False
        return self.value(key) is not None

    def is_known(self, cloud_key: str) -> bool:
        """Return whether a member is a setting whose present value is understood."""
        found = self._by_cloud_key.get(cloud_key)
        return found is not None and self.value(found.setting.key) is not None

    def find(self, name: str) -> Match | None:
        """Return a setting by our key or the cloud's."""
        return self.matches.get(name) or self._by_cloud_key.get(name)

    def resolve(
        self,
        asked: Mapping[str, object],
        upcoming: Mapping[str, Json],
        earlier: Mapping[str, Iterable[Json]] = MappingProxyType({}),
        *,
        allow_unknown: bool = False,
    ) -> dict[str, Json]:
        """Return what to send for a change, by the cloud's key.

        `asked` has our keys or the cloud's; `upcoming` are earlier changes that are not read back yet. A value that
        the device has now, or is in `earlier`, by the cloud's key, is sent as it was, whatever the limits are.

        Raises:
            SettingError: Something of it cannot be changed, or not to that value. Nothing of it may be sent then.
        """
        changes: dict[str, Json] = {}
        for name, value in asked.items():
            if (found := self.find(name)) is None:
                cloud_key, sent = name, self._unknown(name, value, allow_unknown=allow_unknown)
            else:
                self._refuse_unless_writable(found)
                cloud_key = found.cloud_key
                sent = self._restored(found, value, earlier)
                if sent is None:
                    checked = check(found.setting, self.limits(found.setting.key), value)
                    sent = encode(found.setting, checked, self.members[cloud_key])
            if cloud_key in changes:
                raise SettingError("named_twice", name)
            changes[cloud_key] = sent
        self.check_together(changes, upcoming)
        return changes

    def check_together(self, changes: Mapping[str, Json], upcoming: Mapping[str, Json]) -> None:
        """Raise SettingError if changes, by the cloud's key, do not go with one another or with what is there."""
        self._refuse_restoring()
        self._check_relations(changes, {**self.members, **upcoming, **changes})

    def unchanged(self, changes: Mapping[str, Json]) -> set[str]:
        """Return the cloud's keys of those changes that change nothing."""
        return {key for key, value in changes.items() if key in self.members and same(self.members[key], value)}

    def meanings(self, members: Mapping[str, Json]) -> dict[str, object]:
        """Return what values mean, by the cloud's key; as they are where that is not known."""
        return {
            key: value if (meaning := self._meaning(key, value)) is None else meaning for key, value in members.items()
        }

    def _meaning(self, cloud_key: str, value: Json) -> SettingValue | None:
        return None if (found := self.find(cloud_key)) is None else decode(found.setting, value)

    def names(self, cloud_keys: Iterable[str]) -> list[str]:
        """Return our keys of members, the cloud's own for those that are not known."""
        return [self._by_cloud_key[key].setting.key if key in self._by_cloud_key else key for key in cloud_keys]

    def _refuse_unless_writable(self, found: Match) -> None:
        key = found.setting.key
        if found.setting.danger is Danger.SAFETY:
            raise SettingError("safety", key)
        if found.known is Known.GUESSED:
            raise SettingError("not_confirmed", key, cloud_key=found.cloud_key)
        if not self.writable(key):
            raise SettingError("form_unknown", key)

    def _restored(self, found: Match, value: object, earlier: Mapping[str, Iterable[Json]]) -> Json:
        """Return the value that a setting has or had on the device, in its form there; None if it had no such value."""
        for each in (self.members[found.cloud_key], *earlier.get(found.cloud_key, ())):
            number = decode(found.setting, each) if found.setting.type is SettingType.NUMBER else None
            if same(each, value) or (number is not None and not isinstance(value, bool) and number == value):
                return each
        return None

    def _unknown(self, name: str, value: object, *, allow_unknown: bool) -> Json:
        """Return the value of a member that the catalogue does not know, if it may be written."""
        if name in settings_of(self.kind):
            raise SettingError("not_reported", name)
        if name not in self.members or name in REPORT_ONLY:
            raise SettingError("unknown", name)
        if not allow_unknown:
            raise SettingError("unknown_not_allowed", name)
        if _PROTECTED.intersection(words_of(name)):
            raise SettingError("safety", name)
        return like(name, value, self.members[name])

    def _refuse_restoring(self) -> None:
        """Refuse any write while the device's answer holds an order to restore the factory settings."""
        restore = self.matches.get("restore_factory_settings")
        value = self.members.get("restore" if restore is None else restore.cloud_key)
        if value not in (None, 0, "", "0"):
            raise SettingError("restoring", "restore_factory_settings")

    def _check_relations(self, changes: Mapping[str, Json], members: Mapping[str, Json]) -> None:
        """Refuse a change that would break the order of two limits."""
        for lower, upper in RELATIONS:
            pair = [self.matches.get(key) for key in (lower, upper)]
            if not any(found is not None and found.cloud_key in changes for found in pair):
                continue
            low, high = self.value(lower, members), self.value(upper, members)
            if isinstance(low, float) and isinstance(high, float) and low >= high:
                key, other = (lower, upper) if pair[0] is not None and pair[0].cloud_key in changes else (upper, lower)
                raise SettingError(
                    "relation_below" if key == lower else "relation_above",
                    key,
                    other=other,
                    limit=f"{high if key == lower else low:g}",
                )

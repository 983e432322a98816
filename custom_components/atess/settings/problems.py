"""Why a change of settings cannot be made."""


class SettingError(Exception):
    """A change that is refused before anything is sent; `reason` is a translation key without the prefix `setting_`.

    `key` is the setting (key of ours, or the cloud's), `placeholders` what the text mentions beside it.
    """

    def __init__(self, reason: str, key: str, **placeholders: str) -> None:
        """Name the reason and the setting."""
        super().__init__(f"{key}: {reason}")
        self.reason = reason
        self.key = key
        self.placeholders = placeholders

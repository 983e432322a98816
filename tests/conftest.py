"""What all tests share."""

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours

"""The Energy dashboard: which sources the devices provide, and how they get into its preferences."""

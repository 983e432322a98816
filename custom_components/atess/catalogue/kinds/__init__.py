"""List the members of each kind of device: one module per kind, one line per member."""

"""What each kind of device reports: one module per kind, one line per member."""

"""Long campaigns: simulated plants of all sorts are read for weeks, and what is shown is held against the truth."""

"""The benchmark: how fresh the data are, and what that costs the cloud, in virtual time. See script/benchmark."""

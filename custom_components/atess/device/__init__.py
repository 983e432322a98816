"""One device: what the cloud says it is, and what is shown of its last reading."""

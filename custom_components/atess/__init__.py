"""ATESS storage systems, through the Enerclo cloud."""

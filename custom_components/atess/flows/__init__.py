"""The forms that people fill in to set up accounts and devices."""

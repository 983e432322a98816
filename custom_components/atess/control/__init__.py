"""Changing the hardware: reads settings, sends changes, reads them back, and tells what became of them."""

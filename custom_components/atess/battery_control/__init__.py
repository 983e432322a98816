"""Charge, discharge, or hold the battery for a while: composed of settings, which go back by themselves."""

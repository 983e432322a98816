"""Tests of the blueprints, as Home Assistant loads and runs them."""

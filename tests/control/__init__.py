"""Tests of changing settings."""

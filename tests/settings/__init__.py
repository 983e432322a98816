"""Tests of settings as data."""

"""Tests of the dashboard strategy."""

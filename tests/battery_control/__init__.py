"""Tests of the battery control."""

"""Tests of the cloud client."""

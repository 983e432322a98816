"""Tests of the ATESS integration and its simulator."""

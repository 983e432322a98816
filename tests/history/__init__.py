"""Tests of the cloud's history: reading, importing, undoing."""

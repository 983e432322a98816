"""Tests in a real browser on a real Home Assistant, run by `script/test tests/browser`."""

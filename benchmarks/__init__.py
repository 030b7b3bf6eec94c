"""Measurements of the whole product on this machine: run `make bench`. Never part of the tests."""

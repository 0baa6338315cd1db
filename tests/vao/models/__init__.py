"""Tests of the networks and normalisers."""

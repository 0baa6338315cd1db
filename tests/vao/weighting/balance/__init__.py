"""Tests of the rules that weigh targets against each other."""

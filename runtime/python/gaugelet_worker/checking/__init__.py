"""Looks through code that was uploaded, without ever running it."""

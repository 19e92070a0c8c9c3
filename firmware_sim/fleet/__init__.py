"""Thousands of meters in virtual time: whole lines polled back to back, every answer checked."""

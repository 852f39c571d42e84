"""Decides: pure functions over immutable values.

No I/O, no clock (`now` is a parameter), no logging, no concurrency. Imports nothing of the
operator but `errors`.
"""

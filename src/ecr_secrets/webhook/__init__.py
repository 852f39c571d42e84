"""Answers pods, with certificates of its own, and registers itself with the API server.

Imports `kube`, `core` and what lies below them; never `controller`, whose `refresh_now` it is
handed as a function.
"""

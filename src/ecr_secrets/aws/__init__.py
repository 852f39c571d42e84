"""Speaks AWS: identities and registry tokens.

Imports `core`, `errors` and `metrics`; nothing else of the operator.
"""

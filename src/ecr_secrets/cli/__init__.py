"""Wires the operator together and talks to the person at the terminal.

Imports everything; is imported by nothing.
"""

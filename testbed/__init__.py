"""A real control plane, a fake AWS and a registry on loopback: for the demo, tests and benchmarks.

Not part of the wheel. Imports nothing of the operator, so that it cannot share a mistake with it.
`python -m testbed --help` shows what can be started by hand.
"""

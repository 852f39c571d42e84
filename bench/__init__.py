"""What must stay fast, measured against a raw baseline in the same run: `make bench`.

May import everything; nothing imports it but its tests.
"""

"""The testbed keeps its own promises; what rests on it can only be as true."""

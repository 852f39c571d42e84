"""The chapters of the demo, one per file: what is done, and what is promised of it."""

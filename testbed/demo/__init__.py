"""The operator at work, for a person to watch: `python -m testbed demo`.

`chapters` say what is done and what is promised, `observer` sees what is, `chapter` compares the
two, and `plain` or `screen` tells. Only what the API and the registry show counts.
"""

"""Real pods on a real node: whether containers start is what counts here."""

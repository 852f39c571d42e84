"""How long pods take that meet an expired pull secret, on a real node and until they run."""

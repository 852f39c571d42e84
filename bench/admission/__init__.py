"""How long pods take to be admitted, through the real API server: with the webhook and without."""

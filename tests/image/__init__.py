"""What is built, signed and published, as far as reading shows."""

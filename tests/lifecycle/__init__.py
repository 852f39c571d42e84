"""Coming and going: the commands of `docs/coming-and-going.md`, run on a real API server."""

"""`rwa serve`: the home over HTTP, read-only."""

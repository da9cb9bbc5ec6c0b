"""What every page and route shares: problems, strict bodies, request ids. Knows no room of the domain."""

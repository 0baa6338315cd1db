"""What the default line-up plays in one kept episode."""

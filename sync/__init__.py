"""What moves, when, and what became of it."""

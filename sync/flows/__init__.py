"""What moves: one file per entity and direction, with its rules."""

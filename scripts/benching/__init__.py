"""What scripts/bench is made of: the chain it plays, its endpoint, and what is timed."""

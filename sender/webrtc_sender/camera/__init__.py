"""Which cameras there are, what they can do, and when they come and go."""

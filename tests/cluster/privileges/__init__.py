"""The chart's choices of rights: each is enough, none grants in vain, and the rest is refused."""

"""How properties are tried out."""

from hypothesis import settings

# A busy machine is no failure: what is promised here are decisions, not their speed.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

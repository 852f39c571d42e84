"""What can go wrong in the testbed itself, in words for the person who started it."""


class ControlPlaneError(Exception):
    """A binary is missing, a build failed, or a part of the control plane does not come up."""

"""How the admission policy of the install reads until when a pull secret opens a registry.

The policy refuses a write that takes a source's tokens back in time. It has no clock and compares
texts, so the reading is fixed here for both: for `manifests/admission_policy.py`, which says it in
the API server's language, and for the operator, which has to know when it would be refused.
"""

import re

# One entry of the annotation `registries`, as `format_registries` writes it. Instants of this form
# are in order when their texts are.
ENTRY = "[^=,]+=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
INSTANT = len("2026-01-01T00:00:00Z")  # characters at the end of an entry
# The bounds of `spec.registries` allow 32 regions with 50 accounts each. What somebody else has
# written beyond that must not cost the API server more than it grants an expression.
MAX_ENTRIES = 1600

_ENTRY = re.compile(ENTRY)


def latest_expiry(registries: str) -> str:
    """Return when the last of the registries closes, as it is written; "": no entry says.

    Args:
        registries: the annotation, whoever has written it; what is no entry of ours is left out.
    """
    entries = registries.split(",", MAX_ENTRIES - 1)
    return max((entry[-INSTANT:] for entry in entries if _ENTRY.fullmatch(entry)), default="")

"""In which order a plan is carried out."""

from collections.abc import Collection, Iterable
from datetime import datetime

from ecr_secrets.core.actions import Action, Delete, Need, Write
from ecr_secrets.core.objects import ObjectKey

# What no pod can pull with comes first, then what soon will not do.
_URGENCY: tuple[Need, ...] = (
    "Missing",
    "Edited",
    "Expired",
    "TakenOver",
    "Incomplete",
    "SourceChanged",
    "Stale",
    "Outdated",
)


def ordered_jobs(
    actions: Iterable[Action], *, first: Collection[ObjectKey], now: datetime
) -> list[Write | Delete]:
    """Sort what is to be done: by urgency, then by what expires soonest; deletions come last.

    Args:
        first: targets that changed a moment ago, or that a pod waits for; however long a rollout
            takes, they are not behind it.
    """

    def rank(job: Write | Delete) -> tuple[bool, bool, int, datetime, ObjectKey]:
        expires_at = job.found.stamp.expires_at if job.found else None
        deletes = isinstance(job, Delete)
        urgency = 0 if isinstance(job, Delete) else _URGENCY.index(job.because)
        return deletes, job.target not in first, urgency, expires_at or now, job.target

    return sorted((action for action in actions if isinstance(action, Write | Delete)), key=rank)

"""What happens to pull secrets that somebody deletes or edits."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import NAMESPACES, SECRET, SOON, Props

_DELETED, _EDITED = NAMESPACES[1:3]


def repair(props: Props) -> Chapter:
    """Show that what is deleted returns, and what is edited is restored."""

    async def delete() -> None:
        async with props.observer.undisturbed(spare=[_DELETED]):
            await props.cluster.delete_secret(_DELETED, SECRET)

    async def edit() -> None:
        async with props.observer.undisturbed(spare=[_EDITED]):
            await props.cluster.overwrite_secret(_EDITED, SECRET, b'{"auths": {}}')

    return Chapter(
        title="What is deleted returns, what is edited is restored",
        words="People and scripts make mistakes. The operator notices, and puts it right.",
        steps=(
            Step(
                words=f"Delete the pull secret of {_DELETED}.",
                act=delete,
                promises=(
                    Promise(
                        words=f"the pull secret of {_DELETED} is back and opens the registry",
                        check=checks.came_back(_DELETED),
                        within=SOON,
                    ),
                ),
            ),
            Step(
                words=f"Empty the pull secret of {_EDITED}.",
                act=edit,
                promises=(
                    Promise(
                        words=f"the pull secret of {_EDITED} is restored in place",
                        check=checks.restored(_EDITED),
                        within=SOON,
                    ),
                    Promise(
                        words="the other namespaces noticed nothing", check=checks.no_failed_pull
                    ),
                ),
            ),
        ),
    )

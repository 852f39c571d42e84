"""The end of the object; left out where somebody stays to play."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import CREDENTIAL, SOON, Props


def farewell(props: Props) -> Chapter:
    """Show that pull secrets go with their object."""

    async def delete() -> None:
        async with props.observer.undisturbed():
            await props.cluster.delete_credential(CREDENTIAL)

    return Chapter(
        title="The object goes, and its pull secrets with it",
        words="Nothing stays behind, and nothing else is touched.",
        steps=(
            Step(
                words=f"Delete the object {CREDENTIAL}.",
                act=delete,
                promises=(
                    Promise(
                        words="no pull secret is left in any namespace",
                        check=checks.gone,
                        within=SOON,
                    ),
                    Promise(words="the namespaces stay", check=checks.namespaces_stay),
                ),
            ),
        ),
    )

"""A namespace that is asked for before it exists."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import CREDENTIAL, NAMESPACES, NEWCOMER, SOON, Props


def newcomer(props: Props) -> Chapter:
    """Show that a new namespace is served as soon as it exists."""
    everybody = (*NAMESPACES, NEWCOMER)
    return Chapter(
        title="A new namespace is served as soon as it exists",
        words="Manifests may come in any order: what is missing today is awaited, and named.",
        steps=(
            Step(
                words=f"Add {NEWCOMER} to the object; the namespace does not exist yet.",
                act=lambda: props.cluster.ask_for_namespaces(CREDENTIAL, everybody),
                promises=(
                    Promise(
                        words="the object says which namespace is missing",
                        check=checks.condition("Ready", "False", "NamespaceNotFound"),
                        within=SOON,
                    ),
                    Promise(words="the others go on pulling", check=checks.opened(NAMESPACES)),
                ),
            ),
            Step(
                words=f"Create the namespace {NEWCOMER}.",
                act=lambda: props.cluster.create_namespace(NEWCOMER),
                promises=(
                    Promise(
                        words=f"{NEWCOMER} has a pull secret that opens the registry",
                        check=checks.opened([NEWCOMER]),
                        within=SOON,
                    ),
                    Promise(
                        words="the object counts it in",
                        check=checks.counted(f"{len(everybody)}/{len(everybody)}"),
                        within=SOON,
                    ),
                ),
            ),
        ),
    )

"""What the operator is for: tokens that never get old."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import SOON, Props
from testbed.demo.wording import say_span


def refresh(props: Props) -> Chapter:
    """Show refreshes, in place and without a gap."""
    return Chapter(
        title="Tokens are refreshed long before they expire",
        words=(
            f"ECR's tokens live 12 hours. Here they live {say_span(props.life)}, so that you can "
            "watch: at half of its life a token is replaced by a new one, in the same Secret. "
            "All the while, somebody pulls in every namespace, several times a second."
        ),
        steps=(
            Step(
                words="Lean back: two refreshes, without anybody's doing.",
                promises=(
                    Promise(
                        words="every pull secret was refreshed twice",
                        check=checks.refreshed(2),
                        within=2 * props.life + SOON,
                    ),
                    Promise(words="in place: every Secret kept its UID", check=checks.same_secrets),
                    Promise(
                        words="each refresh cost one call to AWS, for all namespaces together",
                        check=checks.one_call_per_refresh,
                        within=SOON,
                    ),
                    Promise(words="not one pull failed meanwhile", check=checks.no_failed_pull),
                ),
            ),
        ),
    )

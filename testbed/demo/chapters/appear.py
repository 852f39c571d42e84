"""Before there is the object, and after."""

from testbed.demo import checks
from testbed.demo.chapter import Chapter, Promise, Step
from testbed.demo.props import CREDENTIAL, NAMESPACES, REGION, SECRET, SOON, Props
from testbed.demo.wording import say_list

_ACCESS = "aws-access"  # as the README has it
_MANIFEST = {
    "apiVersion": "aws.zakariaamine.com/v1alpha1",
    "kind": "AWSECRCredential",
    "metadata": {"name": CREDENTIAL},
    "spec": {
        "awsAccess": {"secretName": _ACCESS, "namespace": "default"},
        "secretName": SECRET,
        "namespaces": list(NAMESPACES),
    },
}


def appear(props: Props) -> Chapter:
    """Show that pull secrets appear, and that they open the registry."""

    async def create_namespaces() -> None:
        for namespace in NAMESPACES:
            await props.cluster.create_namespace(namespace)

    async def create_credential() -> None:
        access = {
            "AWS_ACCESS_KEY_ID": props.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": props.key.secret_access_key,
            "AWS_REGION": REGION,
        }
        await props.cluster.create_secret("default", _ACCESS, access)
        await props.cluster.create_credential(_MANIFEST)

    return Chapter(
        title="Pull secrets appear, and open the registry",
        words=(
            "Every namespace that pulls images from ECR needs a pull secret. Here is one object "
            "that asks for them, the operator, and nothing else to do."
        ),
        steps=(
            Step(
                words=f"Create the namespaces {say_list(NAMESPACES)}, and try to pull.",
                act=create_namespaces,
                promises=(
                    Promise(
                        words="before: without a pull secret the registry refuses",
                        check=checks.shut(NAMESPACES),
                        within=SOON,
                    ),
                ),
            ),
            Step(
                words=f"Create the AWS key as Secret {_ACCESS}, and the object {CREDENTIAL}.",
                act=create_credential,
                promises=(
                    Promise(
                        words="after: every namespace has a pull secret that opens the registry",
                        check=checks.opened(NAMESPACES),
                        within=SOON,
                    ),
                    Promise(
                        words="one call to AWS was enough for all of them",
                        check=checks.calls_since(1),
                    ),
                    Promise(
                        words="all namespaces hold the same token",
                        check=checks.same_token,
                    ),
                    Promise(
                        words="the object says that it is ready",
                        check=checks.condition("Ready", "True", "PullSecretsReady"),
                        within=SOON,
                    ),
                ),
            ),
        ),
    )

"""The pod that is created differs in nothing but its names."""

import msgspec

from bench.admission.pod import render_pod


def test_pods_of_all_cases_are_of_one_size() -> None:
    """Otherwise a difference in time could be one of size."""
    fresh = render_pod("shop-000001", pull_secret="measured")
    other = render_pod("shop-000002", pull_secret="stranger")

    assert len(fresh) == len(other)


def test_a_pod_names_itself_and_its_secret() -> None:
    """The secret's name is what decides whether the webhook is asked."""
    pod = msgspec.json.decode(render_pod("shop-000001", pull_secret="ecr-login"))

    assert pod["metadata"]["name"] == "shop-000001"
    assert pod["spec"]["imagePullSecrets"] == [{"name": "ecr-login"}]

"""The recipe that is pasted into pipelines: a new token, the old Secret deleted, a new one created.

Asking AWS is botocore's work here as it is in the AWS CLI, whose start is left out.
"""

import asyncio
import base64
from datetime import timedelta
from time import perf_counter
from typing import Any

import botocore.session

from bench.cluster import REGION
from bench.pods.scene import HOST, Scene
from testbed.aws.iam import AccessKey


async def paste_recipe(scene: Scene, name: str, key: AccessKey) -> timedelta:
    """Put a new token into the pull secret of a namespace that has the same name.

    Returns:
        How long it took.
    """
    began = perf_counter()
    password = await asyncio.to_thread(_login_password, scene.site.aws.endpoint_url, key)
    here = f"--namespace={name}"
    await scene.kubectl("delete", "secret", name, here, "--ignore-not-found")
    await scene.kubectl(
        *("create", "secret", "docker-registry", name, here, f"--docker-server={HOST}"),
        *("--docker-username=AWS", f"--docker-password={password}"),
    )
    return timedelta(seconds=perf_counter() - began)


def _login_password(endpoint_url: str, key: AccessKey) -> str:
    """Do what `aws ecr get-login-password` does."""
    client: Any = botocore.session.Session().create_client(
        "ecr",
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    (entry,) = client.get_authorization_token()["authorizationData"]
    return base64.b64decode(entry["authorizationToken"]).decode().partition(":")[2]

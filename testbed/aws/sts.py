"""STS: who am I, and becoming a role."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from testbed.aws.hosts import partition_of
from testbed.aws.iam import AccessKey, Iam, Role
from testbed.aws.wire import Answer, Asked, RefusedError, xml_answer, xml_element


def get_caller_identity(asked: Asked, caller: AccessKey) -> Answer:
    """Answer `sts:GetCallerIdentity`."""
    parts = {"Arn": _arn(caller, asked.region), "UserId": "AIDA", "Account": caller.account}
    return xml_answer("GetCallerIdentity", _elements(parts))


def assume_role(asked: Asked, caller: AccessKey, iam: Iam, *, now: datetime) -> Answer:
    """Answer `sts:AssumeRole`: the role must exist, trust the caller, and know the external id."""
    form = parse_form(asked.body)
    role = iam.roles.get(form.get("RoleArn", ""))
    external_id_fits = role is not None and role.external_id in {None, form.get("ExternalId")}
    if role is None or not external_id_fits or not role.admits(caller):
        problem = (
            f"User: {_arn(caller, asked.region)} is not authorized to perform: sts:AssumeRole "
            f"on resource: {form.get('RoleArn', '')}"
        )
        raise RefusedError("AccessDeniedException", problem)
    session = iam.open_session(role, now=now, lifetime=_lifetime(form, iam.session_lifetime))
    return xml_answer("AssumeRole", _session(session, role, form))


def assume_role_with_web_identity(asked: Asked, iam: Iam, *, now: datetime) -> Answer:
    """Answer `sts:AssumeRoleWithWebIdentity`; the token stands in for a signature."""
    form = parse_form(asked.body)
    allowed = iam.web_identities.get(form.get("WebIdentityToken", ""))
    if allowed is None:
        raise RefusedError("InvalidIdentityToken", "Couldn't retrieve verification key from your "
                           "identity provider")  # fmt: skip
    role = iam.roles.get(form.get("RoleArn", ""))
    if role is None or role.arn != allowed:
        raise RefusedError(
            "AccessDeniedException", "Not authorized to perform sts:AssumeRoleWithWebIdentity"
        )
    session = iam.open_session(role, now=now, lifetime=_lifetime(form, iam.session_lifetime))
    return xml_answer("AssumeRoleWithWebIdentity", _session(session, role, form))


def parse_form(body: bytes) -> dict[str, str]:
    """Read the parameters of a request in the query protocol."""
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def _session(session: AccessKey, role: Role, form: Mapping[str, str]) -> str:
    assert session.expires_at is not None
    keys = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token or "",
        "Expiration": session.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    name = form.get("RoleSessionName", "")
    arn = f"{role.arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{name}"
    user = {"AssumedRoleId": f"AROA:{name}", "Arn": arn}
    return (
        f"<Credentials>{_elements(keys)}</Credentials>"
        f"<AssumedRoleUser>{_elements(user)}</AssumedRoleUser>"
    )


def _lifetime(form: Mapping[str, str], usual: timedelta) -> timedelta:
    asked = form.get("DurationSeconds")
    return timedelta(seconds=int(asked)) if asked else usual


def _arn(caller: AccessKey, region: str) -> str:
    if caller.role_arn is not None:
        return caller.role_arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    return f"arn:{partition_of(region)}:iam::{caller.account}:user/testbed"


def _elements(parts: Mapping[str, str]) -> str:
    return "".join(xml_element(name, text) for name, text in parts.items())

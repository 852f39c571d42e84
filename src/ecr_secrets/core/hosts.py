"""What an ECR registry is called: host names, regions and the partitions they belong to."""

import re

from ecr_secrets.errors import InvalidSpecError

# The partitions of AWS whose registries do not end in `amazonaws.com`, by the first parts of their
# regions' names: `regionRegex` and `dnsSuffix` of the AWS SDKs' partitions.json. The commercial
# partition and aws-us-gov share the default.
_DEFAULT_SUFFIX = "amazonaws.com"
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",  # aws-cn
    "eusc-": "amazonaws.eu",  # aws-eusc
    "us-iso-": "c2s.ic.gov",  # aws-iso
    "us-isob-": "sc2s.sgov.gov",  # aws-iso-b
    "eu-isoe-": "cloud.adc-e.uk",  # aws-iso-e
    "us-isof-": "csp.hci.ic.gov",  # aws-iso-f
}

# Every `regionRegex` of partitions.json fits this: an area, one or two words, a number. The bound
# keeps the name inside a DNS label.
_REGION = r"[a-z]{2,4}(?:-[a-z]{2,16}){1,2}-[0-9]{1,2}"
_ZONE = re.compile(rf"({_REGION})[a-z]")  # an availability zone: its region and one letter
# Local and wavelength zones: a region, the name of a place, its number and a letter.
_LOCAL_ZONE = re.compile(rf"({_REGION})(?:-[a-z0-9]{{2,8}}){{1,2}}-[0-9]{{1,2}}[a-z]")
_ACCOUNT = r"[0-9]{12}"  # AWS account ids have exactly 12 digits
_HOST = re.compile(rf"({_ACCOUNT})\.dkr\.ecr\.({_REGION})\.([a-z0-9.-]+)")


def registry_host(account: str, region: str) -> str:
    """Name the registry of an account in a region, as `image:` fields do."""
    return f"{account}.dkr.ecr.{region}.{_suffix(region)}"


def parse_host(host: str) -> tuple[str, str] | None:
    """Take a registry host apart into account and region.

    Returns:
        None when it is not the host of an ECR registry, or when its ending is not the one of the
        partition its region belongs to.
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    account, region, suffix = match.groups()
    return (account, region) if suffix == _suffix(region) else None


def region_problem(text: str) -> str | None:
    """Say what keeps a text from being the name of a region; None when it can be one.

    Whether a region exists, and is enabled for the account, is known to AWS alone: regions are
    added every year. The text is repeated only when it is the name of a zone, so that a key that
    was pasted into the wrong field stays out of messages.
    """
    if re.fullmatch(_REGION, text):
        return None
    zone = _ZONE.fullmatch(text) or _LOCAL_ZONE.fullmatch(text)
    if zone is not None:
        return f"{text} is an availability zone; the region is {zone[1]}"
    if not text:
        return "empty; expected an AWS region such as eu-west-1"
    if re.fullmatch(_REGION, text.lower()):
        return "regions are written in lower case, such as eu-west-1"
    return "not the name of an AWS region such as eu-west-1"


def check_region(text: str, path: str) -> str:
    """Return the region that a field of an `AWSECRCredential` names.

    Raises:
        InvalidSpecError: names the field by its JSON path.
    """
    problem = region_problem(text)
    if problem is not None:
        raise InvalidSpecError(path, problem)
    return text


def _suffix(region: str) -> str:
    for prefix, suffix in _SUFFIXES.items():
        if region.startswith(prefix):
            return suffix
    return _DEFAULT_SUFFIX


def region_of(host: str) -> str | None:
    """Name the region of a registry; None: not a registry of ECR."""
    parsed = parse_host(host)
    return parsed[1] if parsed else None

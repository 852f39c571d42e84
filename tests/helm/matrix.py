"""Values that users set, by what they are after; each is linted, rendered and tried."""

from tests.helm.helm import Values

SPEC = {"secretName": "ecr-login", "namespaces": ["default"]}
A_CREDENTIAL = {"name": "my-ecr-credentials", "spec": SPEC}
KEYS = {
    "create": True,
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "secretAccessKey": "wJalr/+EXAMPLEKEY",
    "region": "eu-west-1",
}
_ROLE = "arn:aws:iam::111122223333:role/pull"
_EVERY_MONITOR = {
    name: {"enabled": True}
    for name in ("serviceMonitor", "podMonitor", "prometheusRule", "dashboard")
}

VALUES: dict[str, Values] = {
    "defaults": {},
    "one-replica": {"replicaCount": 1},
    "recreate": {"updateStrategy": {"type": "Recreate"}},
    "no-webhook": {"webhook": {"enabled": False}},
    "no-metrics": {"metrics": {"enabled": False}},
    "no-policy": {"admissionPolicy": {"enabled": False}},
    "nothing-made": {
        "crds": {"install": False},
        "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "given"},
        "podDisruptionBudget": {"enabled": False},
    },
    "irsa": {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": _ROLE}}},
    "keys": {"awsAccess": KEYS, "credentials": [A_CREDENTIAL]},
    "credentials": {
        "keepCredentials": False,
        "credentials": [
            A_CREDENTIAL,
            {
                "name": "another",
                "labels": {"team": "a"},
                "annotations": {"note": "b"},
                "spec": {
                    "secretName": "ecr-login",
                    "namespaces": ["kube-public"],
                    "awsAccess": {"secretName": "aws-access", "roleArn": _ROLE},
                    "registries": [{"region": "us-east-1", "accountIds": ["444455556666"]}],
                    "refreshPolicy": "OnPodAdmission",
                },
            },
        ],
    },
    "named-secrets": {
        "rbac": {
            "secretNames": ["ecr-login", "other-login"],
            "awsAccessSecrets": [
                {"namespace": "default", "name": "aws-access"},
                {"namespace": "kube-public", "name": "keys"},
            ],
        }
    },
    "named-secrets-and-keys": {
        "rbac": {"secretNames": ["ecr-login"]},
        "awsAccess": {**KEYS, "name": "keys", "sessionToken": "FwoGZXIvYXdzEXAMPLE"},
        "credentials": [A_CREDENTIAL],
    },
    "cert-manager": {"webhook": {"certManager": {"enabled": True}}},
    "cert-manager-with-issuer": {
        "webhook": {
            "certManager": {
                "enabled": True,
                "issuerRef": {"name": "ours", "kind": "ClusterIssuer", "group": "cert-manager.io"},
            }
        }
    },
    "own-certificate": {"webhook": {"existingSecret": "serving"}},
    "monitored": {"metrics": _EVERY_MONITOR},
    "monitored-elsewhere": {
        "metrics": {
            name: {**settings, "namespace": "default", "labels": {"release": "prometheus"}}
            for name, settings in _EVERY_MONITOR.items()
        }
    },
    "fenced": {
        "networkPolicy": {
            "enabled": True,
            "metricsFrom": [{"namespaceSelector": {}}],
            "extraIngress": [{"from": [{"podSelector": {}}]}],
            "extraEgress": [{"to": [{"podSelector": {}}]}],
        }
    },
    "everything-else": {
        "fullnameOverride": "pull",
        "clusterNameOverride": "pull.everywhere",
        "preStopSleepSeconds": 0,
        "commonLabels": {"team": "platform"},
        "commonAnnotations": {"note": "ours"},
        "image": {"repository": "registry.example.com/ecr", "digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": [{"name": "own-login"}],
        "replicaCount": 3,
        "settings": {"logLevel": "debug", "maxWritesPerSecond": 12.5, "workers": None},
        "aws": {"region": "eu-west-1"},
        "podDisruptionBudget": {"maxUnavailable": "50%"},
        "leaderElection": {"leaseName": "mine"},
        "service": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [],
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "podLabels": {"e": "f"},
        "podAnnotations": {"g": "h"},
        "deploymentAnnotations": {"i": "j"},
        "extraArgs": ["--log-format=text"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
        "extraEnvFrom": [{"configMapRef": {"name": "more", "optional": True}}],
        "extraVolumes": [{"name": "scratch", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108 - in a pod
    },
}

# What YAML 1.1 or 1.2 reads as a number, a switch, a date or nothing.
ODD_NAMES = ("123", "1e3", "0x1f", "2024-01-01", "true", "off", "null")


def odd_values(name: str) -> Values:
    """Return values with this name wherever a name can be given, and every optional object."""
    enabled = {"enabled": True, "namespace": name}
    return {
        "nameOverride": name,
        "fullnameOverride": name,
        "clusterNameOverride": name,
        "commonLabels": {"a": name},
        "commonAnnotations": {"b": name},
        "image": {"repository": name, "tag": name},
        "imagePullSecrets": [{"name": name}],
        "settings": {"identity": name, "credentialSelector": name},
        "serviceAccount": {"name": name},
        "awsAccess": {**KEYS, "name": name},
        "credentials": [{"name": name, "spec": {"secretName": name, "namespaces": [name]}}],
        "rbac": {
            "secretNames": [name],
            "namespaces": [name],
            "awsAccessSecrets": [{"namespace": name, "name": f"{name}.{name}"}],
        },
        "webhook": {"certManager": {"enabled": True}},
        "leaderElection": {"leaseName": name},
        "metrics": dict.fromkeys(_EVERY_MONITOR, enabled),
        "networkPolicy": {"enabled": True, "metricsFrom": [{"podSelector": {}}]},
        "priorityClassName": name,
        "runtimeClassName": name,
        "extraArgs": [name],
    }

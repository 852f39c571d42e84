"""A fake AWS on loopback: ECR, ECR Public, STS, EKS Pod Identity, and instance metadata.

Everything a client can see is as AWS does it, signatures included; what AWS never offers (a
token's life of seconds, an outage on demand, counters) is offered beside it, by `server.FakeAws` in
the same process and by `remote.RemoteAws` from another. Imports nothing of the operator.
"""

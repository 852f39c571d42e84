"""Speaks Kubernetes, and knows nothing of ECR: cluster access, client, informer, work queue.

Imports `core` for the shapes of objects, `errors` and `metrics`; nothing else of the operator.
"""

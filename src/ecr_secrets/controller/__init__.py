"""When and how a credential is reconciled; its events and its status.

Imports `kube`, `aws`, `core` and what lies below them; never `webhook`.
"""

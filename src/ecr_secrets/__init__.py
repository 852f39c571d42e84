"""Keeps AWS ECR image pull secrets valid in every namespace of a Kubernetes cluster."""

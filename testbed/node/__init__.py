"""A node under the control plane: a real kubelet and containerd, so that pods really run."""

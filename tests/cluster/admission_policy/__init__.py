"""The policy that confines the operator, tried with the operator's own token."""

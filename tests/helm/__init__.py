"""The Helm chart, by Helm 3 and 4: what it renders, refuses and installs."""

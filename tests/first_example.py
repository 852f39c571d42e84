"""The example of the original operator's README, as its users have it in their repositories."""

EXAMPLE = """\
apiVersion: aws.zakariaamine.com/v1alpha1
kind: AWSECRCredential
metadata:
  name: my-ecr-credentials
spec:
  awsAccess:
    secretName: aws-access
    namespace: default
  secretName: ecr-login
  namespaces:
    - ns1
    - ns2
    - ns3
    - ns4
"""

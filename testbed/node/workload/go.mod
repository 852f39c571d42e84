// What the containers of the testbed run; nothing but the standard library.
module kube-ecr-secrets-operator.testbed/node/workload

go 1.26.0

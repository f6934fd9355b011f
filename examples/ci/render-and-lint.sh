#!/usr/bin/env sh
# Any CI: lint what will be applied, whoever rendered it. `helm template`'s output is linted just as well.
set -eu
plimsoll render web charts/python-app -f deploy/prod.yaml >manifests.yaml
plimsoll lint manifests.yaml --kube-version 1.36 --min-severity warning
helm template db bitnami/postgresql | plimsoll lint - --rule k8s

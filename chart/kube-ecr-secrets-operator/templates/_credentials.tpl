{{/* The credentials of the values, with the Secret of `awsAccess` where an entry names no AWS access. */}}
{{- define "operator.credentials" -}}
{{- $own := dict "awsAccess" (dict "secretName" (include "operator.awsAccessName" .) "namespace" .Release.Namespace) }}
{{- range .Values.credentials }}
{{- $spec := .spec }}
{{- if and (or $.Values.awsAccess.create $.Values.awsAccess.name) (not (hasKey $spec "awsAccess")) }}
{{- $spec = merge (deepCopy $spec) $own }}
{{- end }}
- {{ toYaml (merge (dict "spec" $spec) .) | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* Parts of the rights. */}}

{{- define "operator.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "operator.serviceAccountName" . | quote }}
    namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* The binding of a Role of the same name: (dict "root" $ "name" "namespace"). */}}
{{- define "operator.binding" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
{{ include "operator.metadata" . }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name | quote }}
{{ include "operator.subjects" .root }}
{{- end }}

{{/* What may be done with pull secrets, in one namespace or in all. */}}
{{- define "operator.pullSecretRule" -}}
# Pull secrets; `create` is what a server-side apply of a new one needs.
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secretNames }}
  resourceNames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  verbs: [list, watch, create, patch, delete]
{{- end }}

{{/*
The Secrets with AWS keys that objects name, as lists of names by namespace: those of
rbac.awsAccessSecrets, of the credentials, and that of awsAccess. Left out are those that the rule for
pull secrets is about as well.
*/}}
{{- define "operator.awsAccessSecrets" -}}
{{- $secrets := .Values.rbac.awsAccessSecrets | default list }}
{{- range include "operator.credentials" . | fromYamlArray }}
{{- with .spec.awsAccess }}
{{- if .secretName }}
{{- $secrets = append $secrets (dict "namespace" (.namespace | default "default") "name" .secretName) }}
{{- end }}
{{- end }}
{{- end }}
{{- if or .Values.awsAccess.create .Values.awsAccess.name }}
{{- $secrets = append $secrets (dict "namespace" .Release.Namespace "name" (include "operator.awsAccessName" .)) }}
{{- end }}
{{- $found := dict }}
{{- range $secrets }}
{{- $place := or (not $.Values.rbac.namespaces) (has .namespace $.Values.rbac.namespaces) }}
{{- $name := or (not $.Values.rbac.secretNames) (has .name $.Values.rbac.secretNames) }}
{{- if not (and $place $name) }}
{{- $_ := set $found .namespace (append (get $found .namespace | default list) .name) }}
{{- end }}
{{- end }}
{{- range $namespace, $names := $found }}
{{ $namespace | quote }}: {{ $names | uniq | sortAlpha | toJson }}
{{- end }}
{{- end }}

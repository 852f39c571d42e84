{{/*
Labels, annotations and what else objects have in common. Here and elsewhere names are quoted: YAML
would read 123, true or 1e3 as something else.
*/}}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Of the pod of `helm test`: the component is another, so that the Service does not find it. */}}
{{- define "operator.testLabels" -}}
{{ include "operator.selectorLabels" . | fromYaml | merge (dict "app.kubernetes.io/component" "test") | toYaml }}
{{- end }}

{{- define "operator.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end }}

{{/* Labels of an object: (list $ labels...); the later beats the earlier. */}}
{{- define "operator.labels" -}}
{{- $labels := mergeOverwrite (deepCopy ((first .).Values.commonLabels | default dict)) (include "operator.ownLabels" (first .) | fromYaml) }}
{{- range rest . }}
{{- $labels = mergeOverwrite $labels (. | default dict | deepCopy) }}
{{- end }}
{{- toYaml $labels }}
{{- end }}

{{/* The line `annotations:` and what is under it, or nothing: (list $ annotations...). */}}
{{- define "operator.annotations" -}}
{{- $annotations := deepCopy ((first .).Values.commonAnnotations | default dict) }}
{{- range rest . }}
{{- $annotations = mergeOverwrite $annotations (. | default dict | deepCopy) }}
{{- end }}
{{- with $annotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A whole `metadata:` of a namespaced object: (dict "root" $ "name" "labels" "annotations" "namespace"). */}}
{{- define "operator.metadata" -}}
metadata:
  name: {{ .name | default (include "operator.fullname" .root) | quote }}
  namespace: {{ .namespace | default .root.Release.Namespace | quote }}
  labels:
    {{- include "operator.labels" (list .root .labels) | nindent 4 }}
  {{- with include "operator.annotations" (list .root .annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The same of a cluster-wide object: (dict "root" $ "name" "annotations"). */}}
{{- define "operator.clusterMetadata" -}}
metadata:
  name: {{ .name | default (include "operator.clusterName" .root) | quote }}
  labels:
    {{- include "operator.labels" (list .root .labels) | nindent 4 }}
  {{- with include "operator.annotations" (list .root .annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

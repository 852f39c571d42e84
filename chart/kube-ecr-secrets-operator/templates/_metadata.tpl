{{/* Labels, annotations and what else objects have in common. */}}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "operator.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels of an object: (list $ labels...); the later beats the earlier. */}}
{{- define "operator.labels" -}}
{{- $labels := mergeOverwrite (deepCopy (first .).Values.commonLabels) (include "operator.ownLabels" (first .) | fromYaml) }}
{{- range rest . }}
{{- $labels = mergeOverwrite $labels (. | default dict | deepCopy) }}
{{- end }}
{{- toYaml $labels }}
{{- end }}

{{/* The line `annotations:` and what is under it, or nothing: (list $ annotations...). */}}
{{- define "operator.annotations" -}}
{{- $annotations := deepCopy (first .).Values.commonAnnotations }}
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
  name: {{ .name | default (include "operator.fullname" .root) }}
  namespace: {{ .namespace | default .root.Release.Namespace }}
  labels:
    {{- include "operator.labels" (list .root .labels) | nindent 4 }}
  {{- with include "operator.annotations" (list .root .annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The same of a cluster-wide object: (dict "root" $ "name" "annotations"). */}}
{{- define "operator.clusterMetadata" -}}
metadata:
  name: {{ .name | default (include "operator.clusterName" .root) }}
  labels:
    {{- include "operator.labels" (list .root .labels) | nindent 4 }}
  {{- with include "operator.annotations" (list .root .annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

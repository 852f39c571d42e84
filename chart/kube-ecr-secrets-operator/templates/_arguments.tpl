{{/* The command line of the operator. */}}

{{/* One flag: (list "maxWritesPerSecond" value). As JSON, a number never gets an exponent. */}}
{{- define "operator.flag" -}}
{{- $value := last . -}}
--{{ first . | kebabcase }}={{ if kindIs "string" $value }}{{ $value }}{{ else }}{{ toJson $value }}{{ end }}
{{- end }}

{{- define "operator.arguments" -}}
{{- $flags := deepCopy .Values.settings }}
{{- $_ := set $flags "metricsPort" (ternary .Values.metrics.port 0 .Values.metrics.enabled) }}
{{- $_ := set $flags "healthPort" .Values.health.port }}
{{- $_ := set $flags "leaseName" (include "operator.leaseName" .) }}
{{- $_ := set $flags "webhookConfiguration" (include "operator.webhookConfigurationName" .) }}
{{- $_ := set $flags "namespaces" (.Values.rbac.namespaces | default list | uniq | join "," | default nil) }}
{{- if .Values.webhook.enabled }}
{{- $flags = merge $flags (include "operator.webhookFlags" . | fromYaml) }}
{{- end }}
- run
{{- range $name, $value := $flags }}
{{- if not (kindIs "invalid" $value) }}
- {{ include "operator.flag" (list $name $value) | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "operator.webhookFlags" -}}
webhookPort: {{ .Values.webhook.port }}
webhookUrl: {{ .Values.webhook.url | toJson }}
webhookService: {{ include "operator.fullname" . | quote }}
webhookServicePort: {{ .Values.webhook.servicePort }}
webhookOwner: {{ include "operator.clusterName" . | quote }}
{{- if include "operator.servingSecretName" . }}
tlsCertFile: /etc/ecr-secrets/serving/tls.crt
tlsKeyFile: /etc/ecr-secrets/serving/tls.key
tlsCaFile: /etc/ecr-secrets/serving/ca.crt
{{- else }}
webhookSecret: {{ include "operator.authoritiesName" . | quote }}
caLifetimeSeconds: {{ .Values.webhook.caLifetimeSeconds | toJson }}
certificateLifetimeSeconds: {{ .Values.webhook.certificateLifetimeSeconds | toJson }}
caOverlapSeconds: {{ .Values.webhook.caOverlapSeconds | toJson }}
{{- end }}
{{- end }}

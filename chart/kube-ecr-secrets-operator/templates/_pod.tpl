{{/* Parts of the pod. */}}

{{/* (list path timing) */}}
{{- define "operator.probe" -}}
httpGet:
  path: {{ first . }}
  port: health
{{ toYaml (last .) }}
{{- end }}

{{/* Empty: there is none. */}}
{{- define "operator.volumeMounts" -}}
{{- if and .Values.webhook.enabled (include "operator.servingSecretName" .) -}}
- name: serving
  mountPath: /etc/ecr-secrets/serving
  readOnly: true
{{ end }}
{{- with .Values.extraVolumeMounts }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Empty: there is none. */}}
{{- define "operator.volumes" -}}
{{- if and .Values.webhook.enabled (include "operator.servingSecretName" .) -}}
- name: serving
  secret:
    secretName: {{ include "operator.servingSecretName" . | quote }}
{{ end }}
{{- with .Values.extraVolumes }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Names: every one is made from the release's, so that releases can live side by side. */}}

{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "operator.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of cluster-wide objects: releases of one name in two namespaces do not meet. */}}
{{- define "operator.clusterName" -}}
{{- default (printf "%s.%s" (include "operator.fullname" .) .Release.Namespace) .Values.clusterNameOverride }}
{{- end }}

{{/*
Of what monitors the release, in a namespace of its own or, if that is empty, the release's:
(list $ namespace). Elsewhere the namespace of the release is part of the name.
*/}}
{{- define "operator.monitoringName" -}}
{{- $here := (first .).Release.Namespace }}
{{- include (ternary "operator.fullname" "operator.clusterName" (eq $here (last . | default $here))) (first .) }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "operator.leaseName" -}}
{{- default (include "operator.fullname" .) .Values.leaderElection.leaseName }}
{{- end }}

{{- define "operator.awsAccessName" -}}
{{- default (printf "%s-aws-access" (include "operator.fullname" .)) .Values.awsAccess.name }}
{{- end }}

{{/* The Secret in which the operator keeps its certificate authorities. */}}
{{- define "operator.authoritiesName" -}}
{{- printf "%s-webhook" (include "operator.fullname" .) }}
{{- end }}

{{/* The ValidatingWebhookConfiguration that the operator applies. */}}
{{- define "operator.webhookConfigurationName" -}}
{{- include "operator.clusterName" . }}
{{- end }}

{{/* The Secret that serving certificates from elsewhere are mounted from; empty: there is none. */}}
{{- define "operator.servingSecretName" -}}
{{- if .Values.webhook.existingSecret }}
{{- .Values.webhook.existingSecret }}
{{- else if .Values.webhook.certManager.enabled }}
{{- printf "%s-serving" (include "operator.fullname" .) }}
{{- end }}
{{- end }}

{{- define "operator.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

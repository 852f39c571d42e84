{{/*
What the schema cannot say: values that are each right and do not go together. Every check below
writes a line with what is wrong, or nothing.
*/}}

{{- define "operator.validate" -}}
{{- $problems := list }}
{{- range $check := list "Ports" "Ending" "Rolling" "Budget" "Lives" "Name" "Dns" "Monitoring" "Credentials" }}
{{- $problems = concat $problems (include (printf "operator.validate%s" $check) $ | splitList "\n" | compact) }}
{{- end }}
{{- with $problems }}
{{- fail (printf "values that do not go together:\n- %s" (join "\n- " .)) }}
{{- end }}
{{- end }}

{{/* Equal ports, of the pod and of the Service. */}}
{{- define "operator.validatePorts" -}}
{{- $health := dict "health.port" .Values.health.port }}
{{- $metrics := ternary (dict "metrics.port" .Values.metrics.port) dict .Values.metrics.enabled }}
{{- $pod := ternary (dict "webhook.port" .Values.webhook.port) dict .Values.webhook.enabled }}
{{- $service := ternary (dict "webhook.servicePort" .Values.webhook.servicePort) dict .Values.webhook.enabled }}
{{- range $ports := list (merge $pod $health $metrics) (merge $service $health $metrics) }}
{{- range $name, $port := $ports }}
{{- range $other, $same := $ports }}
{{- if and (lt $name $other) (eq (int $port) (int $same)) }}
{{ $name }} and {{ $other }} are both {{ int $port }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A pod that is killed before its work is finished. 8: the operator's default; 5: for giving up the Lease. */}}
{{- define "operator.validateEnding" -}}
{{- $grace := .Values.settings.shutdownGraceSeconds }}
{{- $needed := addf .Values.preStopSleepSeconds (kindIs "invalid" $grace | ternary 8 $grace) 5 }}
{{- if gt $needed (float64 .Values.terminationGracePeriodSeconds) }}
terminationGracePeriodSeconds is {{ int .Values.terminationGracePeriodSeconds }}, less than preStopSleepSeconds, settings.shutdownGraceSeconds and 5 together, {{ $needed }}
{{- end }}
{{- end }}

{{/* An update that may neither add a pod nor take one away. */}}
{{- define "operator.validateRolling" -}}
{{- with .Values.updateStrategy | default dict }}
{{- $rolling := .rollingUpdate | default dict }}
{{- $none := list "0" "0%" }}
{{- if and (ne .type "Recreate") (has (toString $rolling.maxSurge) $none) (has (toString $rolling.maxUnavailable) $none) }}
updateStrategy.rollingUpdate: maxSurge and maxUnavailable are both 0
{{- end }}
{{- end }}
{{- end }}

{{/* A budget that lets no pod go: a percentage of the replicas to keep is rounded up. */}}
{{- define "operator.validateBudget" -}}
{{- $replicas := int .Values.replicaCount }}
{{- with .Values.podDisruptionBudget }}
{{- if and .enabled (gt $replicas 1) }}
{{- $kept := kindIs "string" .minAvailable | ternary (trimSuffix "%" (toString .minAvailable) | int | mul $replicas) (int .minAvailable | mul 100) }}
{{- if not (kindIs "invalid" .maxUnavailable) }}
{{- if has (toString .maxUnavailable) (list "0" "0%") }}
podDisruptionBudget.maxUnavailable is {{ .maxUnavailable }}: no node could be drained
{{- end }}
{{- else if kindIs "invalid" .minAvailable }}
podDisruptionBudget: minAvailable and maxUnavailable are both null
{{- else if gt $kept (sub $replicas 1 | mul 100) }}
podDisruptionBudget.minAvailable is {{ .minAvailable }} of {{ $replicas }} replicas: no node could be drained
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Lives that leave no time for a rotation. 31536000, 604800 and 60: the operator's defaults. */}}
{{- define "operator.validateLives" -}}
{{- if and .Values.webhook.enabled (not (include "operator.servingSecretName" .)) }}
{{- with .Values.webhook }}
{{- $authority := kindIs "invalid" .caLifetimeSeconds | ternary 31536000 .caLifetimeSeconds | float64 }}
{{- $leaf := kindIs "invalid" .certificateLifetimeSeconds | ternary 604800 .certificateLifetimeSeconds | float64 }}
{{- $overlap := kindIs "invalid" .caOverlapSeconds | ternary 60 .caOverlapSeconds | float64 }}
{{- if lt $authority $leaf }}
webhook.caLifetimeSeconds is {{ toJson $authority }}, less than webhook.certificateLifetimeSeconds, {{ toJson $leaf }}
{{- end }}
{{- if lt $authority (mulf $overlap 6) }}
webhook.caLifetimeSeconds is {{ toJson $authority }}, less than 6 times webhook.caOverlapSeconds, {{ mulf $overlap 6 | toJson }}
{{- end }}
{{- if lt $leaf (mulf $overlap 3) }}
webhook.certificateLifetimeSeconds is {{ toJson $leaf }}, less than 3 times webhook.caOverlapSeconds, {{ mulf $overlap 3 | toJson }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The name of a Service, which before Kubernetes 1.36 may not begin with a digit. */}}
{{- define "operator.validateName" -}}
{{- $name := include "operator.fullname" . }}
{{- if and (regexMatch "^[0-9]" $name) (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) }}
the Service would be named {{ $name }}, and this Kubernetes wants a letter first: set fullnameOverride
{{- end }}
{{- end }}

{{- define "operator.validateDns" -}}
{{- if and (eq .Values.dnsPolicy "None") (not (.Values.dnsConfig | default dict).nameservers) }}
dnsPolicy is None: dnsConfig.nameservers is needed
{{- end }}
{{- end }}

{{- define "operator.validateMonitoring" -}}
{{- range $name := ternary list (list "serviceMonitor" "podMonitor" "prometheusRule" "dashboard") .Values.metrics.enabled }}
{{- if (get $.Values.metrics $name).enabled }}
metrics.{{ $name }}.enabled needs metrics.enabled
{{- end }}
{{- end }}
{{- end }}

{{/* Objects of one name, and those that the rights do not reach. */}}
{{- define "operator.validateCredentials" -}}
{{- $seen := list }}
{{- range .Values.credentials }}
{{- if has .name $seen }}
credentials: there are two named {{ .name }}
{{- end }}
{{- $seen = append $seen .name }}
{{- if and $.Values.rbac.secretNames (not (has .spec.secretName $.Values.rbac.secretNames)) }}
credentials: {{ .name }} has the spec.secretName {{ .spec.secretName }}, which is not among rbac.secretNames
{{- end }}
{{- end }}
{{- end }}

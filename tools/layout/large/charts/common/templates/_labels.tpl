{{- define "common.labels" -}}
{{- if and (hasKey . "custom") (hasKey . "context") -}}
{{- $default := dict "app.kubernetes.io/name" (include "common.name" .context) "helm.sh/chart" (include "common.chart" .context) "app.kubernetes.io/instance" .context.Release.Name "app.kubernetes.io/managed-by" .context.Release.Service -}}
{{- with .context.Chart.AppVersion -}}
{{- $_ := set $default "app.kubernetes.io/version" . -}}
{{- end -}}
{{ template "common.merged" (dict "values" (list .custom $default) "context" .context) }}
{{- else -}}
app.kubernetes.io/name: {{ include "common.name" . }}
helm.sh/chart: {{ include "common.chart" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- end -}}

{{- define "common.selector" -}}
{{- if and (hasKey . "custom") (hasKey . "context") -}}
{{ merge (pick (include "common.rendered" (dict "value" .custom "context" .context) | fromYaml) "app.kubernetes.io/name" "app.kubernetes.io/instance") (dict "app.kubernetes.io/name" (include "common.name" .context) "app.kubernetes.io/instance" .context.Release.Name) | toYaml }}
{{- else -}}
app.kubernetes.io/name: {{ include "common.name" . }}
{{- end -}}
{{- end -}}

{{/*
A value that may be a template: { "value" .Values.x "context" $ }
*/}}
{{- define "common.rendered" -}}
{{- $value := typeIs "string" .value | ternary .value (.value | toYaml) }}
{{- if contains "{{" (toJson .value) }}
  {{- if .scope }}
      {{- tpl (cat "{{- with $.Scope -}}" $value "{{- end }}") (merge (dict "Scope" .scope) .context) }}
  {{- else }}
    {{- tpl $value .context }}
  {{- end }}
{{- else }}
    {{- $value }}
{{- end }}
{{- end -}}

{{- define "common.merged" -}}
{{- $out := dict -}}
{{- range .values -}}
{{- $out = include "common.rendered" (dict "value" . "context" $.context "scope" $.scope) | fromYaml | merge $out -}}
{{- end -}}
{{ $out | toYaml }}
{{- end -}}

{{- define "common.overwritten" -}}
{{- $out := dict -}}
{{- range .values -}}
{{- $out = include "common.rendered" (dict "value" . "context" $.context) | fromYaml | mergeOverwrite $out -}}
{{- end -}}
{{ $out | toYaml }}
{{- end -}}

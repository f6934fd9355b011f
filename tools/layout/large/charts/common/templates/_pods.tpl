{{- define "common.image" -}}
{{- $registry := default .image.registry ((.global).imageRegistry) -}}
{{- $repository := .image.repository -}}
{{- $separator := ":" -}}
{{- $end := .image.tag | toString -}}
{{- if not .image.tag }}{{- if .chart }}{{- $end = .chart.AppVersion | toString -}}{{- end -}}{{- end -}}
{{- if .image.digest }}
    {{- $separator = "@" -}}
    {{- $end = .image.digest | toString -}}
{{- end -}}
{{- if $registry }}
    {{- printf "%s/%s%s%s" $registry $repository $separator $end -}}
{{- else -}}
    {{- printf "%s%s%s"  $repository $separator $end -}}
{{- end -}}
{{- end -}}

{{- define "common.pullSecrets" -}}
  {{- $secrets := list }}
  {{- range ((.context.Values.global).imagePullSecrets) -}}
    {{- $secrets = append $secrets (include "common.rendered" (dict "value" . "context" $.context)) -}}
  {{- end -}}
  {{- range .images -}}
    {{- range .pullSecrets -}}
      {{- if kindIs "map" . -}}
        {{- $secrets = append $secrets (include "common.rendered" (dict "value" .name "context" $.context)) -}}
      {{- else -}}
        {{- $secrets = append $secrets (include "common.rendered" (dict "value" . "context" $.context)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- if (not (empty $secrets)) -}}
imagePullSecrets:
    {{- range $secrets | uniq }}
  - name: {{ . }}
    {{- end }}
  {{- end }}
{{- end -}}

{{- define "common.resources" -}}
{{- $presets := dict
  "nano" (dict "requests" (dict "cpu" "100m" "memory" "128Mi") "limits" (dict "cpu" "150m" "memory" "192Mi"))
  "small" (dict "requests" (dict "cpu" "500m" "memory" "512Mi") "limits" (dict "cpu" "750m" "memory" "768Mi"))
}}
{{- if hasKey $presets .type -}}
{{- index $presets .type | toYaml -}}
{{- else -}}
{{- printf "ERROR: preset `%s` is none of %s" .type (join "," (keys $presets | sortAlpha)) | fail -}}
{{- end -}}
{{- end -}}

{{- define "common.affinity" -}}
preferredDuringSchedulingIgnoredDuringExecution:
  - podAffinityTerm:
      labelSelector:
        matchLabels: {{- (include "common.selector" (dict "custom" (default (dict) .customLabels) "context" .context)) | nindent 10 }}
          {{- if not (empty .component) }}
          {{ printf "app.kubernetes.io/component: %s" .component }}
          {{- end }}
      {{- with .namespaces }}
      namespaces:
        {{- range . }}
        - {{ tpl . $.context }}
        {{- end }}
      {{- end }}
      topologyKey: {{ default "kubernetes.io/hostname" .topologyKey }}
    weight: {{ default 1 .weight }}
{{- end -}}

{{- define "common.securityContext" -}}
{{- $adapted := .secContext -}}
{{- if (((.context.Values.global).compatibility).openshift) -}}
  {{- if or (eq .context.Values.global.compatibility.openshift.adaptSecurityContext "force") (and (eq .context.Values.global.compatibility.openshift.adaptSecurityContext "auto") (.context.Capabilities.APIVersions.Has "security.openshift.io/v1")) -}}
    {{- $adapted = omit $adapted "fsGroup" "runAsUser" "runAsGroup" -}}
  {{- end -}}
{{- end -}}
{{- if not $adapted.seLinuxOptions -}}
{{- $adapted = omit $adapted "seLinuxOptions" -}}
{{- end -}}
{{- omit $adapted "enabled" | toYaml -}}
{{- end -}}

{{- define "common.storageClass" -}}
{{- $class := default .persistence.storageClass ((.global).defaultStorageClass) | default "" -}}
{{- if $class -}}
  {{- if (eq "-" $class) -}}
      {{- printf "storageClassName: \"\"" -}}
  {{- else -}}
      {{- printf "storageClassName: %s" $class -}}
  {{- end -}}
{{- end -}}
{{- end -}}

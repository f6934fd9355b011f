{{- define "common.kubeVersion" -}}
{{- default (default .Capabilities.KubeVersion.Version .Values.kubeVersion) ((.Values.global).kubeVersion) -}}
{{- end -}}

{{- define "common.policyVersion" -}}
{{- $kubeVersion := include "common.kubeVersion" . -}}
{{- if and (not (empty $kubeVersion)) (semverCompare "<1.21-0" $kubeVersion) -}}
{{- print "policy/v1beta1" -}}
{{- else -}}
{{- print "policy/v1" -}}
{{- end -}}
{{- end -}}

{{/*
The password under a key: as given, as it is in the cluster, or a new one.
*/}}
{{- define "common.password" -}}
{{- $password := "" -}}
{{- $length := default 10 .length -}}
{{- $given := include "common.firstKey" (dict "keys" .providedValues "context" .context) -}}
{{- $value := include "common.atKey" (dict "key" $given "context" .context) -}}
{{- $data := (lookup "v1" "Secret" .context.Release.Namespace .secret).data -}}
{{- if $data -}}
  {{- if hasKey $data .key -}}{{- $password = index $data .key | b64dec -}}{{- end -}}
{{- end -}}
{{- if not $password -}}
  {{- if $value -}}
    {{- $password = $value | toString -}}
  {{- else -}}
    {{- if .strong -}}
      {{- $chars := list (randNumeric 1) (randAlpha 1 | lower) (randAlpha 1 | upper) -}}
      {{- $password = randAscii $length -}}
      {{- $password = regexReplaceAllLiteral "\\W" $password "@" | substr 5 $length -}}
      {{- $password = printf "%s%s" (join "" $chars) $password | toString | shuffle -}}
    {{- else -}}
      {{- $password = randAlphaNum $length -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if .quoted -}}{{- $password | b64enc | quote -}}{{- else -}}{{- $password | b64enc -}}{{- end -}}
{{- end -}}

{{- define "common.atKey" -}}
{{- $split := splitList "." .key -}}
{{- $value := "" -}}
{{- $latest := $.context.Values -}}
{{- range $split -}}
  {{- if not $latest -}}
    {{- printf "the parent of %s has no entries" . | fail -}}
  {{- end -}}
  {{- $value = ( index $latest . ) -}}
  {{- $latest = $value -}}
{{- end -}}
{{- printf "%v" (default "" $value) -}}
{{- end -}}

{{- define "common.firstKey" -}}
{{- $key := first .keys -}}
{{- $reverse := reverse .keys }}
{{- range $reverse }}
  {{- $value := include "common.atKey" (dict "key" . "context" $.context ) }}
  {{- if $value -}}{{- $key = . }}{{- end -}}
{{- end -}}
{{- printf "%s" $key -}}
{{- end -}}

{{- define "common.warnings.rolling" -}}
{{- if and (contains "app/" .repository) (not (.tag | toString | regexFind "-r\\d+$|sha256:")) }}
WARNING: Rolling tag detected ({{ .repository }}:{{ .tag }}).
{{- end }}
{{- end -}}

{{- define "common.validated" -}}
{{- $messages := list -}}
{{- $messages = append $messages (include "large.validate.architecture" .) -}}
{{- $messages = append $messages "" -}}
{{- $messages = without $messages "" -}}
{{- $message := join "\n" $messages -}}
{{- if $message -}}
{{-   printf "\nVALUES VALIDATION:\n%s" $message | fail -}}
{{- end -}}
{{- end -}}

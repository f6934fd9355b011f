{{- define "pairs" -}}
{{- range $key, $value := . }}
{{ $key }}={{ $value }}
{{- end }}
{{- end -}}
{{ define "dot" }}[{{ . }}|{{ $ }}]{{ end }}
{{ define "blank" }} {{/* nothing */}} {{ end }}
{{ define "vars" }}{{ $x := 1 }}{{ if . }}{{ $x = 2 }}{{ $y := 3 }}{{ $x := $y }}{{ $x }}{{ end }}{{ $x }}{{ end }}
{{ define "loop" }}{{ range $i, $e := . }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ if eq $i 3 }}{{ break }}{{ end }}<{{ $i }}:{{ $e }}>{{ else }}none{{ end }}{{ end }}
{{ define "raw" }}{{ `a "raw" \n string` }}{{ "an \"escaped\" \t\u00e9\x41\101 string" }}{{ 'x' }}{{ end }}

{{- define "object" }}
a: 1
b:
  c: {{ .Values.big }}
{{- end }}

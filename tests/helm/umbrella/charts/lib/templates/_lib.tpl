{{ define "lib.name" }}{{ .Chart.Name }}-{{ .Values.own | default "none" }}-{{ .Values.global.shared }}{{ end }}

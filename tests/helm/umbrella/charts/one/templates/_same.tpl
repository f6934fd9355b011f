{{ define "same" }}one{{ end }}

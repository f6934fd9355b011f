{{ define "same" }}two{{ end }}

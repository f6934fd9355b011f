{{/* The images of the chart */}}
{{- define "large.image" -}}
{{ include "common.image" (dict "image" .Values.image "global" .Values.global "chart" .Chart) }}
{{- end -}}

{{- define "large.pullSecrets" -}}
{{ include "common.pullSecrets" (dict "images" (list .Values.image .Values.metrics.image) "context" $) }}
{{- end -}}

{{- define "large.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
    {{ default (include "common.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
    {{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "large.secretName" -}}
{{- if .Values.auth.existingSecret -}}
    {{- printf "%s" (tpl .Values.auth.existingSecret $) -}}
{{- else -}}
    {{- printf "%s" (include "common.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "large.createTls" -}}
{{- if and .Values.ingress.enabled .Values.ingress.tls (not .Values.ingress.selfSigned) }}
    {{- true -}}
{{- end -}}
{{- end -}}

{{- define "large.validate.architecture" -}}
{{- if and (ne .Values.architecture "standalone") (ne .Values.architecture "replication") -}}
large: architecture
    It is {{ .Values.architecture }}.
{{- end -}}
{{- end -}}

{{- define "large.node" -}}
{{- $node := .node }}
{{- $component := .component }}
{{- with .context }}
apiVersion: {{ ternary "apps/v1" "apps/v1beta2" (semverCompare ">=1.9-0" (include "common.kubeVersion" .)) }}
kind: StatefulSet
metadata:
  name: {{ printf "%s-%s" (include "common.fullname" .) $component }}
  namespace: {{ include "common.namespace" . | quote }}
  labels: {{- include "common.labels" ( dict "custom" .Values.commonLabels "context" $.context ) | nindent 4 }}
    app.kubernetes.io/component: {{ $component }}
  {{- if or .Values.commonAnnotations $node.podAnnotations }}
  {{- $annotations := include "common.merged" ( dict "values" ( list $node.podAnnotations .Values.commonAnnotations ) "context" . ) }}
  annotations: {{- include "common.rendered" ( dict "value" $annotations "context" .) | nindent 4 }}
  {{- end }}
spec:
  {{- if not $node.autoscaling }}
  replicas: {{ $node.replicaCount }}
  {{- end }}
  {{- $podLabels := include "common.merged" ( dict "values" ( list $node.podLabels .Values.commonLabels ) "context" . ) | fromYaml }}
  selector:
    matchLabels: {{- include "common.selector" ( dict "custom" $podLabels "context" . ) | nindent 6 }}
      app.kubernetes.io/component: {{ $component }}
  serviceName: {{ printf "%s-headless" (include "common.fullname" .) | trunc 63 | trimSuffix "-" }}
  {{- if $node.updateStrategy }}
  updateStrategy: {{- toYaml $node.updateStrategy | nindent 4 }}
  {{- end }}
  template:
    metadata:
      labels: {{- include "common.labels" ( dict "custom" $podLabels "context" . ) | nindent 8 }}
        app.kubernetes.io/component: {{ $component }}
      annotations:
        checksum/configmap: {{ include (print $.context.Template.BasePath "/configmap.yaml") . | sha256sum }}
        checksum/secret: {{ tpl (.Values.configuration | toString) . | sha256sum }}
    spec:
      {{- include "large.pullSecrets" . | nindent 6 }}
      automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
      serviceAccountName: {{ include "large.serviceAccountName" . }}
      {{- if $node.podSecurityContext.enabled }}
      securityContext: {{- include "common.securityContext" (dict "secContext" $node.podSecurityContext "context" .) | nindent 8 }}
      {{- end }}
      {{- if $node.affinity }}
      affinity: {{- include "common.rendered" (dict "value" $node.affinity "context" .) | nindent 8 }}
      {{- else }}
      affinity:
        {{- if eq $node.podAntiAffinityPreset "soft" }}
        podAntiAffinity: {{- include "common.affinity" (dict "component" $component "customLabels" $podLabels "context" .) | nindent 10 }}
        {{- end }}
      {{- end }}
      {{- with $node.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $node.tolerations }}
      tolerations: {{- include "common.rendered" (dict "value" $node.tolerations "context" .) | nindent 8 }}
      {{- end }}
      enableServiceLinks: {{ true }}
      terminationGracePeriodSeconds: {{ default 30 $node.terminationGracePeriodSeconds | int }}
      containers:
        - name: {{ .Chart.Name }}
          image: {{ include "large.image" . }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          {{- if $node.containerSecurityContext.enabled }}
          securityContext: {{- include "common.securityContext" (dict "secContext" $node.containerSecurityContext "context" .) | nindent 12 }}
          {{- end }}
          {{- if $node.command }}
          command: {{- include "common.rendered" (dict "value" $node.command "context" .) | nindent 12 }}
          {{- else }}
          command: ["/bin/bash", "-ec"]
          {{- end }}
          env:
            - name: APP_DEBUG
              value: {{ ternary "true" "false" (or .Values.image.debug false) | quote }}
            - name: APP_MASTER_HOST
              value: {{ printf "%s-primary-0.%s-headless.%s.svc.%s" (include "common.fullname" .) (include "common.fullname" .) .Release.Namespace .Values.clusterDomain }}
            - name: APP_PORT
              value: {{ .Values.service.ports.app | quote }}
            {{- if .Values.auth.enabled }}
            - name: APP_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: {{ template "large.secretName" . }}
                  key: app-password
            {{- end }}
            {{- range $index, $database := .Values.auth.databases }}
            - name: {{ printf "APP_DATABASE_%d" (add $index 1) }}
              value: {{ $database | quote }}
            {{- end }}
            {{- if $node.extraEnvVars }}
            {{- include "common.rendered" ( dict "value" $node.extraEnvVars "context" $.context ) | nindent 12 }}
            {{- end }}
          ports:
            - name: app
              containerPort: {{ .Values.service.ports.app }}
          {{- if $node.customLivenessProbe }}
          livenessProbe: {{- include "common.rendered" (dict "value" $node.customLivenessProbe "context" .) | nindent 12 }}
          {{- else if $node.livenessProbe.enabled }}
          livenessProbe: {{- include "common.rendered" (dict "value" (omit $node.livenessProbe "enabled") "context" .) | nindent 12 }}
            exec:
              command: [sh, -c, "/health/ping.sh {{ sub $node.livenessProbe.timeoutSeconds 1 | int | max 1 }}"]
          {{- end }}
          {{- if $node.resources }}
          resources: {{- toYaml $node.resources | nindent 12 }}
          {{- else if ne $node.resourcesPreset "none" }}
          resources: {{- include "common.resources" (dict "type" $node.resourcesPreset) | nindent 12 }}
          {{- end }}
          volumeMounts:
            - name: data
              mountPath: /data
  {{- if $node.persistence.enabled }}
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
        labels: {{- include "common.selector" ( dict "custom" .Values.commonLabels "context" . ) | nindent 10 }}
      spec:
        accessModes:
        {{- range $node.persistence.accessModes }}
          - {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ $node.persistence.size | quote }}
        {{- include "common.storageClass" (dict "persistence" $node.persistence "global" .Values.global) | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

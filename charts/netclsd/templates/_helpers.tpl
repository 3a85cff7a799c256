{{- define "netclsd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 40 characters: the names of the removal's objects are made of it. */ -}}
{{- define "netclsd.fullname" -}}
{{- $name := include "netclsd.name" . }}
{{- $fullname := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $fullname .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "netclsd.serviceAccountName" -}}
{{- $default := ternary (include "netclsd.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $default .Values.serviceAccount.name }}
{{- end }}

{{- define "netclsd.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest -}}
@{{ .Values.image.digest }}
{{- else -}}
:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* What a selector uses: never changes in the life of a release. Argument: list $ COMPONENT. */ -}}
{{- define "netclsd.selectorLabels" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "netclsd.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{- define "netclsd.labels" -}}
{{- $root := first . -}}
{{ include "netclsd.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The paths are the chart's own: the pods mount them, and the hook on the node uses them. */ -}}
{{- define "netclsd.config" -}}
{{- $paths := dict "socket" "/run/netclsd/agent.sock" "state_dir" "/run/netclsd" -}}
{{- merge $paths .Values.config | toPrettyJson -}}
{{- end }}

{{- define "netclsd.listensOnLoopback" -}}
{{- if or (hasPrefix "127." .Values.listenAddress) (eq .Values.listenAddress "[::1]") }}true{{ end }}
{{- end }}

{{- define "netclsd.bareAddress" -}}
{{- .Values.listenAddress | trimPrefix "[" | trimSuffix "]" }}
{{- end }}

{{- /* The kubelet asks the pod's address, which is the node's; an agent on loopback hears it there only. With a web
configuration the kubelet would need a password, or a certificate, that it does not have: then the Unix socket is asked,
from inside. An agent that is not ready is alive, and `netclsctl status` ends with 3. Argument: list $ PATH. */ -}}
{{- define "netclsd.probe" -}}
{{- if (first .).Values.webConfig.secretName }}
exec:
  command: [/bin/sh, -c, {{ ternary "netclsctl status > /dev/null" "netclsctl status > /dev/null || [ $? -eq 3 ]" (eq (last .) "/readyz") | quote }}]
{{- else }}
httpGet:
  path: {{ last . }}
  port: metrics
  {{- with first . }}
  {{- if include "netclsd.listensOnLoopback" . }}
  host: {{ include "netclsd.bareAddress" . | quote }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* For containers that need nothing of the node. */ -}}
{{- define "netclsd.restricted" -}}
runAsNonRoot: true
runAsUser: 65534
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* For steps that mount, or write the node's file system. */ -}}
{{- define "netclsd.privileged" -}}
privileged: true
runAsUser: 0
readOnlyRootFilesystem: true
{{- end }}

{{- define "netclsd.podDefaults" -}}
automountServiceAccountToken: false
enableServiceLinks: false
priorityClassName: {{ .Values.priorityClassName | quote }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "netclsd.container" -}}
image: {{ include "netclsd.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- /* cgroups is the node's tree in place of the container's own: there the agent finds a net_cls hierarchy that the
node has mounted itself, and can look into the containers' groups. readOnly holds for the tree's top mount; a net_cls mount
below it (cgroup v1) keeps its own flags and can be written. */ -}}
{{- define "netclsd.nodeMounts" -}}
- {name: config, mountPath: /etc/netclsd, readOnly: true}
- {name: cgroups, mountPath: /sys/fs/cgroup, mountPropagation: HostToContainer, readOnly: true}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "netclsd.nodeVolumes" -}}
- name: run
  hostPath: {path: /run/netclsd, type: DirectoryOrCreate}
- name: cgroups
  hostPath: {path: /sys/fs/cgroup, type: Directory}
- name: host
  hostPath: {path: /, type: Directory}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* With onFailure=deny the agent's own namespace is always exempt, or a node without an agent could not start one. */ -}}
{{- define "netclsd.installArgs" -}}
- hook
- install
- --root
- /host
- --runtime={{ .Values.hook.runtime }}
{{- if eq .Values.hook.onFailure "deny" }}
- --hook-arg=--on-failure=deny
{{- range append (default list .Values.hook.exemptNamespaces) .Release.Namespace | uniq }}
- --hook-arg=--deny-exempt-namespace={{ . }}
{{- end }}
{{- end }}
{{- range .Values.hook.extraArgs }}
- --hook-arg={{ . }}
{{- end }}
{{- if .Values.hook.allContainers }}
- --all-containers
{{- end }}
{{- include "netclsd.hookArgs" . }}
{{- if not .Values.hook.required }}
- --exit-zero
{{- end }}
{{- with .Values.hook.installArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "netclsd.uninstallArgs" -}}
- hook
- uninstall
- --root
- /host
{{- include "netclsd.hookArgs" . }}
{{- end }}

{{- /* Of `hook install` and `hook uninstall` alike. */ -}}
{{- define "netclsd.hookArgs" -}}
{{- with .Values.hook.programDirectory }}
- --program-dir={{ . }}
{{- end }}
{{- if .Values.hook.restartRuntime }}
- --restart
{{- end }}
{{- end }}

{{- define "netclsd.uninstallsHook" -}}
{{- if or .Values.hook.enabled (eq .Values.hook.whenDisabled "uninstall") }}true{{ end }}
{{- end }}

{{- /* Of the step that installs the hook, or takes it out. */ -}}
{{- define "netclsd.hookResources" -}}
{{- toYaml (default .Values.initResources .Values.hook.resources) }}
{{- end }}

{{- /* Some platforms, GKE for one, admit pods of this priority outside of kube-system only where a quota names it. */ -}}
{{- define "netclsd.quotaSpec" -}}
hard: {pods: {{ .Values.resourceQuota.pods | quote }}}
scopeSelector:
  matchExpressions:
    - {scopeName: PriorityClass, operator: In, values: [{{ .Values.priorityClassName | quote }}]}
{{- end }}

{{- /* One endpoint of a ServiceMonitor or PodMonitor. The instance is the node's name: an alert should say where. */ -}}
{{- define "netclsd.scrape" -}}
- port: metrics
  path: /metrics
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  scheme: {{ .scheme }}
  {{- with .tlsConfig }}
  tlsConfig: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .basicAuth }}
  basicAuth: {{- toYaml . | nindent 4 }}
  {{- end }}
  relabelings:
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: instance
    {{- with .relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* helm makes the objects in the order of their weights and waits for the Pod, which comes last. It deletes all of
them once all have succeeded; what a failed attempt left goes before the next one. */ -}}
{{- define "netclsd.removalHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

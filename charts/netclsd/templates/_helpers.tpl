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
{{- /* Without privileges nobody can mount for the agent later. */ -}}
{{- $mount := ternary (dict "net_cls" (dict "keep_mounted" true)) dict (eq (include "netclsd.isUnprivileged" .) "true") -}}
{{- mergeOverwrite (deepCopy .Values.config) $mount $paths | toPrettyJson -}}
{{- end }}

{{- /* How containers come: hook.mode. */ -}}
{{- define "netclsd.usesNri" -}}
{{- if and .Values.hook.enabled (ne .Values.hook.mode "hook") }}true{{ end }}
{{- end }}

{{- define "netclsd.installsHook" -}}
{{- if and .Values.hook.enabled (ne .Values.hook.mode "nri") }}true{{ end }}
{{- end }}

{{- /* The pods have no privileged container and do not see the node's root. */ -}}
{{- define "netclsd.isUnprivileged" -}}
{{- if and .Values.hook.enabled (eq .Values.hook.mode "nri") (not .Values.hook.takeOut) }}true{{ end }}
{{- end }}

{{- define "netclsd.checkMode" -}}
{{- if and .Values.hook.enabled (eq .Values.hook.mode "nri") (eq .Values.hook.onFailure "deny") }}
{{- fail "hook.onFailure is deny, and hook.mode is nri: an NRI plugin can refuse a start only while it is connected, so that a container could start without its class. Set hook.mode to hook or both." }}
{{- end }}
{{- end }}

{{- define "netclsd.checkCarry" -}}
{{- if and .Values.config.carry (not .Values.carry.enabled) }}
{{- fail "config.carry is set, and carry.enabled is false: no carrier would run. Set carry.enabled to true, or take config.carry out." }}
{{- end }}
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

{{- /* The agent mounts net_cls in its own mount namespace at its start (SYS_ADMIN) and makes its parent group in the
hierarchy's root, which nobody may write (DAC_OVERRIDE). Then it gives both up. Kubernetes does not allow
allowPrivilegeEscalation: false beside SYS_ADMIN. */ -}}
{{- define "netclsd.mounting" -}}
runAsUser: 0
readOnlyRootFilesystem: true
capabilities: {drop: [ALL], add: [NET_ADMIN, SYS_ADMIN, DAC_OVERRIDE]}
seccompProfile: {type: RuntimeDefault}
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
{{- if not (include "netclsd.isUnprivileged" .) }}
- name: host
  hostPath: {path: /, type: Directory}
{{- end }}
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
{{- if and (eq .Values.hook.mode "auto") (ne .Values.hook.onFailure "deny") }}
- --unless-nri
{{- end }}
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
{{- $isDisabled := and (not .Values.hook.enabled) (eq .Values.hook.whenDisabled "uninstall") }}
{{- $isLeft := and .Values.hook.enabled (eq .Values.hook.mode "nri") .Values.hook.takeOut }}
{{- if or (include "netclsd.installsHook" .) $isDisabled $isLeft }}true{{ end }}
{{- end }}

{{- /* The plugin opens the runtime's socket as root, and needs no capability for that. It mounts net_cls when a container needs
it, for which Bidirectional is needed, and that only a privileged container may have; without privileges the agent has mounted
it before. */ -}}
{{- define "netclsd.nriContainer" -}}
- name: nri
  {{- include "netclsd.container" . | nindent 2 }}
  command: [netclsd-nri]
  args:
    - --on-failure={{ .Values.hook.onFailure }}
    {{- if eq .Values.hook.onFailure "deny" }}
    {{- range append (default list .Values.hook.exemptNamespaces) .Release.Namespace | uniq }}
    - --deny-exempt-namespace={{ . }}
    {{- end }}
    {{- end }}
    {{- range .Values.nri.extraArgs }}
    - {{ . }}
    {{- end }}
  securityContext:
    {{- if include "netclsd.isUnprivileged" . }}
    runAsUser: 0
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
    {{- with .Values.seLinuxOptions }}
    seLinuxOptions: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- else }}
    {{- include "netclsd.privileged" . | nindent 4 }}
    {{- end }}
  resources: {{- toYaml .Values.nri.resources | nindent 4 }}
  volumeMounts:
    - {name: run, mountPath: /run/netclsd, mountPropagation: {{ ternary "HostToContainer" "Bidirectional" (eq (include "netclsd.isUnprivileged" .) "true") }}}
    - {name: nri, mountPath: /run/nri, readOnly: true}
    - {name: cgroups, mountPath: /sys/fs/cgroup, mountPropagation: HostToContainer, readOnly: true}
{{- end }}

{{- /* BPF and NET_ADMIN: load the programs and attach them. The container runtimes' default profiles allow bpf() where there
is CAP_BPF. It reads the registrations and writes its report as root, their owner. */ -}}
{{- define "netclsd.carrying" -}}
runAsUser: 0
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL], add: [BPF, NET_ADMIN]}
seccompProfile: {type: RuntimeDefault}
{{- with .Values.seLinuxOptions }}
seLinuxOptions: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "netclsd.carrierOptions" -}}
- --config=/etc/netclsd/config.json
- --bpffs=/bpf
{{- with .Values.carry.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Not at /sys/fs/bpf: AppArmor's default profile for containers forbids writing there. */ -}}
{{- define "netclsd.carrierMounts" -}}
- {name: config, mountPath: /etc/netclsd, readOnly: true}
- {name: run, mountPath: /run/netclsd, mountPropagation: HostToContainer}
- {name: bpf, mountPath: /bpf, mountPropagation: HostToContainer}
{{- end }}

{{- /* cgroups: a cgroup's number stands in for the class of a socket that has none yet. */ -}}
{{- define "netclsd.carrierContainer" -}}
- name: carrier
  {{- include "netclsd.container" . | nindent 2 }}
  command: [netclsd-carrier]
  args: {{- include "netclsd.carrierOptions" . | nindent 4 }}
  securityContext: {{- include "netclsd.carrying" . | nindent 4 }}
  resources: {{- toYaml .Values.carry.resources | nindent 4 }}
  volumeMounts:
    {{- include "netclsd.carrierMounts" . | nindent 4 }}
    - {name: cgroups, mountPath: /sys/fs/cgroup, mountPropagation: HostToContainer, readOnly: true}
{{- end }}

{{- /* Takes back what carriers have attached and pinned. */ -}}
{{- define "netclsd.takeOutCarriers" -}}
- name: take-out-carriers
  {{- include "netclsd.container" . | nindent 2 }}
  command: [netclsd-carrier]
  args:
    {{- include "netclsd.carrierOptions" . | nindent 4 }}
    - --clean-up
  securityContext: {{- include "netclsd.carrying" . | nindent 4 }}
  resources: {{- toYaml .Values.initResources | nindent 4 }}
  volumeMounts: {{- include "netclsd.carrierMounts" . | nindent 4 }}
{{- end }}

{{- define "netclsd.takesOutCarriers" -}}
{{- if and .Values.carry.takeOut (not .Values.carry.enabled) }}true{{ end }}
{{- end }}

{{- /* No type: where a node has no BPF file system only the carrier does not start, and the agent does. */ -}}
{{- define "netclsd.carrierVolume" -}}
- name: bpf
  hostPath: {path: {{ .Values.carry.bpffs }}}
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

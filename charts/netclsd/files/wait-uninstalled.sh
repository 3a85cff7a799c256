# Waits as long as the release is installed, so that its agents and what removes them never work side by side.
#
# RELEASE is a file of the release's ConfigMap NAME-installed. The kubelet takes it away within a minute or two after
# somebody has deleted the ConfigMap; a pod that starts later never sees it.
set -eu
: "${RELEASE:?}" "${POLL_SECONDS:=5}"

if [ -e "$RELEASE" ]; then
  echo "release $(cat "$RELEASE") is installed: nothing is removed before its ConfigMap is deleted, as helm uninstall does"
fi
while [ -e "$RELEASE" ]; do sleep "$POLL_SECONDS"; done
echo "the release is uninstalled"

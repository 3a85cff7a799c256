# Waits until every removal pod has cleaned its node. Runs in a pod of our image: no kubectl, no token, only DNS.
#
# ALL resolves to the addresses of all removal pods, DONE to those that are ready, which a pod is once its init
# containers have ended. Pods come up one after the other, so both must agree several times in a row.
set -eu
: "${ALL:?}" "${DONE:?}" "${POLL_SECONDS:=5}" "${AGREE:=3}"

addresses() { getent ahosts "$1" | cut -d ' ' -f 1 | sort -u; }

agreed=0
while [ "$agreed" -lt "$AGREE" ]; do
  sleep "$POLL_SECONDS"
  all=$(addresses "$ALL") done=$(addresses "$DONE")
  if [ -z "$all" ]; then echo "no node has a removal pod yet: is one refused? kubectl describe daemonset"; fi
  echo "removed on $(printf '%s' "$done" | grep -c .) of $(printf '%s' "$all" | grep -c .) nodes"
  if [ -n "$all" ] && [ "$all" = "$done" ]; then agreed=$((agreed + 1)); else agreed=0; fi
done

# Asks every agent whether it is ready. For bash, which has /dev/tcp: the image has no HTTP client. Where agents ask for
# a password or a certificate (IS_PROTECTED), that they listen must do: the Service names ready pods only.
set -eu
: "${AGENTS:?a DNS name or an address}" "${PORT:?}"

ask() {
  exec 3<>"/dev/tcp/$1/$PORT"
  if [ "${IS_PROTECTED:-false}" = true ]; then
    echo "listens"
    return
  fi
  printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$AGENTS" >&3
  timeout 5 cat <&3
}

failed=0 asked=0
for address in $(getent ahosts "$AGENTS" | cut -d ' ' -f 1 | sort -u); do
  asked=$((asked + 1))
  answer=$(ask "$address") || true
  echo "$address: ${answer%%$'\r'*}"
  case "$answer" in
    HTTP/1.?" 200 "* | listens) ;;
    *) failed=$((failed + 1)); printf '%s\n' "$answer" ;;
  esac
done
echo "$asked agents asked, $failed not ready"
[ "$asked" -gt 0 ] && [ "$failed" -eq 0 ]

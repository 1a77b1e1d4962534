#!/usr/bin/env python3
"""A decision trace written by whichever release of atlasbridge is on PYTHONPATH, with its own evaluator and writer:
make_trace.py TRACE.jsonl ENTRIES"""
import datetime
import inspect
import logging
import sys
import uuid
from pathlib import Path

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from atlasbridge.core.autopilot.trace import DecisionTrace  # noqa: E402
from atlasbridge.core.policy import evaluator, parser  # noqa: E402

POLICY = """
policy_version: "0"
name: contract
autonomy_mode: full
rules:
  - id: tests-yes
    match: {prompt_type: [yes_no], contains: "run tests", min_confidence: medium}
    action: {type: auto_reply, value: "planted-content"}
  - id: human
    match: {}
    action: {type: require_human, message: planted-content}
defaults: {no_match: require_human, low_confidence: require_human}
"""
trace_path, entries = Path(sys.argv[1]), int(sys.argv[2])
policy_path = trace_path.with_suffix(".yaml")
policy_path.write_text(POLICY)
policy = parser.load_policy(policy_path if "Path" in str(inspect.signature(parser.load_policy)) else str(policy_path))
trace = DecisionTrace(trace_path)
session = str(uuid.uuid4())
now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)
for number in range(entries):
    text = "Do you want to run tests now? [y/n]" if number % 2 else "Which option? planted-content"
    decision = evaluator.evaluate(policy, text, "yes_no" if number % 2 else "multiple_choice", "high", str(uuid.uuid4()), session)
    decision.timestamp = (now + datetime.timedelta(seconds=number)).isoformat()
    trace.record(decision)
print(sum(1 for _ in trace_path.open()))

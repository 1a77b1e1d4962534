#!/usr/bin/env python3
"""Prints what GET answers: fetch.py URL (no proxies)."""
import sys
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sys.stdout.write(opener.open(sys.argv[1], timeout=30).read().decode())

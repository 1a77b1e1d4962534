#!/usr/bin/env python3
"""Prints what a URL answers (no proxies): fetch.py URL gets it; fetch.py URL FIELD=VALUE [multipart] posts the field as a form."""
import sys
import urllib.request

url, field, form = (sys.argv[1:] + ["", ""])[:3]
request = urllib.request.Request(url)
if field:
    request.data = field.encode()  # urllib says application/x-www-form-urlencoded
    if form == "multipart":
        name, value = field.split("=")
        request.data = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'.encode()
        request.add_header("Content-Type", "multipart/form-data; boundary=b")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
sys.stdout.write(opener.open(request, timeout=30).read().decode())

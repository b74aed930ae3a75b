#!/usr/bin/env python3
"""Lines of a text file as the strings of a C array: text_to_c.py IN > OUT."""
import json
import sys

with open(sys.argv[1], encoding="ascii") as f:
    for line in f:
        print(json.dumps(line.rstrip("\n")) + ",")

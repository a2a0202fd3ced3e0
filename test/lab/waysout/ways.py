#!/usr/bin/python3
# A hostile child: tries one way out to servers that must not be reached, and says in a line of JSON what came of it.
#   ways.py WAY PLACES    the places as JSON, see waysout.ts
# What it says is what it believes; whether anything got out, the watcher at the other end knows.
import json, sys
import births, escapes, flows, names
from tally import Skipped, Tally

name, places = sys.argv[1], json.loads(sys.argv[2])
module, function = name.split(".")
tally = Tally()
try:
    way = getattr({"births": births, "escapes": escapes, "flows": flows, "names": names}[module], function)
    try:
        way(tally, places, f"wayout_{places['token']}_".encode())
    except OSError as error:
        # It came not even as far as an attempt.
        tally.tried += 1
        tally.failed(error)
    print(tally.line(name))
except Skipped as reason:
    print(json.dumps({"way": name, "skipped": str(reason)}))

"""Names the fields of JSON bodies that the messages of Google's APIs have not, as gcloud ships these.

Reads [[api, version, message, body], …] from stdin, prints the unknown fields as a JSON list of paths. A value that a field
cannot have ends it with an error. Run it with gcloud's own Python: api-messages.ts does.
"""

import importlib
import json
import sys

LIB = sys.argv[1] + "/lib"
sys.path[:0] = [LIB, LIB + "/third_party"]

from apitools.base.protorpclite import messages
from apitools.base.py import encoding


def unknown(message, path):
    for name in message.all_unrecognized_fields():
        yield f"{path}.{name}"
    for field in message.all_fields():
        value = getattr(message, field.name)
        for n, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, messages.Message):
                place = f"[{n}]" if isinstance(value, list) else ""
                yield from unknown(one, f"{path}.{field.name}{place}")


found = []
for api, version, name, body in json.load(sys.stdin):
    module = importlib.import_module(f"googlecloudsdk.generated_clients.apis.{api}.{version}.{api}_{version}_messages")
    found += unknown(encoding.JsonToMessage(getattr(module, name), json.dumps(body)), name)
print(json.dumps(found))

"""FHIR resources made for the tests. Nobody in them exists."""

import base64
import json
from typing import Any

Resource = dict[str, Any]


def attachment(content: bytes | str, kind: str = "text/plain") -> Resource:
    data = content.encode() if isinstance(content, str) else content
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


def document(*contents: Resource, **more: Any) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Referral note"},
        "subject": {"reference": "Patient/1", "display": "Jane Doe"},
        "content": [{"attachment": x} for x in contents],
        **more,
    }


def report(**more: Any) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "display": "XR Chest 2 Views"}]},
        **more,
    }


def request(reason: str) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "reasonCode": [{"text": reason}],
        "code": {"text": "XR chest"},
    }


def bundle(*resources: Resource) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": x} for x in resources],
    }


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()

"""Active faults as people and automations see them: by keys that are shown in the reader's language."""

from collections.abc import Sequence
from typing import Any

from .readings import ActiveFault


def fault_attributes(fault: ActiveFault) -> dict[str, Any]:
    """Return the attributes of an event: the fault's key, its severity and the cloud's code."""
    return {"fault": fault.key, "severity": fault.severity.value, "code": fault.code}


def faults_attributes(faults: Sequence[ActiveFault]) -> dict[str, Any]:
    """Return the attributes of the number of active faults: their keys, and the cloud's codes in the same order."""
    return {"faults": [fault.key for fault in faults], "codes": [fault.code for fault in faults]}

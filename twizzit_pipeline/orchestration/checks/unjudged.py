"""What a check says that was not judged, since its step did not come to it: for any process that ends a run."""

import dagster as dg

JUDGED = "judged"
FELL_SHORT = "as_judged_before"
WARN = dg.AssetCheckSeverity.WARN

Metadata = dict[str, dg.MetadataValue]


def not_judged(reason: str, fell_short: str | None) -> Metadata:
    """The metadata of a check whose step did not come to judge anything; `fell_short`: what did when one did last."""
    metadata: Metadata = {JUDGED: dg.MetadataValue.bool(False), "reason": dg.MetadataValue.text(reason)}
    return metadata if fell_short is None else metadata | {FELL_SHORT: dg.MetadataValue.text(fell_short)}

"""Alertmanager's webhook, https://prometheus.io/docs/alerting/latest/configuration/#webhook_config:
each alert of a notification becomes a line in the log."""

import logging
from typing import Any

log = logging.getLogger("alert-log")

LEVELS = {"critical": logging.ERROR, "warning": logging.WARNING}


def handler(input: dict, context: Any) -> dict:
    """Log each alert of the notification, and return how many of them fire and how many are over.

    Raises ValueError where the input is no notification of Alertmanager.
    """
    alerts = input.get("alerts")
    if not isinstance(alerts, list):
        raise ValueError("expected a notification of Alertmanager, with a list of alerts")
    for alert in alerts:
        labels, annotations = alert.get("labels", {}), alert.get("annotations", {})
        fires = alert.get("status") == "firing"
        level = LEVELS.get(labels.get("severity"), logging.INFO) if fires else logging.INFO
        log.log(
            level,
            "%s: %s: %s Panel: %s Runbook: %s",
            labels.get("alertname"),
            "fires" if fires else "is over",
            annotations.get("description", ""),
            annotations.get("dashboard", "none"),
            annotations.get("runbook_url", "none"),
        )
    firing = sum(alert.get("status") == "firing" for alert in alerts)
    return {"alerts-firing": firing, "alerts-resolved": len(alerts) - firing}

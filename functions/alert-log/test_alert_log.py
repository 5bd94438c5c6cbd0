import logging

import pytest


def notification(*statuses: str) -> dict:
    labels = {"alertname": "GaugeletRedisDown", "severity": "critical"}
    annotations = {
        "description": "Redis is away.",
        "dashboard": "http://g/d/x",
        "runbook_url": "http://r/x.md",
    }
    return {
        "version": "4",
        "alerts": [{"status": each, "labels": labels, "annotations": annotations} for each in statuses],
    }


def test_each_alert_is_logged_with_its_panel_and_its_runbook(function, new_context, caplog):
    with caplog.at_level(logging.INFO):
        output = function.handler(notification("firing", "resolved"), new_context())
    assert output == {"alerts-firing": 1, "alerts-resolved": 1}
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "GaugeletRedisDown: fires: Redis is away. Panel: http://g/d/x Runbook: http://r/x.md"),
        ("INFO", "GaugeletRedisDown: is over: Redis is away. Panel: http://g/d/x Runbook: http://r/x.md"),
    ]


def test_what_is_no_notification_is_refused(function, new_context):
    with pytest.raises(ValueError, match="expected a notification of Alertmanager"):
        function.handler({"text": "hello"}, new_context())

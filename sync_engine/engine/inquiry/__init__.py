"""Questions about now and the past: status, verify, audit, replay, simulation, evidence."""

"""What operators see: structured logs, metrics. No personal value ever enters here: log lines carry route templates,
codes and ids, and an exception is logged by its class and its frames, never by its message."""

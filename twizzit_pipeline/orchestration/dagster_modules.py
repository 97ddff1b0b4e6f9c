"""Private modules of Dagster that are named and not imported here: what starts a process needs no more."""

CODE_SERVER = "twizzit_pipeline.orchestration.instance.code_server"  # the same; its runs are forked
DAEMON = "dagster._daemon"  # run with ``python -m``
NO_STEP_LOGS = "dagster._core.storage.noop_compute_log_manager"  # keeps no logs of steps

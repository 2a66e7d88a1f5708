"""What starts the daemon when a person logs in: files for systemd, launchd and Windows, made by pure functions.

From the top down: `launch` has what is started, `systemd_units`, `launch_agent` and `scheduled_task` write it down for
their system, `plan` says which files and commands one of them needs, `installing` writes and runs that.
"""

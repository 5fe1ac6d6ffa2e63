"""The process that keeps one server alive exactly as long as it has users.

It is started by `launch.py` with the standard library only and imports nothing outside this folder:
it must start fast, in any interpreter, and hold nothing of the user's program. It lives in its own
session, so a Ctrl-C in the user's terminal does not reach it.

- It waits for the exclusive lock on `users.lock`, which every user process holds shared. The kernel
  gives it that lock when the last of them has ended, SIGKILL included.
- It starts Postgres again when the postmaster dies while there are users.
- When it is killed itself, the kernel tells the postmaster to shut down (Linux); the next start ends
  whatever is left elsewhere.
"""

"""`python -m auditd`: the same as the command `access-auditd`."""

from auditd.cli import main

if __name__ == "__main__":
    main(prog_name="access-auditd")

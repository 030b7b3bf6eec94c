"""`access-auditd listen`: the process that takes syslog messages from the network into the spool."""

from __future__ import annotations

import click

from auditd.cli.context import BAD_ANSWER, CliError, open_state


@click.command()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Take syslog messages from the network into the spool, from where `run` reads them.

    It is a process of its own: it opens neither the database nor the archive. SIGTERM and SIGINT take what has arrived,
    write it and exit 0; a second one leaves at once. SIGHUP reads the certificates again; other settings need a restart.

    \b
    Exit status: 0 stopped as asked; 1 a fault nobody foresaw; 2 the configuration, a certificate, a port
    or the spool cannot be used.
    """  # noqa: D301  click needs the real character
    state = open_state(ctx)
    if not state.config.listeners:
        raise CliError("there is nothing to listen on", hint="add a [[listeners]] table: docs/listening.md")
    from auditd.listen.service import ListenService
    from auditd.listen.spool import SpoolInUse
    from auditd.listen.tls import CertificateError
    from auditd.telemetry import events, logging
    from auditd.telemetry.http import PortError

    logging.configure(state.config.logging.level, state.config.logging.format)
    try:
        ListenService(state.config).run()
    except (CertificateError, PortError, SpoolInUse) as error:
        raise CliError(str(error)) from None
    except Exception:  # noqa: BLE001  whatever it is, it is written without personal data and ends the process
        events.failed(step="listener")
        ctx.exit(BAD_ANSWER)

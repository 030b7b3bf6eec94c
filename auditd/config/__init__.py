"""Configuration: one TOML file, checked whole, every fault located. It must never start anything."""

from auditd.config.faults import ConfigError, Fault
from auditd.config.load import load
from auditd.config.runtime import ChosenDetector, Config, Delivery, Source

__all__ = ["ChosenDetector", "Config", "ConfigError", "Delivery", "Fault", "Source", "load"]

"""Explanations: templates that say why a look-up was innocent, one file each."""

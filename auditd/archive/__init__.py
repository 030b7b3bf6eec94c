"""The archive: Parquet segments, and the SQL manifest that names them."""

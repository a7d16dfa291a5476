"""Copies of the log and of the analysts' tables in a folder: JSON Lines, CSV or Parquet."""

from infrastructure.exporting.check import check
from infrastructure.exporting.export import Order, Summary, export
from infrastructure.exporting.refusals import ExportFailed, WronglyAsked

__all__ = ["ExportFailed", "Order", "Summary", "WronglyAsked", "check", "export"]

"""The schema `analytics`: what analysts see of the read tables, by names that stay."""

from projections.analytics.publishing import VIEWS, ReadTablesMissing, publish

__all__ = ["VIEWS", "ReadTablesMissing", "publish"]

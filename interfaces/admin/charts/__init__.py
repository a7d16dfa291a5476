"""Charts, drawn as SVG by us: shapes from figures, and the figures as a table beside them."""

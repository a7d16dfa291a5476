"""Why there is no export: it was asked wrongly, or something went wrong."""


class WronglyAsked(Exception):
    """There cannot be such an export."""


class UnknownDataset(WronglyAsked):
    """There is nothing of this name to export."""


class UnknownThread(WronglyAsked):
    """The log holds no event of this thread."""


class PositionIsAhead(WronglyAsked):
    """The position lies beyond the end of the log."""


class OtherExport(WronglyAsked):
    """The folder holds an export of another kind, of another log or of another range."""


class TablesShowThePresent(WronglyAsked):
    """Only events can be exported up to an earlier position: tables show the present."""


class FormatIsMissing(WronglyAsked):
    """The format needs a package that is not installed."""


class NotAnExport(WronglyAsked):
    """The folder holds no export."""


class ExportFailed(Exception):
    """The export ended early; what was exported before is good."""


class FolderIsBusy(ExportFailed):
    """Another export is writing into the folder."""

"""The errors that Dateline raises, and the one place that names them.

DatelineError                  every error below; its text says what happened and what to do
├── InputError                 a question, date or option that can't be used
│   └── GoldError              a gold set that can't be used (evals/gold.py)
├── SettingsError              a setting that is unknown or out of range
├── ArticlesError              the articles folder is missing, unreadable or has nothing to index
├── FormatError                a file isn't what its name says; reported, never fatal
├── StoreError                 the store can't be opened, or was made by other settings
│   └── StoreBusyError         another process is writing (trying again helps)
├── ModelFileError             a model file is unknown, missing, damaged or can't be fetched
│   └── FetchError             the fetching failed (trying again helps)
└── ModelError                 the language model failed
    ├── ModelUnreachableError  no server answers (trying again helps)
    ├── MissingModelError      the server hasn't the model (fetching it helps)
    ├── ServerBusyError        the server takes no more questions now (trying again helps)
    └── PromptTooLongError     the prompt doesn't fit the model's context

"Not in the articles" is an answer, not an error.
"""


class DatelineError(Exception):
    """Base of the tree. `retryable` tells whether the same call may succeed later."""

    retryable = False


class InputError(DatelineError):
    """A question, date or option that can't be used."""


class SettingsError(DatelineError):
    """A setting that is unknown or out of range."""


class ArticlesError(DatelineError):
    """The articles folder is missing, unreadable or has nothing to index."""


class FormatError(DatelineError):
    """A file can't be read as its format. The text is the reason, for the list of bad files."""


class StoreError(DatelineError):
    """The store can't be opened, or was made by other settings."""


class StoreBusyError(StoreError):
    """Another process is writing to the store."""

    retryable = True


class ModelFileError(DatelineError):
    """A model file is unknown, missing, damaged or can't be fetched."""


class FetchError(ModelFileError):
    """Fetching a model file failed: no network, or the registry refused."""

    retryable = True


class ModelError(DatelineError):
    """The language model failed."""


class ModelUnreachableError(ModelError):
    """No model server answers at the configured address."""

    retryable = True


class MissingModelError(ModelError):
    """The server hasn't the model. `model` is one that it could fetch."""

    def __init__(self, message: str, model: str) -> None:
        """Say what is missing, and what to fetch."""
        super().__init__(message)
        self.model = model


class ServerBusyError(ModelError):
    """The model server takes no more questions now."""

    retryable = True


class PromptTooLongError(ModelError):
    """The prompt doesn't fit the model's context."""

"""The common face of a value that breaks its own rules, before any command looks at it."""


class MalformedValueError(ValueError):
    """A value is not well formed; ``message`` says so in Chinese, ``english`` in English, neither repeats the value.

    The edge catches this one class and names the field that held the value.
    """

    def __init__(self, message: str, english: str) -> None:
        super().__init__(english)
        self.message = message
        self.english = english

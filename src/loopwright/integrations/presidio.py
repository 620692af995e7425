"""Personal data by Presidio: names, places and what else a language model of spaCy recognises, in English texts.

The model is one that is installed; nothing is downloaded.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from loopwright.errors import MissingExtraError
from loopwright.llm.guards.detector import Detector, Hit, joined

_LANGUAGE = "en"
_MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
_LEAST_SCORE = 0.5


class Presidio(Detector):
    """Finds personal data as Presidio does; its entities are the kinds, in lower case: `person`, `location`, `us_ssn`.

    An answer is held back until it is whole: whether a word is a name depends on those around it.

    Args:
        kinds: Which; all that Presidio knows where empty.

    Raises:
        MissingExtraError: Presidio, spaCy or a model of English is not installed.
    """

    whole = True

    def __init__(self, kinds: Sequence[str] = ()) -> None:
        self._entities = [kind.upper() for kind in kinds] or None
        self._engine = _engine()

    def find(self, text: str) -> Sequence[Hit]:
        found = self._engine.analyze(text=text, language=_LANGUAGE, entities=self._entities)
        return joined(
            Hit(result.entity_type.lower(), result.start, result.end)
            for result in found
            if result.score >= _LEAST_SCORE and result.end > result.start
        )

    def held_from(self, text: str) -> int:
        del text
        return 0


@lru_cache(maxsize=1)
def _engine() -> Any:
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise MissingExtraError(
            "personal data by Presidio needs the extra `presidio`", why=str(error),
            fix='pip install "loopwright[presidio]" && python -m spacy download en_core_web_sm',
        ) from error  # fmt: skip
    model = next((name for name in _MODELS if spacy.util.is_package(name)), None)
    if model is None:
        raise MissingExtraError(
            "personal data by Presidio needs a model of English for spaCy",
            why=f"none of {', '.join(_MODELS)} is installed",
            fix="python -m spacy download en_core_web_sm",
        )  # fmt: skip
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": _LANGUAGE, "model_name": model}]}
    provider = NlpEngineProvider(nlp_configuration=configuration)
    return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[_LANGUAGE])

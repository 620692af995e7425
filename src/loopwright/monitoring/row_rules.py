"""Which measure answers for which rule on whole rows."""

from loopwright.monitoring.detectors.domain_classifier import DomainClassifier
from loopwright.monitoring.detectors.mean_discrepancy import MeanDiscrepancy
from loopwright.monitoring.detectors.pca_reconstruction import PcaReconstruction
from loopwright.monitoring.detectors.row_measure import RowMeasure
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank
from loopwright.monitoring.detectors.text_classifier import TextClassifier
from loopwright.monitoring.detectors.value_distance import ValueDistance
from loopwright.monitoring.row_reference import RowReference
from loopwright.monitoring.rules.embedding_drift import EmbeddingDriftRule
from loopwright.monitoring.rules.row_window import RowWindowRule
from loopwright.monitoring.rules.rows_drift import RowsDriftRule, RowsMethod
from loopwright.monitoring.rules.text_drift import TextDriftRule

_MEASURES: dict[RowsMethod, RowMeasure] = {
    "classifier": DomainClassifier(),
    "pca": PcaReconstruction(),
    "mmd": MeanDiscrepancy(),
}


def measure_of(rule: RowWindowRule) -> RowMeasure:
    """What compares the rule's windows."""
    if isinstance(rule, RowsDriftRule | EmbeddingDriftRule):
        return _MEASURES[rule.method]
    return TextClassifier() if isinstance(rule, TextDriftRule) else ValueDistance()


def row_detector(rule: RowWindowRule, reference: RowReference) -> RowWindowRank:
    """The rule's sequential detector."""
    return RowWindowRank(
        reference,
        measure_of(rule),
        mean_time_between_false_alarms=rule.mean_time_between_false_alarms,
        least_effect=rule.least_effect,
        name=rule.name,
    )

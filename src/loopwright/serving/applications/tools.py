"""What the application endpoints of one worker share."""

from dataclasses import dataclass

from loopwright.core.clock import Clock
from loopwright.serving.applications.figures import Figures
from loopwright.serving.applications.recording import Recorder
from loopwright.serving.applications.responding import Responder
from loopwright.serving.applications.tripping import OnTrip
from loopwright.serving.observer import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTools:
    """What the endpoints of one worker share.

    Attributes:
        clock: The workspace's.
        observer: Counts requests by arm.
        figures: Counts tokens and money.
        recorder: Keeps rows and spans.
        responder: Lets arms answer.
        on_trip: Told when a breaker stops an arm.
    """

    clock: Clock
    observer: Observer
    figures: Figures
    recorder: Recorder
    responder: Responder
    on_trip: OnTrip

"""Every error that Loopwright raises, in one tree.

LoopwrightError
├── UserError                    exit 1   what the user wrote or asked for
│   ├── LoopFileError            LW101    the loop file cannot be loaded
│   ├── GraphError               LW102    the pipeline's graph is not one (cycle, wrong arguments)
│   ├── SettingError             LW103    a setting has a wrong value
│   ├── NotFoundError            LW104    no such dataset, run, model, release, event
│   ├── UsageError               LW105    a command or a call was used wrongly
│   ├── StepFailedError          LW106    the user's own step raised or its process died
│   ├── PortInUseError           LW107    the port is taken
│   ├── UnsupportedValueError    LW108    no format knows this type of value
│   ├── UntrustedFormatError     LW109    the value could only be pickled, and pickle is not trusted
│   ├── MissingExtraError        LW110    an optional dependency is not installed
│   └── PromptError              LW111    a prompt cannot be read or rendered
├── DataRefusedError             exit 2   data that breaks its contract
│   ├── ContractError            LW201    rows or columns break the contract
│   ├── SourceError              LW202    a source file cannot be read as what it claims to be
│   ├── MissingColumnError       LW203    a column that is needed is not there
│   ├── DuplicateKeyError        LW204    the key is not unique within one landing
│   ├── TargetError              LW205    the target cannot be learned
│   └── RequestRefusedError      LW206    a request breaks the model's input contract
├── VerdictError
│   ├── GateFailedError          LW301    exit 3   the candidate failed its gate
│   ├── NoVerdictError           LW302    exit 4   the evidence does not suffice for a verdict
│   └── ApprovalMissingError     LW303    exit 5   the move needs an approval
├── StoreError                   exit 1   the home and what is stored in it
│   ├── ConflictError            LW401    a compare-and-set was lost to another writer (retryable)
│   ├── StoreBusyError           LW402    the store stayed locked (retryable)
│   ├── BlobMissingError         LW403    a digest is not in the store
│   ├── BlobCorruptError         LW404    bytes do not match their digest
│   ├── HomeTooNewError          LW405    the home was written by a newer version
│   ├── NoSpaceError             LW406    the disk is full
│   ├── NoPermissionError        LW407    no permission to read or write
│   ├── JournalBrokenError       LW408    the journal's hash chain does not verify
│   └── NotAHomeError            LW409    there is no home here
├── ServingError
│   ├── ModelLoadError           LW501    a bundle cannot be loaded
│   ├── OverloadedError          LW502    503: too many requests in flight (retryable)
│   ├── DeadlineError            LW503    504: no answer in time (retryable)
│   ├── NotReadyError            LW504    503: no version is ready to answer (retryable)
│   ├── UnauthorisedError        LW505    401: no valid key
│   ├── ForbiddenError           LW506    403: the key or the origin does not allow this
│   ├── UnsafeDoorError          LW507    refused at start: an open address without keys
│   ├── ArmFailedError           LW508    the arm crashed, hung or erred, and nothing else could answer
│   ├── PayloadTooLargeError     LW509    413: the request body is over the limit
│   ├── ClockRefusedError        LW510    a clock may be set only in a home created for replay
│   ├── RateLimitedError         LW511    429: a key was used more often than its rate allows (retryable)
│   ├── NotExplainableError      LW512    422: the version cannot say what its features contributed
│   ├── BudgetExceededError      LW513    402: the call could pass a budget's limit
│   ├── PriceUnknownError        LW514    402: nobody knows what the call would cost, and a budget counts money
│   ├── GuardBlockedError        LW515    400: a guard does not let the text pass
│   ├── UpstreamError            LW516    502: the upstream failed, and so did what stands behind it (retryable)
│   └── UpstreamRefusedError     LW517    the upstream refused the request as the caller made it, with its own status
├── ReleaseError                 LW601    a release cannot start or move
└── InternalError                LW900    a bug in Loopwright
"""

from typing import ClassVar


class LoopwrightError(Exception):
    """Base of the tree.

    Args:
        what: What happened, one sentence, naming the thing.
        why: The cause, where known.
        fix: The next thing to type or change; the class's own advice when empty.
        context: Structured facts (ids, names, numbers), never secrets or row content.
    """

    code: ClassVar[str] = "LW000"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False
    advice: ClassVar[str] = "Run the command again with --debug and read the cause."

    def __init__(self, what: str, *, why: str = "", fix: str = "", **context: object) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix or self.advice
        self.context = context

    def as_dict(self) -> dict[str, object]:
        """The form that every surface shows: `code, what, why, fix, context`."""
        return {"code": self.code, "what": self.what, "why": self.why, "fix": self.fix, "context": self.context}


class UserError(LoopwrightError):
    code = "LW100"
    advice = "Correct what the message names and run the command again."


class LoopFileError(UserError):
    code = "LW101"
    advice = "Correct the loop file at the line named, then run `loopwright plan`."


class GraphError(UserError):
    code = "LW102"
    advice = "Correct the pipeline function so that each step takes only results of earlier steps."


class SettingError(UserError):
    code = "LW103"
    advice = "Correct the setting where the message found it; docs/reference/settings.md lists them all."


class NotFoundError(UserError):
    code = "LW104"
    http_status = 404
    advice = "Run `loopwright status` to see what exists."


class UsageError(UserError):
    code = "LW105"
    advice = "Run the command with --help to see how it is used."


class StepFailedError(UserError):
    code = "LW106"
    advice = "Correct the step; steps that had finished are not run again."


class PortInUseError(UserError):
    code = "LW107"
    advice = "Choose another port with --port, or stop the program that listens there."


class UnsupportedValueError(UserError):
    code = "LW108"
    advice = "Return a table, an array, a model of a supported library, or plain JSON values from the step."


class UntrustedFormatError(UserError):
    code = "LW109"
    advice = "Return a value with a safe format, or allow pickle for this step with @lw.step(trust_pickle=True)."


class MissingExtraError(UserError):
    code = "LW110"
    advice = "Install the extra that the message names."


class PromptError(UserError):
    code = "LW111"
    advice = "Correct the prompt's file at the line or the variable named, then run `loopwright prompt render NAME`."


class DataRefusedError(LoopwrightError):
    code = "LW200"
    exit_code = 2
    http_status = 422
    advice = "Correct the rows named, or the contract if the rows are right; nothing was written."


class ContractError(DataRefusedError):
    code = "LW201"


class SourceError(DataRefusedError):
    code = "LW202"
    advice = "Correct the file at the place named; nothing was written."


class MissingColumnError(DataRefusedError):
    code = "LW203"
    advice = "Add the column to the data, or correct its name."


class DuplicateKeyError(DataRefusedError):
    code = "LW204"
    advice = "Keep one row for each key in a file, or choose another key."


class TargetError(DataRefusedError):
    code = "LW205"
    advice = "Choose another target column, or add rows that show more than one outcome."


class RequestRefusedError(DataRefusedError):
    code = "LW206"
    advice = "Correct the field named; GET /predict/{endpoint} shows the input schema and an example."


class VerdictError(LoopwrightError):
    code = "LW300"
    advice = "Run `loopwright trace` on the candidate to see its evidence."


class GateFailedError(VerdictError):
    code = "LW301"
    exit_code = 3
    http_status = 409
    advice = "Read the failed rules above, improve the candidate, and run `loopwright run` again."


class NoVerdictError(VerdictError):
    code = "LW302"
    exit_code = 4
    http_status = 409
    advice = "Give the rules named more evidence (rows, labels, a champion), then run again."


class ApprovalMissingError(VerdictError):
    code = "LW303"
    exit_code = 5
    http_status = 409
    advice = "Ask an approver, or record an override with --override REASON; it admits to canary only."


class StoreError(LoopwrightError):
    code = "LW400"
    http_status = 500
    advice = "Run `loopwright doctor` to check the home."


class ConflictError(StoreError):
    code = "LW401"
    http_status = 409
    retryable = True
    advice = "Read the pointer again and repeat the move if it is still right."


class StoreBusyError(StoreError):
    code = "LW402"
    http_status = 503
    retryable = True
    advice = "Wait for the other process to finish, then run the command again."


class BlobMissingError(StoreError):
    code = "LW403"
    http_status = 404


class BlobCorruptError(StoreError):
    code = "LW404"
    advice = "Run `loopwright doctor`; then `loopwright run` rebuilds what can be recomputed."


class HomeTooNewError(StoreError):
    code = "LW405"
    advice = "Upgrade loopwright to the version that wrote this home, or newer."


class NoSpaceError(StoreError):
    code = "LW406"
    http_status = 507
    advice = "Free some space on that disk and run the command again; what was acknowledged is safe."


class NoPermissionError(StoreError):
    code = "LW407"
    advice = "Give this user permission to read and write the path named."


class JournalBrokenError(StoreError):
    code = "LW408"
    advice = "Restore the home from a backup; the journal shows where it was altered."


class NotAHomeError(StoreError):
    code = "LW409"
    advice = "Change to a project folder, or make one with `loopwright new NAME`."


class ServingError(LoopwrightError):
    code = "LW500"
    http_status = 500
    advice = "Run `loopwright status` to see which versions answer."


class ModelLoadError(ServingError):
    code = "LW501"
    http_status = 503


class OverloadedError(ServingError):
    code = "LW502"
    http_status = 503
    retryable = True
    advice = "Send the request again after the seconds in Retry-After."


class DeadlineError(ServingError):
    code = "LW503"
    http_status = 504
    retryable = True
    advice = "Send the request again, or allow it more time."


class NotReadyError(ServingError):
    code = "LW504"
    http_status = 503
    retryable = True
    advice = "Wait until GET /health/ready answers 200, then send the request again."


class UnauthorisedError(ServingError):
    code = "LW505"
    http_status = 401
    advice = "Send `Authorization: Bearer TOKEN`; the home's token lies in its file `token`."


class ForbiddenError(ServingError):
    code = "LW506"
    http_status = 403
    advice = "Call from the same machine without a browser origin, or with a key whose scope covers this."


class UnsafeDoorError(ServingError):
    code = "LW507"
    advice = "Listen on 127.0.0.1, or make a key first with `loopwright key new`."


class ArmFailedError(ServingError):
    code = "LW508"
    http_status = 502
    retryable = True


class PayloadTooLargeError(ServingError):
    code = "LW509"
    http_status = 413
    advice = "Send fewer records in one request."


class ClockRefusedError(ServingError):
    code = "LW510"
    http_status = 403
    advice = "Use `loopwright replay`, which creates a home whose clock may be set."


class RateLimitedError(ServingError):
    code = "LW511"
    http_status = 429
    retryable = True
    advice = "Send the request again after the seconds in Retry-After, or make a key with a greater --rate."


class NotExplainableError(ServingError):
    code = "LW512"
    http_status = 422
    advice = "Ask without `explain`, or serve a model of LightGBM, of XGBoost, or a linear one."


class BudgetExceededError(ServingError):
    code = "LW513"
    http_status = 402
    advice = "Wait for the budget's next period, or raise its limit with `loopwright budget set`."


class PriceUnknownError(ServingError):
    code = "LW514"
    http_status = 402
    advice = "Give the model a price with `loopwright price set MODEL`, or set what an unknown model may cost."


class GuardBlockedError(ServingError):
    code = "LW515"
    http_status = 400
    advice = "Change the text; `loopwright guard eval` says how often a guard is wrong."


class UpstreamError(ServingError):
    code = "LW516"
    http_status = 502
    retryable = True
    advice = "Try again; `loopwright status` says which upstreams answer."


class UpstreamRefusedError(ServingError):
    code = "LW517"
    http_status = 400
    advice = "Correct the request as the upstream's message says."


class ReleaseError(LoopwrightError):
    code = "LW601"
    http_status = 409
    advice = "Run `loopwright status` to see the release under way."


class InternalError(LoopwrightError):
    code = "LW900"
    http_status = 500
    advice = "Run again with --debug and report the trace."

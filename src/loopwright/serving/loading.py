"""Getting arms ready: bundles extracted, champions loaded and proven, canaries connected."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import LoopwrightError, ModelLoadError, NoPermissionError, NoSpaceError
from loopwright.registry.bundle import extract_bundle
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet, CanaryArm, ChampionArm, label_of, previous_of, stand_in
from loopwright.serving.bundle_folder import BundleFolder
from loopwright.serving.door import Door, Policy
from loopwright.serving.health import ArmHealth
from loopwright.serving.in_hand import Hand
from loopwright.serving.intake import FeatureReader, Intake
from loopwright.serving.model import Model
from loopwright.serving.probation import ProbationClient
from loopwright.store.backends.os_errors import os_error
from loopwright.store.blobs import Blobs

_LONGEST_SOCKET_PATH = 100


def bundle_folder(blobs: Blobs, version: Digest, run: Path) -> Path:
    """The extracted bundle of a version below `run/bundles`, extracted now where it is not there yet.

    Several processes may call this at once.

    Raises:
        ModelLoadError: Part of the bundle is missing or damaged.
        NoSpaceError, NoPermissionError: It cannot be written here.
    """
    folder = run / "bundles" / version
    try:
        extract_bundle(blobs, version, folder)
    except OSError as error:
        raise os_error(error, folder) from error
    except (NoSpaceError, NoPermissionError):
        raise
    except LoopwrightError as error:
        raise ModelLoadError(f"the bundle {version[:12]} cannot be extracted", why=error.what, fix=error.fix) from error
    return folder


def socket_path(run: Path, version: Digest) -> Path:
    """The socket of a version's probation child on this host: below `run`, or in a private temporary folder where that
    path is longer than a socket's may be."""
    near = run / f"probation-{version[:16]}.sock"
    if len(os.fsencode(near)) < _LONGEST_SOCKET_PATH:
        return near
    folder = Path(tempfile.gettempdir()) / f"loopwright-{digest_bytes(os.fsencode(run.resolve()))[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / near.name


def _no_hand(endpoint: str) -> Hand:  # noqa: ARG001 - the form of a hand's giver
    return Hand()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLoader:
    """Makes arms from what the ledger names.

    Attributes:
        blobs: Where bundles lie.
        run: The home's folder for running processes.
        features: Gives the reader of a bundle's feature views.
        policy: What the doors do with a request outside the contract.
        threads: CPU threads of the champion.
        hands: Marks an endpoint's model as being asked or loaded.
    """

    blobs: Blobs
    run: Path
    features: Callable[[BundleFolder], FeatureReader]
    policy: Policy = "refuse"
    threads: int = 1
    hands: Callable[[str], Hand] = _no_hand

    def champion(self, arms: Arms, current: ChampionArm | None) -> ChampionArm:
        """The champion of `arms`, loaded and proven; the current one's model where the version is the same.

        Raises:
            ModelLoadError: It cannot be loaded, or fails on its example.
        """
        spec = arms.champion
        if current is not None and current.spec.version == spec.version:
            return ChampionArm(
                label=label_of(arms, spec), spec=spec, model=current.model, intake=current.intake, hand=current.hand
            )
        folder, hand = bundle_folder(self.blobs, spec.version, self.run), self.hands(arms.endpoint)
        with hand:
            model = Model.load(folder, threads=self.threads)
            model.prove_stream()
        intake = self._intake(model.bundle)
        return ChampionArm(label=label_of(arms, spec), spec=spec, model=model, intake=intake, hand=hand)

    def instead(self, arms: Arms, current: ArmSet | None, why: str) -> ChampionArm | None:
        """What answers where the champion may not be started: the version before it, else the declared default.

        Args:
            arms: Whose champion.
            current: What answers now.
            why: Why it may not.

        Returns:
            None where there is neither.

        Raises:
            ModelLoadError: The version before cannot be loaded either, and there is no default.
        """
        if arms.previous is not None:
            try:
                return previous_of(arms, current) or self.previous(arms)
            except ModelLoadError:
                if arms.default is None:
                    raise
        if arms.default is None:
            return None
        bundle = BundleFolder.read(bundle_folder(self.blobs, arms.champion.version, self.run))
        return stand_in(arms, Model.absent(bundle, why), self._intake(bundle))

    def previous(self, arms: Arms) -> ChampionArm:
        """The version that stands in for the champion, loaded and proven.

        Raises:
            ModelLoadError: It cannot be loaded, or fails on its example.
        """
        model = Model.load(bundle_folder(self.blobs, str(arms.previous), self.run), threads=self.threads)
        return stand_in(arms, model, self._intake(model.bundle))

    def canary(self, arms: Arms, spec: Arm) -> CanaryArm:
        """One canary of `arms`; none of its code is loaded here, and its client is not started yet.

        Raises:
            ModelLoadError: Its manifest cannot be read.
        """
        bundle = BundleFolder.read(bundle_folder(self.blobs, spec.version, self.run))
        client = ProbationClient(socket_path(self.run, spec.version), spec.version)
        intake = self._intake(bundle)
        return CanaryArm(label=label_of(arms, spec), spec=spec, intake=intake, client=client, health=ArmHealth())

    def _intake(self, bundle: BundleFolder) -> Intake:
        try:
            return Intake(Door(bundle.signature, self.policy), self.features(bundle))
        except LoopwrightError as error:
            why = f"{error.what}; {error.why}"
            raise ModelLoadError(f"the features of {bundle.version[:12]} cannot be read", why=why) from error

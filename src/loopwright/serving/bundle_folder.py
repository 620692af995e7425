"""An extracted bundle on disk: all that a serving process is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature, example_value
from loopwright.errors import ModelLoadError
from loopwright.monitoring.reference import Reference
from loopwright.registry.bundle import Manifest, load_manifest, load_native_part, load_part

_CODE = Path("parts") / "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFolder:
    """A bundle's manifest and where its parts lie; reading it runs none of the model's code.

    Attributes:
        folder: Holds `manifest.json` and `parts/NAME/…`.
        version: The bundle's digest, which is the folder's name.
        manifest: What the bundle says of itself.
        views: Definitions of the feature views that the model's joined features come from, as JSON values.
    """

    folder: Path
    version: Digest
    manifest: Manifest
    views: tuple[dict[str, Any], ...]

    @classmethod
    def read(cls, folder: Path) -> "BundleFolder":
        """Read the manifest and the feature definitions.

        Raises:
            ModelLoadError: They are missing or damaged.
        """
        manifest = load_manifest(folder)
        features = load_part(folder, "features") if "features" in manifest.parts else {}
        try:
            views = tuple(dict(view) for view in features.get("views", ()))
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelLoadError(f"the features of {folder.name[:12]} cannot be read", why=str(error)) from error
        return cls(folder=folder, version=folder.name, manifest=manifest, views=views)

    @property
    def signature(self) -> Signature:
        return self.manifest.signature

    @property
    def code(self) -> Path | None:
        """Folder of the loop's own modules, where predicting needs them: for a predict function, or a pickled model."""
        needed = self.function() is not None or self.manifest.trust_pickle
        return self.modules if needed else None

    @property
    def modules(self) -> Path | None:
        """Folder of the loop's own modules, where the bundle has it."""
        return self.folder / _CODE if "code" in self.manifest.parts else None

    def model(self) -> Any:
        """The trained model, decoded. Raises ModelLoadError."""
        return load_part(self.folder, "model")

    def native_model(self) -> Any:
        """The trained model in its library's own form, or an ensemble of such; None where its format has none.

        Raises ModelLoadError.
        """
        return load_native_part(self.folder, "model")

    def reference(self) -> Reference | None:
        """What the model's world looked like, where the bundle says. Raises ModelLoadError."""
        if "reference" not in self.manifest.parts:
            return None
        return msgspec.convert(load_part(self.folder, "reference"), Reference)

    def function(self) -> str | None:
        """The bundle's own `predict(model, columns)` as `module:name`, where it has one."""
        return self.manifest.entry if ":" in self.manifest.entry else None

    def stream_function(self) -> str | None:
        """The bundle's own `stream(model, record)` as `module:name`, where it has one. Raises ModelLoadError."""
        if "stream" not in self.manifest.parts:
            return None
        return str(load_part(self.folder, "stream")["function"])

    def example(self) -> dict[str, Any]:
        """A record that callers may send: the bundle's own, else one made from the contract."""
        given = self.manifest.example
        request = self.signature.request
        if given and all(column.name in given or column.nullable for column in request):
            return {column.name: given.get(column.name) for column in request}
        return {column.name: example_value(column) for column in request}

    def example_features(self) -> dict[str, Any]:
        """Values of the joined features that go with `example`: the bundle's own, else made from the contract."""
        requested = {column.name for column in self.signature.request}
        given = self.manifest.example
        joined = (column for column in self.signature.features if column.name not in requested)
        return {column.name: given.get(column.name, example_value(column)) for column in joined}

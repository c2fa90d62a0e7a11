"""What a node must have before it may train: the driver's data, and software that gives its numbers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from dmd.data.formats.declared import UNDECLARED
from dmd.data.formats.load import convert_dataset, open_dataset
from dmd.data.formats.planted import planted_bytes
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.errors import DataError
from dmd.models.bert_files import digest_bert
from orchestration.node_setup import requirements as cargo_module
from orchestration.node_setup.cache import CACHE_VARIABLE, cache_directory
from orchestration.node_setup.fingerprint import take_fingerprint
from orchestration.node_setup.requirements import NodeRequirements, require_software, require_transformers
from orchestration.node_setup.shipped_files import ShippedBert, ShippedFolder, make_shipped_data
from orchestration.process.errors import NodeIncompatible
from tests.dmd.berts import save_tiny_bert
from tests.dmd.data.csd.files import mosi_folder

SOFTWARE = take_fingerprint("cpu", 1, 1)
FILE = "data.pkl"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver's machine, with a data file."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / FILE).write_bytes(planted_bytes(PlantedSpec(num_videos=6, clips_per_video=2)))
    return tmp_path


def requirements_of(home: Path, name: str = FILE) -> NodeRequirements:
    return NodeRequirements(SOFTWARE, make_shipped_data(name, home, UNDECLARED, open_dataset(name, home).content_hash))


def refuse(shipped: ShippedFolder, folder: Path) -> None:
    raise AssertionError("nothing was to be fetched")


def test_data_that_a_node_sees_where_the_driver_has_them_are_used_there(home: Path) -> None:
    convert_dataset(FILE, home / "converted", home)
    for name in (FILE, "converted", "planted"):
        requirements = requirements_of(home, name)
        assert requirements.prepare_node(refuse).dataset.content_hash == requirements.data.content_hash
    kept = cache_directory().iterdir() if cache_directory().exists() else ()
    assert [path.name for path in kept if not path.name.startswith("code-")] == []


@pytest.mark.parametrize("there", ["nothing", "other data", "no data"])
def test_data_that_a_node_does_not_see_are_fetched_once(home: Path, there: str) -> None:
    requirements = requirements_of(home)
    kept = (home / FILE).rename(home / "kept.pkl")
    if there == "other data":
        (home / FILE).write_bytes(planted_bytes(PlantedSpec(num_videos=6, clips_per_video=2, seed=1)))
    elif there == "no data":
        (home / FILE).write_bytes(b"<html>not found</html>")
    for fetch in (lambda shipped, folder: convert_dataset(str(kept), folder), refuse):
        assert requirements.prepare_node(fetch).dataset.content_hash == requirements.data.content_hash


def test_a_folder_of_sequences_is_joined_once_on_every_machine(home: Path) -> None:
    requirements = requirements_of(home, mosi_folder(home).name)
    files = requirements.data.local_files()
    assert {path.suffix for path in files} == {".npy", ".json"}

    def fetch(shipped: ShippedFolder, folder: Path) -> None:
        shutil.copytree(files[0].parent, folder, dirs_exist_ok=True)

    for fill in (fetch, refuse):
        assert requirements.prepare_node(fill).dataset.content_hash == requirements.data.content_hash


def test_a_file_that_changed_since_the_study_began_is_not_handed_out(home: Path) -> None:
    data = requirements_of(home).data
    assert {path.suffix for path in data.local_files()} == {".npy", ".json"}
    convert_dataset(FILE, home / "folder", home)
    folder = requirements_of(home, "folder").data
    assert folder.local_files() == [*sorted((home / "folder").glob("*.npy")), home / "folder" / "dataset.json"]
    for shipped in (data, folder):
        with pytest.raises(DataError, match="changed"):
            replace(shipped, content_hash="0" * 64).local_files()
    other = NodeRequirements(SOFTWARE, replace(data, content_hash="0" * 64))
    with pytest.raises(NodeIncompatible, match=r"data cannot be used there: content \w+ where"):
        other.prepare_node(lambda shipped, folder: convert_dataset(FILE, folder, home))


def test_a_cache_that_cannot_be_written_is_one_line_with_a_remedy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = requirements_of(home)
    (home / FILE).unlink()
    monkeypatch.setenv(CACHE_VARIABLE, "/proc/nothing")
    with pytest.raises(NodeIncompatible) as refused:
        requirements.prepare_node(refuse)
    assert "cannot be stored in /proc/nothing" in str(refused.value)
    assert "set DMD_CACHE_DIR there to a directory that can be written" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_software_that_would_give_other_numbers_is_told_whole_in_one_line() -> None:
    require_software(SOFTWARE)
    with pytest.raises(NodeIncompatible) as refused:
        require_software(replace(SOFTWARE, torch="1.0.0", code="abc"))
    line = str(refused.value)
    assert "results would not be comparable" in line
    assert f"torch is {SOFTWARE.torch.partition('+')[0]} there, 1.0.0 here" in line
    assert f"code is {SOFTWARE.code} there, abc here" in line
    assert line.endswith("install the same versions on both")
    assert "\n" not in line


def test_a_node_without_the_compiled_passes_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(device: str, threads: int, workers: int):
        return replace(SOFTWARE, device=device, threads=threads, workers=workers, kernels="torch")

    monkeypatch.setattr(cargo_module, "take_fingerprint", without)
    with pytest.raises(
        NodeIncompatible, match="kernels is torch there, compiled here; install dmd-search there with a C comp"
    ):
        require_software(replace(SOFTWARE, kernels="compiled"))
    with pytest.raises(NodeIncompatible, match="same versions on both"):
        require_software(replace(SOFTWARE, kernels="compiled", code="abc"))


def test_another_build_of_the_same_torch_is_no_difference() -> None:
    require_software(replace(SOFTWARE, torch=f"{SOFTWARE.torch.partition('+')[0]}+cu999"))


def with_bert(home: Path) -> tuple[NodeRequirements, ShippedBert]:
    place = save_tiny_bert(home / "tiny")
    (place / "notes.txt").write_text("not the model's")
    bert = ShippedBert("./tiny", place, digest_bert(place))
    return replace(requirements_of(home), berts=(bert,)), bert


def test_a_bert_is_used_where_the_driver_has_it_if_it_is_the_same(home: Path) -> None:
    requirements, bert = with_bert(home)
    assert requirements.prepare_node(refuse).directories == {"./tiny": bert.place}
    assert {path.name for path in bert.local_files()} == {"config.json", "model.safetensors"}


@pytest.mark.parametrize("there", ["nothing", "another"])
def test_a_bert_that_a_node_does_not_have_is_fetched_once(home: Path, there: str) -> None:
    requirements, bert = with_bert(home)
    kept = bert.place.rename(home / "kept")
    if there == "another":
        save_tiny_bert(home / "tiny", seed=1)
    for fetch in (lambda shipped, folder: shutil.copytree(kept, folder), refuse):
        (directory,) = requirements.prepare_node(fetch).directories.values()
        assert directory.is_relative_to(cache_directory())
        assert digest_bert(directory) == bert.digest
    with pytest.raises(DataError, match="is gone, or has changed since the study began"):
        bert.local_files()


def test_a_node_that_reads_a_bert_with_another_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    require_transformers(version("transformers"))
    with pytest.raises(
        NodeIncompatible, match=r"transformers is \S+ there, 1\.0 here; install the same version on both"
    ):
        require_transformers("1.0")

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(cargo_module, "version", absent)
    with pytest.raises(NodeIncompatible, match=r"a BERT cannot be read there; pip install 'dmd-search\[bert\]' there"):
        require_transformers("1.0")

"""Datasets come and go: import, download, draw, delete."""

from pathlib import Path

import streamlit as st

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets import fetch, import_dataset
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.formats.recognise import known_formats
from emotion_ai.datasets.store import TASKS, Dataset, delete_dataset
from emotion_ai.jobs import background
from emotion_ai.jobs.background import Job
from emotion_ai.settings import settings
from emotion_ai.storage.files import staging_folder
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked, why_locked
from emotion_ai.ui.datasets.browse import clear_filters
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.progress import job_bar, only_interrupt, with_progress
from emotion_ai.ui.wording import count, plain

DATA = "data"
_DRAWN_FACES = 2000
_DETECT = "Cut the face out of larger pictures"
_REPLACE = "Replace a dataset of this name, if there is one"
_NEWS = "datasets_news"
_SKIPPED_TOLD = 20
#: Keys of the popovers, which close when they have done their work.
_ADD, _DELETE = "add_dataset", "delete_popover"


def choose_dataset() -> Dataset | None:
    """The picker, with the ways to add and delete beside it; None where there is no dataset."""
    datasets = {dataset.name: dataset for dataset in resources.datasets()}
    if not datasets:
        if locked():
            st.markdown("There is no dataset here yet.")
            why_locked("add one")
        else:
            st.markdown("There is no dataset here yet. Import one, or have some faces drawn:")
            add_dataset()
        return None
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Dataset", list(datasets), key=DATA, bind="query-params", on_change=clear_filters,
            width=320,
        )  # fmt: skip
        with st.popover("Add", icon=":material/add:", key=_ADD, on_change="rerun", **locked()):
            add_dataset()
        if not datasets[name].shipped:
            _delete(datasets[name])
    with right:
        _split_bar(datasets[name])
    why_locked("add datasets and mark their faces")
    if news := st.session_state.get(_NEWS):
        st.success(news, icon=":material/check:")
    return datasets[name]


def _split_bar(dataset: Dataset) -> None:
    """Splits as a thin stacked bar, with their counts."""
    splits = dataset.description["splits"]
    tones = (100, 62, 34)
    parts = "".join(
        f'<div style="flex:{n};min-width:3px;background:color-mix(in srgb, currentColor {tone}%, '
        'transparent)"></div>'
        for n, tone in zip(splits.values(), tones, strict=False)
    )
    st.html(
        '<div style="display:flex;gap:3px;height:7px;opacity:.6;border-radius:4px;overflow:hidden"'
        f' role="img" aria-label="Splits of the dataset">{parts}</div>'
    )
    words = " · ".join(f"**{split}** {n:,}" for split, n in splits.items())
    about = dataset.description
    source = plain(about["source"]["name"]) if "source" in about else ""
    rule = plain(about.get("split_rule", ""))
    size = f"{about['size_px']} × {about['size_px']} px"
    st.caption(
        f"{count(len(dataset), 'face')}: {words} · {size}"
        + (f" · from {source}" if source else "")
        + f" · split: {rule}"
    )
    if "about" in about:
        st.caption(plain(about["about"]))


def add_dataset() -> None:
    """Upload, path, download, drawing."""
    upload, path, public, draw = st.tabs(["Upload", "Path", "Download", "Draw"])
    with upload:
        _upload()
    with path:
        _path()
    with public:
        for name in fetch.SOURCES:
            _public(name)
    with draw:
        _draw()


def _upload() -> None:
    with st.form("upload_dataset", border=False):
        file = st.file_uploader(
            f"A CSV or zip: {', '.join(known_formats())}", ["csv", "zip", "parquet"]
        )
        votes = st.file_uploader("FER+ votes for FER2013 (optional)", ["csv"])
        name = st.text_input("Name", placeholder="from the file's name")
        detect = st.checkbox(_DETECT, key="detect_by_upload")
        replace = st.checkbox(_REPLACE, key="replace_by_upload")
        sent = st.form_submit_button("Import", type="primary", icon=":material/upload:", **locked())
    if sent and file is None:
        st.warning("Choose a file first.")
    elif sent:
        with errors_as_lines():
            require_editor("import a dataset")
            with staging_folder(settings().data_dir / "upload") as folder:
                # The readers want a file: called as it was, but for what no path may have.
                source = _saved(folder / "faces", file)
                crowd = _saved(folder / "votes", votes) if votes else None
                _import(source, name or Path(file.name).stem, crowd, file.name, replace, detect)


def _saved(folder: Path, file) -> Path:
    name = Path(file.name)
    kind = name.suffix.lower()
    folder.mkdir()
    path = folder / (
        (_tidy(name.stem) or "upload") + (kind if kind in (".zip", ".parquet") else ".csv")
    )
    path.write_bytes(file.getbuffer())
    return path


def _path() -> None:
    with st.form("import_path", border=False):
        path = st.text_input("A CSV, zip or folder on the server", placeholder="/data/fer2013.zip")
        votes = st.text_input("FER+ votes for FER2013 (optional)")
        name = st.text_input("Name", placeholder="from the file's name", key="path_name")
        detect = st.checkbox(_DETECT, key="detect_by_path")
        replace = st.checkbox(_REPLACE, key="replace_by_path")
        sent = st.form_submit_button(
            "Import", type="primary", icon=":material/folder_open:", **locked()
        )
    if sent and not path.strip():
        st.warning("Give a path first.")
    elif sent:
        source = Path(path.strip()).expanduser()
        crowd = Path(votes.strip()).expanduser() if votes.strip() else None
        _import(source, name, crowd, source.name, replace, detect)


def _import(
    source: Path, name: str, votes: Path | None, called: str, replace: bool, detect: bool
) -> None:
    """Import under a bar; the new dataset is then the chosen one."""
    reports = []
    with errors_as_lines():
        with_progress(
            f"Importing {plain(called)}",
            f"import-{called}",
            lambda step: reports.append(
                import_dataset(
                    source,
                    settings().data_dir,
                    name=_tidy(name),
                    votes=votes,
                    replace=replace,
                    detect=detect,
                    progress=step,
                )
            ),
            only_interrupt,
        )
    if reports:
        report = reports[0]
        left_out = f"; {count(len(report.skipped), 'row')} left out" if report.skipped else ""
        news = f"{count(len(report.dataset), 'image')} imported{left_out}."
        _show(report.dataset, "\n- ".join([news, *map(plain, _told(report.skipped))]))


def _told(skipped: list[str]) -> list[str]:
    """The first of them, and how many more."""
    more = len(skipped) - _SKIPPED_TOLD
    return skipped[:_SKIPPED_TOLD] + ([f"and {more:,} more"] if more > 0 else [])


def _tidy(name: str) -> str | None:
    """A given name with what no folder may have replaced; None for none."""
    kept = "".join(c if (c.isalnum() and c.isascii()) or c in "_.-" else "_" for c in name.strip())
    return kept.lstrip("_.-")[:64] or None


def _show(dataset: Dataset, news: str) -> None:
    st.session_state[_NEWS] = f"**{plain(dataset.name)}**: {news}"
    st.session_state["datasets_new"] = dataset.name
    st.rerun()


def forget_news() -> None:
    """At the end of the page: a run that was begun anew on the way shows its news once more."""
    st.session_state.pop(_NEWS, None)


def follow_news() -> None:
    """Before the picker: choose what was just added."""
    if name := st.session_state.pop("datasets_new", None):
        st.session_state[DATA] = name
        st.session_state[_ADD] = False
        clear_filters()


def _public(name: str) -> None:
    source = fetch.SOURCES[name]
    status = settings().cache_dir / "fetch" / f"{name}.json"
    st.markdown(f"[{source.title}]({source.address})")
    job = background.read_job(status)
    if job.state == "running":
        job_bar(status, _fetch_words)
        return
    if job.state == "failed":
        st.error(plain(job.error), icon=":material/error:")
    options = {
        "key": f"fetch_{name}",
        "icon": ":material/download:",
        "on_click": errors_as_lines()(fetch.start),
    }
    where = (name, settings().data_dir, status)
    if name not in {dataset.name for dataset in resources.datasets()}:
        st.button("Download", args=where, **options, **locked())
        return
    replace = st.checkbox(f"Replace the dataset {plain(name)} that is here", key=f"again_{name}")
    able = {"disabled": not replace, **locked()}
    st.button("Download", args=(*where, replace), **options, **able)


def _fetch_words(job: Job) -> str:
    if job.total:
        return f"Importing: {job.done:,} of {job.total:,} {job.unit}"
    return f"Downloading: {job.done:,} MB so far"


def _draw() -> None:
    with st.form("draw_faces", border=False):
        task = st.segmented_control("For", TASKS, default=TASKS[0], required=True)
        n = st.number_input("Faces", 35, 20_000, _DRAWN_FACES)
        seed = st.number_input("Seed", 0, 9999, 0, help="The same seed draws the same faces")
        sent = st.form_submit_button("Draw", type="primary", icon=":material/brush:", **locked())
    st.caption("Drawn faces come with exact points and labels.")
    if sent:
        drawn = []
        with errors_as_lines():
            with_progress(
                "Drawing",
                f"draw-{task}-{n}-{seed}",
                lambda step: drawn.append(
                    synthetic.make_dataset(settings().data_dir, task, n, seed, progress=step)
                ),
                only_interrupt,
            )
        if drawn:
            _show(drawn[0], f"{count(n, 'face')} drawn.")


def _delete(dataset: Dataset) -> None:
    with st.popover("Delete", icon=":material/delete:", key=_DELETE, on_change="rerun", **locked()):
        st.markdown(
            f"Delete **{plain(dataset.name)}** with {count(len(dataset), 'image')} and all its "
            "marks from this server? The file it came from stays."
        )
        st.button(
            "Delete it for good", type="primary", key="delete_dataset", on_click=_deleted,
            args=(dataset,), **locked(),
        )  # fmt: skip


def _deleted(dataset: Dataset) -> None:
    with errors_as_lines():
        delete_dataset(dataset)
        st.session_state[_NEWS] = f"{plain(dataset.name)} is deleted."
        st.session_state.pop(DATA, None)
        st.session_state[_DELETE] = False

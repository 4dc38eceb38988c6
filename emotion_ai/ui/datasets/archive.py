"""An archive's table on the Datasets page: filtered, sorted, a face beside its picture."""

from pathlib import Path

import pandas as pd
import streamlit as st

from emotion_ai.distributed.archive_view import (
    ARCHIVES,
    Wanted,
    archive_folders,
    classes_of,
    count_files,
    failures,
    find_faces,
    picture_of,
    reading_of,
)
from emotion_ai.errors import EmotionAIError
from emotion_ai.media.images import encode_jpeg, shrunk
from emotion_ai.settings import settings
from emotion_ai.ui.markup import annotated_picture, probability_bars
from emotion_ai.ui.wording import count, plain

_DATASETS, _ARCHIVES = "Datasets", "Archives"
_SHOWN = ["file", "face", "time_s", "expression", "score"]
#: What to sort by, and the column that says it.
_ORDERS = {"as read": "", "sureness of the face": "score"}
_PICTURE_PX = 900


def choose_archive() -> Path | None:
    """The table that is looked at instead of a dataset; asked for only where there is one."""
    folders = {folder.name: folder for folder in archive_folders(settings().data_dir)}
    if not folders:
        return None
    kind = st.segmented_control(
        "Look at", [_DATASETS, _ARCHIVES], default=_DATASETS, key="of", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if kind != _ARCHIVES:
        return None
    return folders[st.selectbox("Archive", list(folders), key="archive", bind="query-params",
                                width=320)]  # fmt: skip


def show_archive(folder: Path) -> None:
    """How many, the filters, the table, and the chosen face."""
    files, failed = count_files(folder)
    wanted = _filters(classes_of(folder))
    table, found = find_faces(folder, wanted)
    st.markdown(
        f"**{count(files, 'file')}**, {count(found, 'face')} as chosen"
        + (f", the first {len(table)} below" if found > len(table) else "")
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        chosen = _rows(table, wanted)
    with right:
        if table.empty:
            st.caption("No face is like that.")
        else:
            _face(table.iloc[chosen])
    if failed:
        with st.expander(f"{count(failed, 'file')} could not be read"):
            st.dataframe(failures(folder), hide_index=True)
    st.caption(f"Tables in `{ARCHIVES}` of the data folder are shown here: "
               "`emotion-ai predict … --on local --out`.")  # fmt: skip


def _filters(classes: tuple[str, ...]) -> Wanted:
    orders = _ORDERS | {f"how {name}": f"p_{name}" for name in classes}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect("Expressions", classes, key="archive_expressions",
                               placeholder="all", width=260)  # fmt: skip
        file = st.text_input("File contains", key="archive_file", width=200)
        least = st.slider("Sureness of the face", 0.0, 1.0, 0.0, key="archive_score", width=180)
        order = st.selectbox("Sorted by", list(orders), key="archive_order", width=200)
        rising = st.toggle("least first", key="archive_rising", disabled=order == "as read")
    return Wanted(tuple(names), file.strip(), least, orders[order], rising)


def _rows(table: pd.DataFrame, wanted: Wanted) -> int:
    """The table; the place of the chosen row, 0 where none is chosen."""
    columns = [*_SHOWN, *[wanted.order] * (wanted.order not in (*_SHOWN, ""))]
    event = st.dataframe(
        table[columns], hide_index=True, on_select="rerun", selection_mode="single-row",
        key=f"archive_rows_{hash(wanted)}",
    )  # fmt: skip
    rows = event.selection.rows
    return rows[0] if rows and rows[0] < len(table) else 0


def _face(row: pd.Series) -> None:
    """The chosen face in its picture, where that can still be reached."""
    reading = reading_of(row)
    try:
        picture = picture_of(row)
    except EmotionAIError as error:
        st.info(
            plain(f"The picture cannot be shown: {error}"), icon=":material/image_not_supported:"
        )
    else:
        jpeg = encode_jpeg(shrunk(picture, _PICTURE_PX))
        st.html(annotated_picture(jpeg, picture.shape[1::-1], [reading]))
    if reading.expression:
        st.html(probability_bars(reading.expression))
    when = "" if pd.isna(row["time_s"]) else f", {row['time_s']:.1f} s"
    st.caption(plain(f"{row['file']}{when}, face {row['face']}"))

"""Folders named after whatever their images show, as ``imagefolder`` of Hugging Face's datasets
has them: ``[train|validation|test/]<class>/*.jpg|png``. Any script, any number of classes.
"""

from posixpath import basename, dirname

from emotion_ai.datasets.formats.archive import Tree
from emotion_ai.datasets.formats.fer2013 import SPLIT_FOLDERS, read_class_folders
from emotion_ai.datasets.formats.image_files import is_image
from emotion_ai.datasets.formats.reading import Format


def _is_tree(tree: Tree) -> bool:
    """Two folders with images, or one: pictures side by side belong to no class."""
    folders = {basename(dirname(name)) for name in tree.names if is_image(name)}
    classes = {name for name in folders if name and name.lower() not in SPLIT_FOLDERS}
    return len(classes) >= 2


TREES = (
    Format(
        "class folders",
        "class folders",
        "images in two or more folders named after what they show",
        _is_tree,
        read_class_folders,
        rank=0,
    ),
)

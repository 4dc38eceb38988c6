"""The order in which training faces are shown, and how each is changed."""

from collections.abc import Sequence

import keras
import numpy as np

from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.training import augmentation
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples
from emotion_ai.training.losses import with_mask
from emotion_ai.training.teachers import taught


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches, the same for the same (seed, epoch, batch)."""

    def __init__(
        self,
        examples: Examples,
        config: TrainingConfig,
        epoch: int = 0,
        teachers: Sequence[LiteNetwork] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.examples, self.config, self.epoch = examples, config, epoch
        self.teachers = teachers
        self._shuffle()

    def _shuffle(self):
        """This epoch's rows: each with the probability of its weight, at no cost otherwise."""
        rng = np.random.default_rng([self.config.seed, self.epoch])
        order = rng.permutation(len(self.examples))
        # Systematic sampling: a row is taken where the running sum passes a whole number.
        passed = np.floor(np.cumsum(self.examples.weights[order], dtype=np.float64) + rng.random())
        self._order = order[np.diff(passed, prepend=0) > 0]

    def __len__(self) -> int:
        return max(1, int(self.examples.weights.sum(dtype=np.float64)) // self.config.batch_size)

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()

    def __getitem__(self, index: int):
        config, examples = self.config, self.examples
        rows = self._order[index * config.batch_size : (index + 1) * config.batch_size]
        rng = np.random.default_rng([config.seed, self.epoch, index])
        targets = examples.targets[rows]
        points = targets if config.task == "keypoints" else None
        images, points = augmentation.augment(
            examples.images[rows],
            points,
            config.augmentation,
            rng,
            border_px=examples.border_px,
        )
        if config.task == "keypoints":
            targets = with_mask(points)
        else:
            smoothing = config.label_smoothing
            known = targets.sum(axis=-1, keepdims=True)  # 0 where a head has no truth
            targets = targets * (1 - smoothing) + known * smoothing / targets.shape[-1]
            if config.augmentation.blend:
                images, targets = augmentation.blended(images, targets, config.augmentation, rng)
            if self.teachers:
                targets = taught(images, targets, self.teachers, config.teacher_share, rng)
        return images[..., None], targets

// What goes wrong, on purpose: drawn people recorded in ways that fool whoever trusts one number.

import { crossValidate, foldsByGroup, foldsByPicture, nameAll, outcome, shuffled } from "./assess.mjs";
import { ACTS, FRAMES, PEOPLE } from "./drawn.mjs";
import { joined, tableOf } from "./examples.mjs";
import { learn } from "./softmax.mjs";

const [THINKING, BORED] = ACTS.keys();
const everybody = [...Array(PEOPLE).keys()];
/** Who is learnt from, by lot, and who is not. */
const LOT = shuffled(everybody, 31);
const [SOME, OTHERS] = [LOT.slice(0, PEOPLE / 2), LOT.slice(PEOPLE / 2)];
const DARK = 0.05;
/** How many of the bored are called thinking. */
const MISLABELLED = 0.4;
/** A lot of which guessing gets about half, as it does on average over lots. */
const TEAMS_SEED = 8;
const LABELS_SEED = 1;
const ONE_PERSON = 10;
const ONCE_BORED = 10;

/**
 * By the names of their buttons. Each trial is { label, seen, unseen }, or { label, seen, folds }. Other teams and
 * another teacher may be asked for, to see how much the choice of ours does.
 */
export const FAILURES = {
  split: {
    title: "Wrong split",
    sentence:
      "Twelve people were put into two teams by lot, so no face can tell the team; split by picture, near copies of every test picture were learnt from, and the machine looks brilliant.",
    question: "Where would you meet such a split in real life: whose pictures stand on both sides?",
    async trials(drawn, seed = TEAMS_SEED) {
      const teams = shuffled(everybody, seed);
      const [blue, orange] = [teams.slice(0, PEOPLE / 2), teams.slice(PEOPLE / 2)];
      const seen = tableOf([...(await drawn.examples(blue, THINKING, 0)), ...(await drawn.examples(orange, THINKING, 1))]);
      return {
        classes: ["blue team", "orange team"],
        trials: [
          { label: "split by picture (wrong)", seen, folds: foldsByPicture(seen.y, 2) },
          { label: "split by burst (honest)", seen, folds: foldsByGroup(seen.y, seen.groups, 2) },
        ],
      };
    },
  },
  unbalanced: {
    title: "Unbalanced",
    sentence: "48 examples of thinking and 3 of bored: calling everything thinking is nearly always right, so the rare class is lost.",
    question: "What would you count in place of all that is right?",
    async trials(drawn) {
      const many = await drawn.examples(SOME, THINKING, 0);
      const seen = tableOf([...many, ...(await drawn.examples([ONCE_BORED], BORED, 1)).slice(0, 3)]);
      const [thinking, bored] = [await drawn.examples(OTHERS, THINKING, 0), await drawn.examples(OTHERS, BORED, 1)];
      return {
        classes: ["thinking", "bored"],
        trials: [
          { label: "other people, as rarely bored", seen, unseen: tableOf([...thinking, ...bored.slice(0, 3)]) },
          { label: "other people, as often bored", seen, unseen: tableOf([...thinking, ...bored]) },
        ],
      };
    },
  },
  light: {
    title: "Other light",
    sentence: "Everybody bored was recorded in the dark: the machine may learn the lamp in place of the face.",
    question: "How would you record so that the light says nothing about the class?",
    async trials(drawn) {
      const lit = async (people, thinking, bored) =>
        tableOf([...(await drawn.examples(people, THINKING, 0, thinking)), ...(await drawn.examples(people, BORED, 1, bored))]);
      const seen = await lit(SOME, 1, DARK);
      return {
        classes: ["thinking", "bored"],
        trials: [
          { label: "other people, the same lamps", seen, unseen: await lit(OTHERS, 1, DARK) },
          { label: "other people, lamps exchanged", seen, unseen: await lit(OTHERS, DARK, 1) },
        ],
      };
    },
  },
  person: {
    title: "Other person",
    sentence: "One person taught all three classes: what was learnt is partly that person.",
    question: "Who must be among the examples before others may be judged by them, and who is always missing?",
    async trials(drawn, one = ONE_PERSON) {
      const of = async (people, from, to) =>
        tableOf((await Promise.all(ACTS.map((_, act) => drawn.examples(people, act, act)))).flat().filter(({ frame }) => frame >= from && frame < to));
      const rest = everybody.filter((person) => person !== one);
      const seen = await of([one], 0, 5);
      return {
        classes: ACTS,
        trials: [
          { label: "the same person, later", seen, unseen: await of([one], 5, FRAMES) },
          { label: "eleven other people", seen, unseen: await of(rest, 0, FRAMES) },
        ],
      };
    },
  },
  mislabelled: {
    title: "Wrong labels",
    sentence: "Four in ten of the bored were called thinking: the machine learns our mistakes with the same zeal.",
    question: "Which pictures would you look at again first, and how would you find them among ten thousand?",
    async trials(drawn) {
      const [thinking, bored] = [await drawn.examples(SOME, THINKING, 0), await drawn.examples(SOME, BORED, 1)];
      const turned = new Set(shuffled(bored.keys(), LABELS_SEED).slice(0, MISLABELLED * bored.length));
      const wrong = bored.map((example, i) => ({ ...example, k: turned.has(i) ? 0 : 1 }));
      const unseen = tableOf([...(await drawn.examples(OTHERS, THINKING, 0)), ...(await drawn.examples(OTHERS, BORED, 1))]);
      return {
        classes: ["thinking", "bored"],
        trials: [
          { label: "learnt from right labels", seen: tableOf([...thinking, ...bored]), unseen },
          { label: "learnt from wrong labels", seen: tableOf([...thinking, ...wrong]), unseen },
        ],
      };
    },
  },
};

/** Drawn people with their features, each computed once. */
export class DrawnExamples {
  /** `featuresOf(crops, count)`: what the network says of crops. */
  constructor(drawn, sizePx, featuresOf) {
    Object.assign(this, { drawn, sizePx, featuresOf });
    this.kept = new Map();
  }

  /** Examples of people acting, each with the number `k` of its class. */
  async examples(people, act, k, light = 1) {
    const bursts = [];
    for (const person of people) bursts.push(await this.burst(person, act, light));
    return bursts.flat().map((example) => ({ ...example, k }));
  }

  async burst(person, act, light) {
    const key = [person, act, light].join();
    if (!this.kept.has(key)) {
      const crops = this.drawn.burst(person, act, this.sizePx, light);
      const features = await this.featuresOf(joined(crops), crops.length);
      const width = features.length / crops.length;
      const burst = crops.map((crop, frame) => ({
        crop, frame, burst: key, features: features.slice(frame * width, (frame + 1) * width),
      }));
      this.kept.set(key, burst);
    }
    return this.kept.get(key);
  }
}

/** What a trial comes to: an `outcome`, and the examples it was measured on. */
export function tried({ seen, unseen, folds }, classes) {
  const test = unseen ?? seen;
  let named;
  if (folds) {
    const going = crossValidate(seen, folds, classes.length);
    let state = going.next();
    while (!state.done) state = going.next();
    named = state.value;
  } else {
    let layers;
    for (const state of learn(seen.x, seen.y, seen.y.length, seen.width, classes.length)) layers = state.layers;
    named = nameAll(layers, test);
  }
  return { ...outcome(test.y, named, classes.length, new Set(test.groups).size), examples: test.examples };
}

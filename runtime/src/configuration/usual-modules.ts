/** What functions on measurements use most, and what takes longest to import. */
export const USUAL_MODULES: readonly string[] = [
  "numpy",
  "pandas",
  "sklearn",
  "matplotlib",
  "requests",
  "tqdm",
];

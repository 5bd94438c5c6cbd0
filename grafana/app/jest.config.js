// Times are those of UTC, wherever the tests run.
process.env.TZ = "UTC";

const scaffolded = require("./.config/jest.config");

const [transformer, options] = Object.values(scaffolded.transform)[0];

/** As the scaffold has it, but JSX needs no import of React, and modules that are only ESM are read as well. */
module.exports = {
  ...scaffolded,
  // Generous, as nothing here is a measurement: the machine may be busy.
  testTimeout: 60_000,
  transform: {
    "\\.(mjs|[tj]sx?)$": [
      transformer,
      { ...options, jsc: { ...options.jsc, transform: { react: { runtime: "automatic" } } } },
    ],
  },
};

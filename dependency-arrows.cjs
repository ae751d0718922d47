/**
 * Arrows between packages go one way: a package may import only what stands on its right here.
 * Everything is reached through a package's door (`src/index.ts`), never through its rooms.
 */
const ARROWS = {
  random: [],
  formula: [],
  graph: [],
  optim: ["formula", "random"],
  nn: ["graph", "random"],
  data: ["random"],
  train: ["data", "formula", "graph", "nn", "optim", "random"],
  landscape: ["data", "formula", "graph", "nn", "optim", "random", "train"],
  lab: ["data", "formula", "graph", "landscape", "nn", "optim", "random", "train"],
  web: ["formula", "graph", "nn", "optim", "random", "train"], // speaks to lab's server; of train only what runs in a browser
};

const others = (name, allowed) => Object.keys(ARROWS).filter((p) => p !== name && !allowed.includes(p));

module.exports = {
  forbidden: [
    ...Object.entries(ARROWS)
      .filter(([name, allowed]) => others(name, allowed).length > 0)
      .map(([name, allowed]) => ({
        name: `${name}-imports-only-${allowed.join("-") || "nothing"}`,
        severity: "error",
        from: { path: `^packages/${name}/` },
        to: { path: `^packages/(${others(name, allowed).join("|")})/` },
      })),
    {
      name: "through-the-door",
      severity: "error",
      comment: "import another package by its name, not by a path into it",
      from: { path: "^packages/([^/]+)/" },
      to: {
        path: "^packages/([^/]+)/",
        pathNot: [
          "^packages/$1/",
          "^packages/[^/]+/src/index\\.ts$",
          "^packages/train/src/(files|finder)\\.ts$",
        ],
      },
    },
    {
      name: "pages-run-in-a-browser",
      severity: "error",
      comment: "of train, pages may import @thalweg/train/finder only: the rest needs Node",
      from: { path: "^packages/web/src/" },
      to: { path: "^packages/train/", pathNot: "^packages/train/src/finder\\.ts$" },
    },
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      severity: "error",
      comment: "what only the bundler of the pages knows: virtual modules, files by their address",
      from: {},
      to: { couldNotResolve: true, pathNot: "^virtual:|^vite/client$|\\?url$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/dist/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};

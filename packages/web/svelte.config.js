/** Svelte reads TypeScript in components by itself; every component uses runes. */
export default { compilerOptions: { runes: true } };

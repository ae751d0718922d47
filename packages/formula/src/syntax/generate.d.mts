// The types of generate.mjs, which plain node runs.
export function generateParser(): string;

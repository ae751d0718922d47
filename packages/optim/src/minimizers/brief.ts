/** A number for a sentence: three digits say what a person asks of it. */
export const brief = (value: number): string => String(Number(value.toPrecision(3)));

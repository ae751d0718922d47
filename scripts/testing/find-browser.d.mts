/** Its path; undefined where there is none. */
export declare function findBrowser(): string | undefined;

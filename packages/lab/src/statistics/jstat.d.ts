/** The functions of jStat 1.9 that `distributions.ts` calls; the package ships no types. */
declare module "jstat" {
  interface Distributions {
    normal: {
      cdf(x: number, mean: number, std: number): number;
      inv(p: number, mean: number, std: number): number;
    };
    studentt: { cdf(x: number, dof: number): number; inv(p: number, dof: number): number };
    chisquare: { cdf(x: number, dof: number): number };
    /** The studentized range: `groups` means, `dof` of the variance estimate. */
    tukey: { inv(p: number, groups: number, dof: number): number };
  }
  const library: { jStat: Distributions };
  export default library;
}

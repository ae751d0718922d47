/**
 * Elementary functions over four float32 lanes, in WebAssembly text. The polynomials are those of Cephes' single
 * precision library (S. Moshier, expf.c, logf.c, tanhf.c): exp within 1 unit in the last place, tanh within 1.4, log
 * within 1.5, over their whole ranges. `power` is exp(y ln|x|), which multiplies the rounding of the logarithm: it is
 * within 3 + 3 |y ln x| units.
 *
 * NaN, infinities, zeros and subnormal numbers give what IEEE 754 and JavaScript's Math give, to that accuracy.
 */

export type MathFunction = "exp" | "log" | "tanh" | "power";

/** What each function calls in turn. */
export const MATH_NEEDS: Record<MathFunction, readonly MathFunction[]> = {
  exp: [],
  log: [],
  tanh: ["exp"],
  power: ["exp", "log"],
};

const splat = (value: number | string) => `(v128.const f32x4 ${value} ${value} ${value} ${value})`;
const splatInt = (value: number | string) => `(v128.const i32x4 ${value} ${value} ${value} ${value})`;
const mul = (a: string, b: string) => `(f32x4.mul ${a} ${b})`;
const add = (a: string, b: string) => `(f32x4.add ${a} ${b})`;
const sub = (a: string, b: string) => `(f32x4.sub ${a} ${b})`;
const get = (name: string) => `(local.get $${name})`;
const set = (name: string, value: string) => `(local.set $${name} ${value})`;
const select = (condition: string, a: string, b: string) => `(v128.bitselect ${a} ${b} ${condition})`;

/** c₀xⁿ + c₁xⁿ⁻¹ + … by Horner's rule. */
const polynomial = (x: string, coefficients: readonly number[]) =>
  coefficients.slice(1).reduce((sum, c) => add(mul(sum, get(x)), splat(c)), splat(coefficients[0]!));

/** 2ⁿ for whole n in [−126, 127], by writing the exponent field. */
const powerOfTwo = (n: string) => `(i32x4.shl (i32x4.add ${n} ${splatInt(127)}) (i32.const 23))`;

const SIGN_BIT = splatInt("0x80000000");

export const MATH: Record<MathFunction, string> = {
  // exp(x) = 2ⁿ exp(r), n = round(x / ln 2), |r| ≤ ln 2 / 2; 2ⁿ in two factors, so that subnormal results come out
  exp: `(func $exp (param $x v128) (result v128) (local $n v128) (local $r v128) (local $i v128) (local $h v128)
    ${set("x", `(f32x4.max (f32x4.min ${get("x")} ${splat(89)}) ${splat(-104)})`)}
    ${set("n", `(f32x4.nearest ${mul(get("x"), splat(Math.LOG2E))})`)}
    ${set("r", sub(sub(get("x"), mul(get("n"), splat(0.693359375))), mul(get("n"), splat(-2.1219444e-4))))}
    ${set("i", `(i32x4.trunc_sat_f32x4_s ${get("n")})`)}
    ${set("h", `(i32x4.shr_s ${get("i")} (i32.const 1))`)}
    ${mul(
      mul(
        add(
          add(
            mul(
              polynomial(
                "r",
                [
                  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
                  5.0000001201e-1,
                ],
              ),
              mul(get("r"), get("r")),
            ),
            get("r"),
          ),
          splat(1),
        ),
        powerOfTwo(get("h")),
      ),
      powerOfTwo(`(i32x4.sub ${get("i")} ${get("h")})`),
    )})`,

  // x = 2ᵉ m with m in [√½, √2); log x = e ln 2 + log(1 + f), f = m − 1
  log: `(func $log (param $x v128) (result v128) (local $e v128) (local $m v128) (local $f v128) (local $z v128) (local $s v128) (local $low v128)
    ${set("s", `(f32x4.lt ${get("x")} ${splat(1.17549435e-38)})`)}
    ${set("m", select(get("s"), mul(get("x"), splat(8388608)), get("x")))}
    ${set(
      "e",
      sub(
        `(f32x4.convert_i32x4_s (i32x4.sub (i32x4.shr_u ${get("m")} (i32.const 23)) ${splatInt(126)}))`,
        `(v128.and ${get("s")} ${splat(23)})`,
      ),
    )}
    ${set("m", `(v128.or (v128.and ${get("m")} ${splatInt("0x007fffff")}) ${splat(0.5)})`)}
    ${set("low", `(f32x4.lt ${get("m")} ${splat(Math.SQRT1_2)})`)}
    ${set("e", sub(get("e"), `(v128.and ${get("low")} ${splat(1)})`))}
    ${set("f", sub(add(get("m"), `(v128.and ${get("low")} ${get("m")})`), splat(1)))}
    ${set("z", mul(get("f"), get("f")))}
    ${set(
      "m",
      add(
        get("f"),
        add(
          sub(
            add(
              mul(
                mul(
                  polynomial(
                    "f",
                    [
                      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
                      -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
                    ],
                  ),
                  get("f"),
                ),
                get("z"),
              ),
              mul(get("e"), splat(-2.1219444e-4)),
            ),
            mul(splat(0.5), get("z")),
          ),
          mul(get("e"), splat(0.693359375)),
        ),
      ),
    )}
    ${set("m", select(`(f32x4.eq ${get("x")} ${splat("inf")})`, get("x"), get("m")))}
    ${set("m", select(`(f32x4.eq ${get("x")} ${splat(0)})`, splat("-inf"), get("m")))}
    ${select(`(f32x4.ge ${get("x")} ${splat(0)})`, get("m"), splat("nan"))})`,

  // odd polynomial near zero, else 1 − 2 / (exp(2|x|) + 1); computed for |x|, then x lends its sign, also that of −0
  tanh: `(func $tanh (param $x v128) (result v128) (local $a v128) (local $z v128) (local $far v128)
    ${set("a", `(f32x4.abs ${get("x")})`)}
    ${set("z", mul(get("x"), get("x")))}
    ${set("far", sub(splat(1), `(f32x4.div ${splat(2)} ${add(`(call $exp ${add(get("a"), get("a"))})`, splat(1))})`))}
    (v128.or (v128.and ${get("x")} ${SIGN_BIT}) ${select(
      `(f32x4.lt ${get("a")} ${splat(0.625)})`,
      add(
        mul(
          mul(
            polynomial(
              "z",
              [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
            ),
            get("z"),
          ),
          get("a"),
        ),
        get("a"),
      ),
      get("far"),
    )}))`,

  // |x|ʸ = exp(y ln|x|), with the sign of x (also that of −0) when y is an odd whole number; NaN when x is negative,
  // finite and y is not whole; x⁰ = 1 and x¹ = x, exactly
  power: `(func $power (param $x v128) (param $y v128) (result v128) (local $r v128) (local $half v128) (local $whole v128) (local $odd v128)
    ${set("r", `(call $exp ${mul(get("y"), `(call $log (f32x4.abs ${get("x")}))`)})`)}
    ${set("half", mul(get("y"), splat(0.5)))}
    ${set("whole", `(f32x4.eq ${get("y")} (f32x4.floor ${get("y")}))`)}
    ${set("odd", `(v128.and ${get("whole")} (f32x4.ne ${get("half")} (f32x4.floor ${get("half")})))`)}
    ${set("r", `(v128.or ${get("r")} (v128.and ${get("odd")} (v128.and ${get("x")} ${SIGN_BIT})))`)}
    ${set(
      "r",
      select(
        `(v128.andnot (v128.and (f32x4.lt ${get("x")} ${splat(0)}) (f32x4.gt ${get("x")} ${splat("-inf")})) ${get("whole")})`,
        splat("nan"),
        get("r"),
      ),
    )}
    ${set("r", select(`(f32x4.eq ${get("y")} ${splat(1)})`, get("x"), get("r")))}
    ${select(`(f32x4.eq ${get("y")} ${splat(0)})`, splat(1), get("r"))})`,
};

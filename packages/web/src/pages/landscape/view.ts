/** Where the camera stands around the middle of a surface: angles in radians, distance in widths. Apart from what draws it, which is large. */
export interface View {
  readonly azimuth: number;
  readonly polar: number;
  readonly distance: number;
}

export const FIRST_VIEW: View = { azimuth: 0.65, polar: 0.95, distance: 2.7 };

/** Turned by angles, nearer or farther; never below the ground or over the top. */
export function turned({ azimuth, polar, distance }: View, by: Partial<View>): View {
  const within = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));
  return {
    azimuth: azimuth + (by.azimuth ?? 0),
    polar: within(polar + (by.polar ?? 0), 0.05, Math.PI - 0.05),
    distance: within(distance * (by.distance ?? 1), 0.6, 6),
  };
}

/**
 * A landscape as text: CSV with a row for each point, and VTK's XML polygons, which ParaView opens.
 *
 * CSV is written with the columns x, y and every field; what is read may also be lossplot's `exp_id,x,y,loss`. In VTK the scalar at the
 * points is called `zvalue`, as tomgoldstein/loss-landscape's `h52vtp.py` has it, and so is its option `log`: ln(z + 0.1).
 */
import { checkHeightField, fieldOf, type HeightField } from "./height-field.ts";

/** Rows for NumPy, R, gnuplot, spreadsheets. What is not finite is written as nan, inf, -inf. */
export function writeCsv({ x, y, fields }: HeightField): string {
  const isLine = y.length === 0;
  const head = ["x", ...(isLine ? [] : ["y"]), ...fields.keys()].join(",");
  const columns = [...fields.values()];
  const rows = Array.from({ length: x.length * Math.max(1, y.length) }, (_, point) => {
    const place = [x[point % x.length]!, ...(isLine ? [] : [y[Math.floor(point / x.length)]!])];
    return [...place, ...columns.map((values) => values[point]!)].map(show).join(",");
  });
  return `${[head, ...rows].join("\n")}\n`;
}

const show = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  "": Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  "-infinity": Number.NEGATIVE_INFINITY,
};

/**
 * Read such a table; `name` is used in errors. Points may come in any order; those that are missing are NaN.
 * Raises RangeError for a table without x and loss, cells that are no numbers, and a point that is given twice.
 */
export function parseCsv(text: string, name: string): HeightField {
  const [head = "", ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(",").map((cell) => cell.trim());
  const [xAt, yAt] = [names.indexOf("x"), names.indexOf("y")];
  if (xAt < 0 || !names.includes("loss")) {
    throw new RangeError(
      `Cannot read ${name} as a landscape as it must have columns x and loss: it has ${names.join(", ")}`,
    );
  }
  const rows = lines.map((line, i) =>
    line.split(",").map((cell, k) => {
      const word = cell.trim().toLowerCase();
      const value = WORDS[word] ?? Number(word);
      if (Number.isNaN(value) && !(word in WORDS) && names[k] !== "exp_id") {
        throw new RangeError(
          `Cannot read ${name} as line ${i + 2} must have numbers: ${names[k]} is ${cell.trim()}`,
        );
      }
      return value;
    }),
  );
  const axis = (at: number) => Float64Array.from(new Set(rows.map((row) => row[at]!))).sort();
  const x = axis(xAt);
  const y = yAt < 0 ? new Float64Array(0) : axis(yAt);
  const points = x.length * Math.max(1, y.length);
  const measures = names
    .filter((one) => !["x", "y", "exp_id"].includes(one))
    .sort((a, b) => Number(b === "loss") - Number(a === "loss"));
  const fields = new Map(measures.map((measure) => [measure, new Float64Array(points).fill(Number.NaN)]));
  const seen = new Set<number>();
  for (const row of rows) {
    const point = x.indexOf(row[xAt]!) + (yAt < 0 ? 0 : x.length * y.indexOf(row[yAt]!));
    if (seen.has(point)) {
      throw new RangeError(
        `Cannot read ${name} as a landscape as each point may be given once: (${row[xAt]}${yAt < 0 ? "" : `, ${row[yAt]}`}) is there twice; does it hold several experiments?`,
      );
    }
    seen.add(point);
    for (const [measure, values] of fields) values[point] = row[names.indexOf(measure)]!;
  }
  return checkHeightField({ x, y, fields }, name);
}

export interface VtkOptions {
  /** Which field is the height; loss by default. */
  readonly field?: string;
  /** Heights as ln(z + 0.1). */
  readonly log?: boolean;
  /** What it is of, as a comment. */
  readonly provenance?: string;
}

/** VTK's XML PolyData (.vtp), quads in rows. Cells at a height that is not finite are left out. Raises RangeError for a line. */
export function writeVtp(landscape: HeightField, options: VtkOptions = {}): string {
  const { field = "loss", log = false, provenance } = options;
  const { x, y } = requirePlane("write VTK polygons", landscape);
  const heights = fieldOf(landscape, field).map((z) => (log ? Math.log(z + 0.1) : z));
  const quads = finiteQuads(x.length, y.length, heights);
  const points = Array.from(
    heights,
    (z, at) => `${x[at % x.length]} ${y[Math.floor(at / x.length)]} ${show(Number.isFinite(z) ? z : 0)}`,
  );
  const array = (type: string, name: string, values: readonly string[]) =>
    `<DataArray type="${type}" Name="${name}" format="ascii">\n${values.join("\n")}\n</DataArray>`;
  const comment = provenance === undefined ? "" : `<!-- ${provenance.replaceAll("--", "\u2010\u2010")} -->\n`;
  return `<?xml version="1.0"?>
${comment}<VTKFile type="PolyData" version="0.1" byte_order="LittleEndian">
<PolyData>
<Piece NumberOfPoints="${points.length}" NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0" NumberOfPolys="${quads.length}">
<PointData Scalars="zvalue">
${array("Float32", "zvalue", Array.from(heights, show))}
</PointData>
<CellData Scalars="averaged zvalue">
${array(
  "Float32",
  "averaged zvalue",
  quads.map((quad) => show(quad.reduce((sum, at) => sum + heights[at]!, 0) / 4)),
)}
</CellData>
<Points>
<DataArray type="Float32" Name="Points" NumberOfComponents="3" format="ascii">
${points.join("\n")}
</DataArray>
</Points>
<Polys>
${array(
  "Int32",
  "connectivity",
  quads.map((quad) => quad.join(" ")),
)}
${array(
  "Int32",
  "offsets",
  quads.map((_, k) => String(4 * (k + 1))),
)}
</Polys>
</Piece>
</PolyData>
</VTKFile>
`;
}

/** The places of each cell's corners, against the clock, where all four are finite. */
export function finiteQuads(columns: number, rows: number, heights: Float64Array): number[][] {
  const quads: number[][] = [];
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const at = j * columns + i;
      const quad = [at, at + 1, at + columns + 1, at + columns];
      if (quad.every((corner) => Number.isFinite(heights[corner]))) quads.push(quad);
    }
  }
  return quads;
}

/** Raises RangeError for a landscape along a line. */
export function requirePlane(action: string, landscape: HeightField): HeightField {
  if (landscape.y.length > 0) return landscape;
  throw new RangeError(
    `Cannot ${action} as it needs a plane: this is a line of ${landscape.x.length} points`,
  );
}

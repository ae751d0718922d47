/**
 * A surface in three dimensions, coloured and raised by its levels, with courses and a cursor on it. Positions are replaced in place, so another scale, clip or measure
 * shows in the next frame. Draws only when something changed or the camera moves. The plane's axes are x and −z, heights are y, as in glTF.
 */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Group,
  HemisphereLight,
  Line,
  LineBasicMaterial,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  Spherical,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { type HeightField, heightAt, type Overlay } from "./height-field.ts";
import { colourOf, type HeightScale } from "./height-scale.ts";
import type { Place } from "./map.ts";
import type { View } from "./view.ts";

export interface SurfaceDrawing {
  readonly field: HeightField;
  readonly heights: Float64Array;
  readonly scale: HeightScale;
  /** Highest above lowest, in widths of the plane. */
  readonly relief: number;
  readonly overlay: Overlay;
  readonly until: number;
  readonly cursor: Place | undefined;
}

export interface Surface3d {
  update(drawing: SurfaceDrawing): void;
  look(view: View): void;
  readonly canvas: HTMLCanvasElement;
  /** The surface as binary glTF. */
  glb(): Promise<ArrayBuffer>;
  /** Draw now, for pictures. */
  draw(): void;
  dispose(): void;
}

const COURSES = ["#c9540a", "#7a1fa2", "#0050a0", "#8c1c1c", "#1d1f21"];
/** Courses float this much above the ground, or its triangles would hide them. */
const LIFT = 0.008;

/** Throws where there is no WebGL. */
export function surface3d(host: HTMLElement, onView: (view: View) => void): Surface3d {
  const renderer = new WebGLRenderer({ antialias: true, alpha: true });
  const canvas = renderer.domElement;
  canvas.style.cssText = "display:block;width:100%;height:100%;touch-action:none";
  canvas.setAttribute("aria-hidden", "true");
  host.append(canvas);
  const scene = new Scene();
  scene.add(new HemisphereLight(0xffffff, 0x9a9fa8, 2.1));
  const sun = new DirectionalLight(0xffffff, 1.3);
  sun.position.set(-2, 4, 1);
  scene.add(sun);
  const camera = new PerspectiveCamera(36, 1, 0.01, 50);
  const controls = new OrbitControls(camera, canvas);
  controls.target.set(0, 0.16, 0);
  controls.enableDamping = false;
  controls.enablePan = false;
  controls.minDistance = 0.6;
  controls.maxDistance = 6;

  const ground = new Mesh(
    new BufferGeometry(),
    new MeshStandardMaterial({ vertexColors: true, side: DoubleSide, roughness: 0.8, metalness: 0 }),
  );
  const above = new Group();
  scene.add(ground, above);
  let shape: HeightField | undefined;
  let asked = 0;
  let told = "";
  const draw = () => renderer.render(scene, camera);
  const ask = () => {
    if (asked !== 0) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
  const viewNow = (): View => {
    const { theta, phi, radius } = new Spherical().setFromVector3(
      camera.position.clone().sub(controls.target),
    );
    return { azimuth: theta, polar: phi, distance: radius };
  };
  controls.addEventListener("change", () => {
    ask();
    const view = viewNow();
    if (textOf(view) === told) return; // that somebody else set
    told = textOf(view);
    onView(view);
  });
  const observer = new ResizeObserver(() => {
    const [width, height] = [Math.max(1, host.clientWidth), Math.max(1, host.clientHeight)];
    renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    draw();
  });
  observer.observe(host);

  return {
    canvas,
    draw,
    update: (drawing) => {
      if (shape !== drawing.field) {
        ground.geometry.dispose();
        ground.geometry = geometryFor(drawing.field);
        shape = drawing.field;
      }
      raise(ground.geometry, drawing);
      for (const child of [...above.children]) {
        above.remove(child);
        (child as Mesh).geometry.dispose();
        ((child as Mesh).material as MeshBasicMaterial).dispose();
      }
      addOverlay(above, drawing);
      ask();
    },
    look: (view) => {
      if (textOf(view) === textOf(viewNow())) return;
      told = textOf(view);
      camera.position
        .setFromSpherical(new Spherical(view.distance, view.polar, view.azimuth))
        .add(controls.target);
      controls.update();
      ask();
    },
    glb: async () => {
      const { GLTFExporter } = await import("three/addons/exporters/GLTFExporter.js");
      return (await new GLTFExporter().parseAsync(ground, { binary: true })) as ArrayBuffer;
    },
    dispose: () => {
      cancelAnimationFrame(asked);
      observer.disconnect();
      controls.dispose();
      ground.geometry.dispose();
      ground.material.dispose();
      renderer.dispose();
      renderer.forceContextLoss();
      canvas.remove();
    },
  };
}

const textOf = ({ azimuth, polar, distance }: View) =>
  [azimuth, polar, distance].map((value) => value.toFixed(3)).join();

function geometryFor({ x, y }: HeightField): BufferGeometry {
  const geometry = new BufferGeometry();
  const points = x.length * y.length;
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(3 * points), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(3 * points), 3));
  return geometry;
}

/** Width 1 along x; as deep as it is wide, or as its axes' common unit says. */
function depthOf({ x, y }: HeightField, { isEuclidean }: Overlay): number {
  return isEuclidean ? Math.min(2, Math.max(0.5, (y.at(-1)! - y[0]!) / (x.at(-1)! - x[0]!))) : 1;
}

function raise(geometry: BufferGeometry, { field, heights, scale, relief, overlay }: SurfaceDrawing): void {
  const { x, y } = field;
  const position = geometry.getAttribute("position") as BufferAttribute;
  const colours = geometry.getAttribute("color") as BufferAttribute;
  const depth = depthOf(field, overlay);
  const colour = new Color();
  const known = new Map<string, readonly [number, number, number]>();
  for (let at = 0; at < heights.length; at++) {
    const level = scale.toLevel(heights[at]!);
    const i = at % x.length;
    const j = Math.floor(at / x.length);
    position.setXYZ(
      at,
      i / (x.length - 1) - 0.5,
      Number.isNaN(level) ? 0 : level * relief,
      (0.5 - j / (y.length - 1)) * depth,
    );
    const name = Number.isNaN(level) ? "#888888" : colourOf(scale, level);
    let rgb = known.get(name);
    if (rgb === undefined) {
      colour.setStyle(name, SRGBColorSpace);
      rgb = [colour.r, colour.g, colour.b];
      known.set(name, rgb);
    }
    colours.setXYZ(at, ...rgb);
  }
  position.needsUpdate = true;
  colours.needsUpdate = true;
  geometry.setIndex(trianglesOf(field, heights));
  geometry.computeVertexNormals();
  geometry.computeBoundingSphere();
}

/** Two for each cell whose corners are all finite. */
function trianglesOf({ x, y }: HeightField, heights: Float64Array): number[] {
  const triangles: number[] = [];
  const columns = x.length;
  for (let j = 0; j + 1 < y.length; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const a = j * columns + i;
      const [b, c, d] = [a + 1, a + columns + 1, a + columns];
      if ([a, b, c, d].every((corner) => Number.isFinite(heights[corner]))) triangles.push(a, b, c, a, c, d);
    }
  }
  return triangles;
}

function addOverlay(above: Group, drawing: SurfaceDrawing): void {
  const { field, heights, scale, relief, overlay, until, cursor } = drawing;
  const depth = depthOf(field, overlay);
  const { x, y } = field;
  const place = (px: number, py: number): Vector3 | undefined => {
    const level = scale.toLevel(heightAt(field, heights, px, py));
    if (Number.isNaN(level)) return undefined;
    const u = (px - x[0]!) / (x.at(-1)! - x[0]!);
    const v = (py - y[0]!) / (y.at(-1)! - y[0]!);
    return new Vector3(u - 0.5, level * relief + LIFT, (0.5 - v) * depth);
  };
  const ball = (at: Vector3 | undefined, colour: string, radius: number) => {
    if (at === undefined) return;
    const mesh = new Mesh(new SphereGeometry(radius, 16, 12), new MeshBasicMaterial({ color: colour }));
    mesh.position.copy(at);
    above.add(mesh);
  };
  overlay.paths.forEach(({ coordinates }, k) => {
    const colour = COURSES[k % COURSES.length]!;
    const shown = coordinates.slice(0, 1 + Math.round(until * (coordinates.length - 1)));
    const points: Vector3[] = [];
    shown.forEach(([px = 0, py = 0], i) => {
      const [fromX = px, fromY = py] = shown[Math.max(0, i - 1)]!;
      // between two recorded points the line follows the ground, or it would pass through hills
      for (let part = 1; part <= PARTS; part++) {
        const share = part / PARTS;
        const at = place(fromX + share * (px - fromX), fromY + share * (py - fromY));
        if (at !== undefined) points.push(at);
      }
    });
    above.add(new Line(new BufferGeometry().setFromPoints(points), new LineBasicMaterial({ color: colour })));
    const [hx, hy] = shown.at(-1) ?? [];
    if (hx !== undefined && hy !== undefined) ball(place(hx, hy), colour, 0.014);
  });
  for (const {
    coordinates: [px, py],
  } of overlay.markers)
    if (px !== undefined && py !== undefined) ball(place(px, py), "#1d1f21", 0.011);
  if (cursor !== undefined) ball(place(cursor.x, cursor.y), "#ffffff", 0.012);
}
const PARTS = 8;
